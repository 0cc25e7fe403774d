"""Expand `hatch run` and `hatch test` into the dependencies of the environment and its scripts."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.hatch_matrix import choose_leg, fill_leg, with_leg
from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.repository.files import RepositoryFiles, ancestors, join

MAX_NESTED = 10  # scripts that call each other
_VALUED = ("-e", "--env", "-p", "--project", "--data-dir", "--cache-dir", "--config")


def expand_hatch(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return what hatch installs and runs; None if it does anything else."""
    options = Options.lead(command.call.arguments, _VALUED)
    env_name = options.value("-e", "--env")
    match options.words:
        case ("run", *rest):
            legs = [*itertools.takewhile(_is_leg, rest)]
            name, *arguments = rest[len(legs) :] or [""]
            name = f"{env_name}:{name}" if env_name and ":" not in name else name
            return _run(command, tree, name, arguments, legs) if name else None
        case ("env", "run", *rest):
            name, arguments = _environment_option(rest)
            return (
                _run(command, tree, f"{name}:{arguments[0]}", arguments[1:]) if arguments else None
            )
        case ("test", *arguments):
            kept = [
                word
                for word in arguments
                if word not in {"-a", "--all", "-c", "--cover", "-p", "--parallel"}
            ]
            return _run(command, tree, "hatch-test:run", kept)
    return None


def _is_leg(word: str) -> bool:
    """Return whether a word selects legs of the environment's matrix: `+py=3.12`."""
    return word.startswith(("+", "-"))


def _environment_option(words: list[str]) -> tuple[str, list[str]]:
    name = "default"
    if words[:1] in (["-e"], ["--env"]):
        name, words = words[1] if len(words) > 1 else name, words[2:]
    return name, [word for word in words if word != "--"]


def _run(
    command: Command,
    tree: RepositoryFiles,
    name: str,
    arguments: list[str],
    legs: Iterable[str] = (),
) -> tuple[Script, ...] | None:
    env_name, colon, script = name.rpartition(":")
    # `ci.py3.12:test` selects a leg of the environment's matrix.
    env_name, _, leg_name = env_name.partition(".") if colon else ("default", "", "")
    environments, path = _environments(command, tree)
    if path is None:
        return None
    options = {**table(environments.get("default")), **table(environments.get(env_name))}
    leg = choose_leg(options, legs, leg_name)
    options = with_leg(options, leg)
    scripts = {**table(options.get("scripts"))}
    if env_name == "hatch-test":
        scripts = {"run": "pytest {args}", **scripts}
    env = {
        **command.env,
        **{key: fill_leg(str(value), leg) for key, value in table(options.get("env-vars")).items()},
    }
    ran = (fill_leg(line, leg) for line in _lines(scripts, script, arguments))
    lines = [*_installations(options), *ran]
    directory = path.rpartition("/")[0] or "."
    start = Script(
        text="", source=path, directory=directory, env=env, environment=f"hatch {env_name}"
    )
    return tuple(replace(start, text=line) for line in lines)


def _environments(command: Command, tree: RepositoryFiles) -> tuple[Mapping[str, Any], str | None]:
    for directory in ancestors(command.directory) if not command.directory.startswith("/") else ():
        for name, keys in (
            ("hatch.toml", ("envs",)),
            ("pyproject.toml", ("tool", "hatch", "envs")),
        ):
            entries: Any = tree.toml(join(directory, name))
            for key in keys:
                entries = table(entries).get(key)
            if table(entries):
                return table(entries), join(directory, name)
        if tree.has(join(directory, "pyproject.toml")):
            return {}, join(directory, "pyproject.toml")
    return {}, None


def _installations(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the installations of the environment as a call of pip."""
    packages = [*texts(options.get("dependencies")), *texts(options.get("extra-dependencies"))]
    groups = [
        word for group in texts(options.get("dependency-groups")) for word in ("--group", group)
    ]
    extras = ",".join(texts(options.get("features")))
    project = [] if options.get("skip-install") is True else [f".[{extras}]" if extras else "."]
    if words := [*packages, *groups, *project]:
        yield shlex.join(["pip", "install", *words])


def _lines(
    scripts: Mapping[str, Any], name: str, arguments: list[str], depth: int = 0
) -> Iterator[str]:
    """Yield the lines of a script, or the command itself if there is none of that name."""
    if name not in scripts or depth > MAX_NESTED:
        yield shlex.join([name, *arguments])
        return
    given = shlex.join(arguments)
    for line in texts(scripts[name]):
        filled = re.sub(r"\{args:?([^{}]*)\}", lambda match: given or match[1], line)
        filled = re.sub(r"\{(root|home|env:[^}]*)\}", UNKNOWN, filled).lstrip("- ")
        first, _, rest = filled.partition(" ")
        yield from (
            _lines(scripts, first, rest.split(), depth + 1)
            if first in scripts and first != name
            else [filled]
        )
