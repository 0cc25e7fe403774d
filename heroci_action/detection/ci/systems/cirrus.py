"""Read Cirrus CI without its grammar: strings that look like commands, images and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.records import Image, Job, Script
from heroci_action.detection.ci.systems.service_files import created_files
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.detection.ci.yaml_file import read_yaml, table
from heroci_action.repository.files import RepositoryFiles

_PATH = ".cirrus.yml"
# `test_script`, but not `server_background_script`
_SCRIPTS = re.compile(r"run|commands?|install|script|(?!.*background).*_script")
_IMAGE = re.compile("image")
# A task of Cirrus whose failure does not count.
_MAY_FAIL = "allow_failures"


def read_cirrus(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the tasks as jobs."""
    document = read_yaml(tree, _PATH)
    for name, job in _jobs_of(document).items() if document else ():
        yield _job(tree, name, job)


def _jobs_of(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the jobs by name; the whole document if it does not list them."""
    named = table(document.get("jobs")) or {
        name: job for name, job in document.items() if "script" in table(job)
    }
    named = {str(name): table(job) for name, job in named.items()}
    return named or {"": document}


def _job(tree: RepositoryFiles, name: str, document: Mapping[str, Any]) -> Job:
    lines = _texts(document, _SCRIPTS)
    images = tuple(Image.parse(text, source=_PATH) for text, _ in _texts(document, _IMAGE))
    context = Context(files=WorkingTree(tree))
    env = _variables(document)
    scripts = [
        Script(text="\n".join(text for text, _ in group), source=_PATH, env=env, may_fail=may_fail)
        for may_fail, group in groupby(lines, key=itemgetter(1))
    ]
    pythons = [image.python for image in images if image.python]
    return Job(
        name=name,
        source=_PATH,
        commands=tuple(command for script in scripts for command in run(script, context)),
        services=images,
        python=pythons[0] if pythons else None,
        created=created_files(context.files),
        not_followed=tuple(context.not_followed),
    )


def _variables(document: Mapping[str, object]) -> dict[str, str]:
    """Return the variables at any depth."""
    tables = _tables(document, frozenset({"environment", "variables", "env"}))
    pairs = (pair for inner in tables for pair in table(inner).items())
    return {str(key): text for key, text in pairs if isinstance(text, str)}


def _texts(document: object, keys: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    """Yield the texts below such keys, at any depth, and whether their step may fail."""
    for key, value, may_fail in _walk(document):
        if isinstance(value, str) and keys.fullmatch(key):
            yield value, may_fail


def _tables(document: object, keys: frozenset[str]) -> Iterator[object]:
    """Yield the values of these keys, at any depth."""
    return (value for key, value, _ in _walk(document) if key in keys)


def _walk(document: object) -> Iterator[tuple[str, object, bool]]:
    """Yield each key with its value and whether its step may fail; list items have the key of their list.

    Shared aliases come once.
    """
    pending: list[tuple[str, object, bool]] = [("", document, False)]
    seen: set[int] = set()
    while pending:
        key, value, may_fail = pending.pop()
        yield key, value, may_fail
        if isinstance(value, Mapping | list) and id(value) not in seen:
            seen.add(id(value))
            may_fail = may_fail or _may_fail(value)
            inner = value.items() if isinstance(value, Mapping) else ((key, item) for item in value)
            pending.extend(reversed([(str(name), item, may_fail) for name, item in inner]))


def _may_fail(value: object) -> bool:
    return table(value).get(_MAY_FAIL) == "true"
