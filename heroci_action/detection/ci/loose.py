"""Read the files of other CI services without their grammar: strings that look like commands, images, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.records import Image, Job, Script
from heroci_action.detection.ci.service_files import created_files
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.detection.ci.yaml_file import read_yaml, table
from heroci_action.repository.files import RepositoryFiles

_FILES = (
    r"(\.azure/|\.pipelines/)?azure-pipelines[\w.-]*\.ya?ml|bitbucket-pipelines\.yml|\.semaphore/semaphore\.yml|"
    r"\.woodpecker(/[\w.-]+)?\.ya?ml|\.drone\.yml|\.buildkite/pipeline\.ya?ml|\.cirrus\.yml|buildspec\.ya?ml"
)
_SCRIPTS = frozenset(
    {
        "run", "command", "commands", "script", "bash", "before_script", "install", "install_script", "test_script",
    }
)  # fmt: skip
# `3.12`
_VERSION = re.compile(r"3\.\d+")
_PYTHONS = frozenset({"versionSpec", "python.version", "python-version"})


def read_loose(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of the other services."""
    for path in tree.matching(_FILES):
        document = read_yaml(tree, path)
        jobs = table(document.get("jobs")) or {
            name: job for name, job in document.items() if "script" in table(job)
        }
        for name, job in jobs.items() if jobs else (("", document),):
            yield _loose_job(tree, path, str(name), table(job))


def _loose_job(tree: RepositoryFiles, path: str, name: str, document: Mapping[str, object]) -> Job:
    lines = _strings(document, _SCRIPTS)
    images = tuple(
        Image.parse(text, source=path) for text in _strings(document, frozenset({"image"}))
    )
    context = Context(files=WorkingTree(tree))
    script = Script(text="\n".join(lines), source=path, env=_variables(document))
    named = (text for text in _strings(document, _PYTHONS) if _VERSION.fullmatch(text))
    pythons = [*named, *(image.python for image in images if image.python)]
    return Job(
        name=name,
        source=path,
        commands=tuple(run(script, context)),
        services=images,
        python=pythons[0] if pythons else None,
        created=created_files(context.files),
        not_followed=tuple(context.not_followed),
    )


def _variables(document: Mapping[str, object]) -> dict[str, str]:
    return {
        key: text
        for inner in _tables(document, frozenset({"environment", "variables", "env"}))
        for key, text in table(inner).items()
        if isinstance(text, str) and "$(" not in text
    }


def _strings(document: object, keys: frozenset[str]) -> Iterator[str]:
    """Yield the texts below these keys, at any depth."""
    for key, value in _walk(document):
        if isinstance(value, str) and key in keys:
            yield value


def _tables(document: object, keys: frozenset[str]) -> Iterator[object]:
    """Yield the values of these keys, at any depth."""
    return (value for key, value in _walk(document) if key in keys)


def _walk(document: object) -> Iterator[tuple[str, object]]:
    """Yield each key with its value, and list items with the key of their list; shared aliases come once."""
    pending: list[tuple[str, object]] = [("", document)]
    seen: set[int] = set()
    while pending:
        key, value = pending.pop()
        yield key, value
        if isinstance(value, Mapping | list) and id(value) not in seen:
            seen.add(id(value))
            inner = value.items() if isinstance(value, Mapping) else ((key, item) for item in value)
            pending.extend(reversed([(str(name), item) for name, item in inner]))
