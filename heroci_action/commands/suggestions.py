"""Suggestions for values that detection cannot know, as a heroci.toml in which everything is a comment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from heroci_action.commands.toml_text import toml_key, toml_value
from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.matrix import cells
from heroci_action.project import ProjectConfig

_WIDTH = 118
_HEADER = """\
## Suggestions of heroci init. HeroCI detects everything else: see `heroci plan --explain`.
## Remove the "# " in front of what the tests need.
"""


def suggest_toml(project: ProjectConfig, supported: Supported) -> str:
    """Return the commented file; empty if there is nothing to suggest."""
    matrix = () if cells(project.config.matrix) else _matrix(supported)
    values = [*_stages(project), *_values(project), *_variables(project)]
    parts = [*values, *_detected(project), *_before(project), *matrix]
    return "\n".join([_HEADER, *parts]) if parts else ""


def _stages(project: ProjectConfig) -> Iterator[str]:
    """Yield a stage for the tests that the CI runs in other surroundings than the suite."""
    found = project.facts.other_tests
    if not found:
        return
    lines = [_comment("The project's CI also runs these tests, each in its own stage.")]
    for number, tests in enumerate(found, start=2):
        stage = {"steps": [tests.command], "services": list(project.config.services)}
        entry = {key: value for key, value in {**stage, "env": dict(tests.env)}.items() if value}
        lines.append(f"# {toml_key(('stages', f'tests-{number}'))} = {toml_value(entry)}\n")
    yield "".join(lines)


def _values(project: ProjectConfig) -> Iterator[str]:
    """Yield each suggestion with its reason; of two for one key, the first."""
    used: set[str] = set()
    for suggestion in project.facts.suggestions:
        new = [line for line in suggestion.lines if _key(line) not in used]
        used.update(map(_key, new))
        if new:
            yield _comment(suggestion.why) + "".join(f"# {line}\n" for line in new)


def _variables(project: ProjectConfig) -> Iterator[str]:
    """Yield the variables of the tests whose values only the CI knows."""
    names = [line.variable for line in project.facts.left_out if line.variable]
    if names:
        why = _comment("The project's CI sets these variables to values that only it knows.")
        yield why + "".join(f'# {toml_key(("env", name))} = "…"\n' for name in names)


def _key(line: str) -> str:
    return line.partition(" = ")[0]


def _detected(project: ProjectConfig) -> Iterator[str]:
    """Yield the detected entries of the tables that a suggestion would replace as a whole."""
    keys = {_key(line) for suggestion in project.facts.suggestions for line in suggestion.lines}
    for table, entries in (("services", project.config.services), ("lint", project.config.lint)):
        if not any(key.startswith(f"{table}.") for key in keys):
            continue
        known = {toml_key((table, name)): entry for name, entry in entries.items()}
        lines = [
            f"# {key} = {toml_value(entry.model_dump(mode='json', by_alias=True, exclude_defaults=True))}\n"
            for key, entry in known.items()
            if key not in keys
        ]
        if lines:
            why = f"A written `{table}` replaces the detected one: keep these with what you add."
            yield "".join((_comment(why), *lines))


def _before(project: ProjectConfig) -> Iterator[str]:
    """Yield `tests.before` with the lines of the CI that were left out, each with the reason."""
    left_out = [line for line in project.facts.left_out if not line.variable]
    if all(line.harmless for line in left_out):
        return
    source = next(line.source for line in left_out)
    lines = [_comment(f"{source} runs these lines before the tests, and HeroCI leaves them out.")]
    lines.append("# tests.before = [\n")
    for step in project.config.tests.before:
        run = step.run if isinstance(step.run, str) else list(step.run)
        lines.append(f"#     {toml_value(run)},  # in the plan already\n")
    lines += [_suggest_line(line) for line in left_out if not line.harmless]
    yield "".join((*lines, "# ]\n"))


def _suggest_line(line: LeftOut) -> str:
    """Return an item of `tests.before`, or a comment between the items for anything that is not a shell command."""
    text = line.line if line.command is None else line.command
    if not text:
        return f"#     # {line.line}: {line.reason}\n"
    return f"#     {toml_value(' '.join(text.split()))},  # {line.reason}\n"


def _matrix(found: Supported) -> Iterator[str]:
    """Yield a matrix of the supported versions, if there is more than one Django."""
    if len(found.djangos) > 1:
        why = f"{found.source} lists several versions of Django; see docs/matrix.md."
        pythons = f"# python = {toml_value(list(found.pythons))}\n" if found.pythons else ""
        django = f"# django = {toml_value(list(found.djangos))}\n"
        yield f"{_comment(why)}# [matrix]\n{pythons}{django}"


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "".join(f"## {line}\n" for line in lines)
