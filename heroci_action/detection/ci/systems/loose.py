"""Read the files of other CI services without their grammar: strings that look like commands, images, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.matrix import Leg, best_leg, python_of
from heroci_action.detection.ci.records import Image, Job, Script
from heroci_action.detection.ci.systems.service_files import created_files
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.repository.files import RepositoryFiles

# Azure's own name, and folders for such files; a project may give them any name.
AZURE = (
    r"(\.azure/|\.pipelines/)?azure-pipelines[\w.-]*\.ya?ml|"
    r"(\.azure-pipelines|azure-pipelines|\.azuredevops|\.ado)/[\w.-]+\.ya?ml"
)
_FILES = rf"{AZURE}|\.cirrus\.yml|buildspec\.ya?ml"
_SCRIPTS = frozenset(
    {
        "run", "command", "commands", "script", "bash", "before_script", "install", "install_script", "test_script",
    }
)  # fmt: skip
# Steps of Azure and Cirrus whose failure does not count: `continueOnError: true`.
_MAY_FAIL = ("continueOnError", "allow_failures")
# `3.12`
_VERSION = re.compile(r"3\.\d+")
# `$(python.version)`, `${{ parameters.labels }}`
_VALUE = re.compile(r"\$\(([\w.]+)\)|\$\{\{\s*(?:parameters|variables)\.(\w+)\s*\}\}")
_PYTHONS = frozenset({"versionSpec", "python.version", "python-version"})


def read_loose(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of the other services."""
    for path in tree.matching(_FILES):
        document = read_yaml(tree, path)
        for name, job in _jobs_of(document).items():
            yield _loose_job(tree, path, name, job)


def _jobs_of(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the jobs by name; the whole document if it does not list them."""
    named = table(document.get("jobs")) or {
        name: job for name, job in document.items() if "script" in table(job)
    }
    named = {str(name): table(job) for name, job in named.items()}
    return dict(_jobs_of_azure(document)) or named or {"": document}


def _jobs_of_azure(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the jobs of the stages with their names; they have the variables of the document."""
    usual = {key: document[key] for key in ("variables", "parameters", "pool") if key in document}
    for stage in map(table, items(document.get("stages")) or [document]):
        for job in map(table, items(stage.get("jobs"))):
            if "steps" in job:
                yield str(job.get("job", "")), {**usual, **job}


def _legs(document: Mapping[str, Any]) -> list[Leg]:
    """Return the variables of each leg of Azure's `strategy.matrix`."""
    legs = table(table(document.get("strategy")).get("matrix")).values()
    return [{str(key): str(value) for key, value in table(leg).items()} for leg in legs]


def _env_of(leg: Leg) -> dict[str, str]:
    """Return the environment variables that Azure makes of a leg's variables."""
    return {name.upper().replace(".", "_"): value for name, value in leg.items()}


def _loose_job(tree: RepositoryFiles, path: str, name: str, content: Mapping[str, Any]) -> Job:
    leg = best_leg(_legs(content), python=python_of, may_fail=lambda _: False)
    document = {**content, "strategy": leg}
    values = {**_parameters(document), **_variables(document), **leg}
    lines = ((_fill(text, values), may_fail) for text, may_fail in _texts(document, _SCRIPTS))
    images = tuple(
        Image.parse(_fill(text, values), source=path)
        for text in _strings(document, frozenset({"image"}))
    )
    context = Context(files=WorkingTree(tree))
    env = {**_variables(document), **_env_of(leg)}
    scripts = [
        Script(text="\n".join(text for text, _ in group), source=path, env=env, may_fail=may_fail)
        for may_fail, group in groupby(lines, key=itemgetter(1))
    ]
    versions = (_fill(text, values) for text in _strings(document, _PYTHONS))
    named = (text for text in versions if _VERSION.fullmatch(text))
    pythons = [*named, *(image.python for image in images if image.python)]
    return Job(
        name=name,
        source=path,
        commands=tuple(command for script in scripts for command in run(script, context)),
        services=images,
        python=pythons[0] if pythons else None,
        created=created_files(context.files),
        not_followed=tuple(context.not_followed),
    )


def _fill(text: str, values: Mapping[str, object]) -> str:
    """Replace Azure's variables and parameters by their values, if these are known."""
    return _VALUE.sub(lambda found: str(values.get(found[1] or found[2], found[0])), text)


def _parameters(document: Mapping[str, object]) -> dict[str, str]:
    """Return the parameters of a pipeline of Azure with their defaults."""
    declared = map(table, items(document.get("parameters")))
    return {
        str(entry.get("name")): str(entry["default"]) for entry in declared if "default" in entry
    }


def _variables(document: Mapping[str, object]) -> dict[str, str]:
    """Return the variables of tables, and of Azure's lists of names and values."""
    tables = _tables(document, frozenset({"environment", "variables", "env"}))
    pairs = (
        (inner.get("name"), inner.get("value")) if set(inner) == {"name", "value"} else pair
        for inner in map(table, tables)
        for pair in inner.items()
    )
    return {str(key): text for key, text in pairs if isinstance(text, str) and "$(" not in text}


def _strings(document: object, keys: frozenset[str]) -> Iterator[str]:
    """Yield the texts below these keys, at any depth."""
    return (text for text, _ in _texts(document, keys))


def _texts(document: object, keys: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield the texts below these keys, at any depth, and whether their step may fail."""
    for key, value, may_fail in _walk(document):
        if isinstance(value, str) and key in keys:
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
    return any(table(value).get(key) == "true" for key in _MAY_FAIL)
