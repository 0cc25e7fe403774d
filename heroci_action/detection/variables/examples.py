"""Values from examples for a .env file, which may be placeholders."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.dotenv import parse_dotenv, read_dotenv
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.preparation.before_tests import find_preparation
from heroci_action.detection.preparation.line import suggest_step
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.sources.environment_reads import reads
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.variables.flags import NUMBERS, calls
from heroci_action.detection.variables.reads import all_reads
from heroci_action.repository.files import join, parent

_EXAMPLE_NAMES = (
    ".env.test", ".env.testing", ".env-test", ".env.ci", "test.env", ".env.example", ".env.sample", ".env.dist",
    ".env-dist", ".env.dev.example", ".env.template", ".environment-example", "env.example", "env_sample",
    "dotenv.example", ".env-example", ".env.local.example", "example.env", ".env.dev", ".env",
)  # fmt: skip
_EXAMPLE_DIRECTORIES = (".envs/.local", "docker", "envs", "config")
_EXAMPLES = (
    *_EXAMPLE_NAMES,
    *(f"{place}/{name}" for place in _EXAMPLE_DIRECTORIES for name in (*_EXAMPLE_NAMES, ".django")),
)
# `<your key>`, `changeme`, `your-key-here`, `xxx`
_PLACEHOLDER = re.compile(
    r"<.*>|(change|replace|insert|enter|fill)[ _-]?(me|this|it|in|with|here|your)\b.*|your[ _-].*|.*[ _-]here|"
    r"x{3,}|\*{3,}|\.{3}|to-?do|tbd|fixme|placeholder",
    re.IGNORECASE,
)
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASS")
# `.env.example`, and not `.env.test`
_FOR_PEOPLE = re.compile(r"example|sample|dist|template")
_NUMBER = re.compile(r"\s*[+-]?[\d_]*\.?\d+\s*")


def find_examples(project: ProjectFiles, source: SettingsSource) -> dict[str, tuple[str, str]]:
    """Return the variables of files that the CI writes, then of examples for a .env file, the most specific first."""
    places = (*project.layout.directories, parent(source.file))
    paths = [join(directory, name) for directory in places for name in _EXAMPLES]
    ordered = sorted(paths, key=lambda path: path not in project.tree.created)
    found = read_dotenv(project.tree, ordered)
    # Only the CI itself declares that it is one.
    found.pop("CI", None)
    return found


def find_made_later(project: ProjectFiles) -> frozenset[str]:
    """Return the variables whose values the steps before the tests make and write to a file: `echo KEY=$(…) > .env`."""
    steps = find_preparation(project)[0]
    texts = (
        write.text
        for command in project.commands
        for write in command.writes
        if write.text and UNKNOWN in write.text and suggest_step(project, command) in steps
    )
    found = (pair for text in texts for pair in parse_dotenv(text).items())
    return frozenset(name for name, value in found if UNKNOWN in value)


def is_usable(source: SettingsSource, name: str, value: str) -> bool:
    """Return whether the settings can be read with a value: they make no number of `<port>` or of an empty text."""
    nodes = (each.node for read, each in all_reads(source) if read.name == name)
    called = (call for node in nodes for call in calls(node, NUMBERS))
    is_number = any(read.name == name for call in called for read in reads(call))
    return _NUMBER.fullmatch(value) is not None or not is_number


def warn_of_guesses(
    project: ProjectFiles, guessed: Mapping[str, tuple[str, str]]
) -> Iterator[Finding]:
    """Warn of placeholders for variables, each with its file, that a known CI must set elsewhere, such as secrets."""
    files = project.tree.created
    found = {
        name: (value, path)
        for name, (value, path) in guessed.items()
        if path not in files
        and _FOR_PEOPLE.search(posixpath.basename(path))
        and _is_placeholder(name, value)
    }
    if project.evidence.testing and found:
        paths = ", ".join(dict.fromkeys(path for _, path in found.values()))
        shown = ", ".join(f"{name}={value!r}" for name, (value, _) in found.items())
        yield Warn(
            f"no file of the CI sets variables that the settings need, and the values that the plan takes from {paths} "
            f"look like placeholders: {shown}; if the tests need others, set env.{next(iter(found))}",
            tuple(f'env.{name} = "…"' for name in found),
        )


def _is_placeholder(name: str, value: str) -> bool:
    """Return whether a value waits for another one; an empty address or number may be meant."""
    empty = not value.strip() and _SECRET.search(name) is not None
    return empty or _PLACEHOLDER.fullmatch(value.strip()) is not None
