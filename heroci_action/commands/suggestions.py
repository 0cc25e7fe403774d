"""Suggestions for values that detection cannot know, as a heroci.toml in which everything is a comment."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from heroci_action.commands.toml_text import toml_key, toml_value
from heroci_action.detection.ci.left_out import SERVER, SERVICE
from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.detection.facts import Suggestion
from heroci_action.matrix import cells
from heroci_action.project import ProjectConfig

_WIDTH = 118
_HEADER = """\
## Suggestions of heroci init. HeroCI detects everything else: see `heroci plan --explain`.
## Remove the "# " in front of what you need: first what the tests may need, then the checks that follow.
"""
# The tables whose suggestions form a group; all others are values for the tests.
_GROUPS = {"services": "services", "lint": "checks", "stages": "checks"}
# `redis://localhost:6379/0`
_ON_MACHINE = re.compile(r"(^|[/@])(localhost|127\.0\.0\.1)\b")
# `postgres://shop@db/shop`, but not `sqlite:///db`
_OF_SERVER = re.compile(r"(?!sqlite|file)[\w.+-]+://")
# `{postgres.host}`
_PLACE = re.compile(r"^\{[\w-]+\.(host|port)\}$")
# `DOCKER_BUILDKIT=1 docker compose up`
_DOCKER = re.compile(r"(?:^|\s)(?:docker|docker-compose|podman)\s")
# `cd web && rm -rf build`
_REMOVES = re.compile(r"(?:^|\s)(?:rm|rmdir) [^|;&]*$")
_PLANNED = "  # in the plan already"
# Left-out lines for which the plan has its own form.
_OF_SERVERS = frozenset({SERVER, SERVICE})


def suggest_toml(project: ProjectConfig, supported: Supported) -> str:
    """Return the commented file, what the tests may need first; empty if there is nothing to suggest."""
    sections = {
        "What the tests may need": (
            *_values(project, "services"),
            *_detected(project, "services"),
            *_values(project, "tests"),
            *_variables(project),
            *_before(project),
        ),
        "Tests and checks of the CI that the plan lacks": (
            *_stages(project),
            *_values(project, "checks"),
            *_detected(project, "lint"),
        ),
        "Supported versions": () if cells(project.config.matrix) else tuple(_matrix(supported)),
    }
    used = {title: parts for title, parts in sections.items() if parts}
    parts = [part for title, found in used.items() for part in (f"### {title}\n", *found)]
    return "\n".join([_HEADER, *parts]) if parts else ""


def _stages(project: ProjectConfig) -> Iterator[str]:
    """Yield a stage for the tests that the CI runs in other surroundings than the suite."""
    found = project.facts.other_tests
    if not found:
        return
    lines = [_comment("The project's CI also runs these tests, each in its own stage.")]
    for number, tests in enumerate(found, start=2):
        servers = dict.fromkeys((*project.config.services, *tests.services))
        stage = {"steps": [*tests.before, tests.command], "services": list(servers)}
        env = {
            key: value for key, value in tests.env.items() if not _is_planned(project, key, value)
        }
        entry = {key: value for key, value in {**stage, "env": env}.items() if value}
        lines.append(f"# {toml_key(('stages', f'tests-{number}'))} = {toml_value(entry)}\n")
    yield "".join(lines)


def _is_planned(project: ProjectConfig, name: str, value: str) -> bool:
    """Return whether a variable is the address of a server in the CI, and the plan has its own for it."""
    planned = project.config.env.get(name, "")
    is_address = _ON_MACHINE.search(value) or _OF_SERVER.match(value) or _PLACE.search(planned)
    return "{" in planned and "{" not in value and is_address is not None


def _values(project: ProjectConfig, group: str) -> Iterator[str]:
    """Yield each suggestion of a group with its reason; of two for one key, the first."""
    used: set[str] = set()
    for suggestion in project.facts.suggestions:
        new = [line for line in suggestion.lines if _key(line) not in used]
        used.update(map(_key, new))
        if new and _group(suggestion) == group:
            yield _comment(suggestion.why) + "".join(f"# {line}\n" for line in new)


def _group(suggestion: Suggestion) -> str:
    return _GROUPS.get(suggestion.lines[0].partition(".")[0], "tests")


def _variables(project: ProjectConfig) -> Iterator[str]:
    """Yield the variables of the tests whose values only the CI knows."""
    names = [line.variable for line in project.facts.left_out if line.variable]
    if names:
        why = _comment("The project's CI sets these variables to values that only it knows.")
        yield why + "".join(f'# {toml_key(("env", name))} = "…"\n' for name in names)


def _key(line: str) -> str:
    return line.partition(" = ")[0]


def _detected(project: ProjectConfig, table: str) -> Iterator[str]:
    """Yield the detected entries of a table that a suggestion would replace as a whole."""
    keys = {_key(line) for suggestion in project.facts.suggestions for line in suggestion.lines}
    if not any(key.startswith(f"{table}.") for key in keys):
        return
    entries = {"services": project.config.services, "lint": project.config.lint}[table]
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
    """Yield `tests.before` with the lines of the CI that were left out, each at its place and with the reason."""
    left_out = [line for line in project.facts.left_out if not (line.variable or line.harmless)]
    if not left_out:
        return
    source = left_out[0].source
    if not any(map(_text_of, left_out)):
        why = f"{source} also contains these, for which there is no line of a configuration."
        yield _comment(why) + "".join(f"## {line.line}: {line.reason}\n" for line in left_out)
        return
    containers = [line for line in left_out if _starts_containers(line)]
    seldom = [line for line in left_out if _is_seldom_needed(line) and line not in containers]
    others = [line for line in left_out if line not in (*seldom, *containers)]
    lines = [*_in_order(project, others)]
    if seldom:
        lines.append(
            "    # The next lines work on servers, of which the plan has its own, or remove files."
        )
        lines += map(_suggest_line, seldom)
    why = f"{source} runs these lines before the tests, and HeroCI leaves them out."
    items = "".join(f"# {line}\n" for line in _bracketed(lines)) if seldom or others else ""
    notes = "".join(
        f"## {' '.join(_text_of(line).split())}: {line.reason}\n" for line in containers
    )
    yield _comment(why) + items + notes


def _starts_containers(line: LeftOut) -> bool:
    """Return whether a line calls Docker for servers: a step cannot on Dagger, and the plan has its own servers."""
    return line.reason == SERVICE and _DOCKER.search(_text_of(line)) is not None


def _is_seldom_needed(line: LeftOut) -> bool:
    text = _text_of(line)
    return bool(text) and (line.reason in _OF_SERVERS or _REMOVES.search(text) is not None)


def _bracketed(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a list; its brackets are in lines of the plan's own steps if these are the outermost."""
    first, last = lines[0].endswith(_PLANNED), lines[-1].endswith(_PLANNED)
    if not first:
        yield "tests.before = ["
    for number, line in enumerate(lines):
        text = f"tests.before = [{line.lstrip()}" if first and number == 0 else line
        closes = last and number == len(lines) - 1
        yield text.replace(f",{_PLANNED}", f"]{_PLANNED}") if closes else text
    if not last:
        yield "]"


def _in_order(project: ProjectConfig, left_out: Iterable[LeftOut]) -> Iterator[str]:
    """Yield the steps of the plan, as few lines as possible, and between them the lines that were left out."""
    steps = [step.run for step in project.config.tests.before]
    done = 0
    for line in sorted(left_out, key=lambda each: each.after):
        place = max(done, min(line.after, len(steps)))
        yield from _planned(steps[done:place])
        yield _suggest_line(line)
        done = place
    yield from _planned(steps[done:])


def _planned(steps: Iterable[object]) -> Iterator[str]:
    if texts := ", ".join(map(toml_value, steps)):
        yield f"    {texts},{_PLANNED}"


def _suggest_line(line: LeftOut) -> str:
    """Return an item of `tests.before`, or a comment between the items for anything that is not a shell command."""
    text = _text_of(line)
    if not text:
        return f"    # {line.line}: {line.reason}"
    # The lines of a heredoc stay lines.
    shown = text if "<<" in text else " ".join(text.split())
    return f"    {toml_value(shown)},  # {line.reason}"


def _text_of(line: LeftOut) -> str:
    """Return what a shell would run for a line; empty if it is no shell command."""
    return line.line if line.command is None else line.command


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
