"""The versions of Python and Django that a project supports, by tox, nox, or the classifiers of its metadata."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.task_runners.tox_config import ToxConfig
from heroci_action.detection.ci.yaml_file import table
from heroci_action.plan.stages import NEWEST_PYTHON, OLDEST_PYTHON
from heroci_action.repository.files import RepositoryFiles

# `py312`
_PYTHON_FACTOR = re.compile(r"py(3)\.?(\d+)")
# `dj52`, `django4.2`
_DJANGO_FACTOR = re.compile(r"(?:dj|django)[._]?(\d)\.?(\d)")
# `3.12`
_PYTHON = re.compile(r"(3)\.(\d+)")
# `Programming Language :: Python :: 3.12`
_PYTHON_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3)\.(\d+)")
# `Framework :: Django :: 5.2`
_DJANGO_CLASSIFIER = re.compile(r"Framework :: Django :: (\d)\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supported:
    """Versions in ascending order, and the file that lists them."""

    pythons: tuple[str, ...] = ()
    djangos: tuple[str, ...] = ()
    source: str = ""


def find_supported_versions(tree: RepositoryFiles) -> Supported:
    """Return the versions of the first source with several versions; nothing if there is none."""
    for found in (_tox(tree), _nox(tree), _classifiers(tree)):
        if len(found.pythons) > 1 or len(found.djangos) > 1:
            return found
    return Supported()


def _tox(tree: RepositoryFiles) -> Supported:
    config = ToxConfig.read(tree, ".")
    if config is None:
        return Supported()
    factors = [factor for name in config.names for factor in name.split("-")]
    return Supported(
        pythons=_pythons(_PYTHON_FACTOR, factors),
        djangos=_versions(_DJANGO_FACTOR, factors),
        source=config.path,
    )


def _nox(tree: RepositoryFiles) -> Supported:
    """Read the versions of all sessions and parameters, which nox states as constants of the file."""
    texts = [
        item.value
        for node in ast.walk(tree.python("noxfile.py"))
        if isinstance(node, ast.List | ast.Tuple)
        for item in node.elts
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
    return Supported(pythons=_pythons(_PYTHON, texts), source="noxfile.py")


def _classifiers(tree: RepositoryFiles) -> Supported:
    project = table(tree.toml("pyproject.toml").get("project"))
    listed = project.get("classifiers")
    texts = [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    return Supported(
        pythons=_pythons(_PYTHON_CLASSIFIER, texts),
        djangos=_versions(_DJANGO_CLASSIFIER, texts),
        source="pyproject.toml",
    )


def _pythons(form: re.Pattern[str], texts: Iterable[str]) -> tuple[str, ...]:
    """Return the versions for which environments can be created."""
    versions = (
        version for version in _pairs(form, texts) if OLDEST_PYTHON <= version <= NEWEST_PYTHON
    )
    return tuple(f"{major}.{minor}" for major, minor in sorted(set(versions)))


def _versions(form: re.Pattern[str], texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{major}.{minor}" for major, minor in sorted(set(_pairs(form, texts))))


def _pairs(form: re.Pattern[str], texts: Iterable[str]) -> Iterator[tuple[int, int]]:
    matches = (form.fullmatch(text) for text in texts)
    return ((int(match[1]), int(match[2])) for match in matches if match)
