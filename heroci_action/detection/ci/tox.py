"""Expand a call of tox into installations and commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.tox_config import ToxConfig, ToxEnvironment
from heroci_action.detection.ci.tox_factors import choose, is_check
from heroci_action.repository.files import RepositoryFiles

_VALUED = frozenset(
    {"-e", "-c", "--conf", "-f", "-m", "--workdir", "--root", "-x", "--override", "-p", "-o"}
)
_COMMANDS = frozenset({"run", "r", "run-parallel", "p"})


@dataclass(kw_only=True)
class _Arguments:
    names: str | None = None
    config: str | None = None
    posargs: tuple[str, ...] = ()
    runs: bool = True

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> _Arguments:
        own, _, posargs = _partition(words)
        found = cls(posargs=posargs)
        pending = iter(own)
        for word in pending:
            name, sign, value = word.partition("=")
            if not sign and re.match(r"-[ecfmx].", word):
                name, value = word[:2], word[2:]
            elif word in _VALUED:
                value = next(pending, "")
            if name == "-e":
                found.names = value
            elif name in {"-c", "--conf"}:
                found.config = value
            elif not word.startswith("-") and word not in _COMMANDS:
                found.runs = False
        return found


def _partition(words: tuple[str, ...]) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    if "--" not in words:
        return words, "", ()
    index = words.index("--")
    return words[:index], "--", words[index + 1 :]


def expand_tox(
    command: Command, tree: RepositoryFiles, python: str | None
) -> tuple[Script, ...] | None:
    """Return the installations and commands of the environments; None if tox is not configured or only lists."""
    asked = _Arguments.parse(command.call.arguments)
    config = ToxConfig.read(tree, command.directory, asked.config)
    if config is None or not asked.runs:
        return None
    names = _named(asked.names or command.env.get("TOXENV", ""))
    checks: list[str] = []
    if not names or names == ["ALL"]:
        chosen = choose(config.names, python)
        names = [chosen or f"py{(python or '').replace('.', '')}"]
        # Environments that only check the code show which lint tools the project uses.
        checks = [name for name in config.names if is_check(name)]
    environments = [
        *(config.environment(name, asked.posargs, command.env) for name in names),
        *(replace(config.environment(name, (), command.env), installs=False) for name in checks),
    ]
    return tuple(
        script for environment in environments for script in _scripts(environment, command, config)
    )


def _named(wanted: str) -> list[str]:
    """Return the environments in `-e` or TOXENV; none if a part of it is unknown."""
    return re.findall(r"[^\s,]+", wanted) if UNKNOWN not in wanted else []


def _scripts(environment: ToxEnvironment, command: Command, config: ToxConfig) -> Iterator[Script]:
    env = {**command.env, **environment.variables}
    for line in (
        _installations(environment, spell(config.directory)) if environment.installs else ()
    ):
        yield Script(text=line, source=config.path, directory=config.directory, env=env)
    for line in environment.commands:
        # Tox runs programs, not a shell: a dollar or a star is only itself.
        text = line.lstrip("-! ")
        yield Script(
            text=shlex.join(_split(text)),
            source=config.path,
            directory=environment.directory,
            env=env,
            may_fail=line.startswith("-"),
        )


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _installations(environment: ToxEnvironment, directory: str) -> Iterator[str]:
    """Yield what tox installs in the form of calls of pip in the directory of its configuration."""
    deps = (line.replace(f"{directory}/", "") for line in environment.deps)
    words = [word for line in deps for word in _requirement(line)]
    words += [word for group in environment.groups for word in ("--group", group)]
    if environment.installs_project:
        extras = f"[{','.join(environment.extras)}]" if environment.extras else ""
        words.append(f".{extras}")
    if words:
        yield shlex.join(["pip", "install", *words])


def _requirement(line: str) -> list[str]:
    option = re.fullmatch(r"(-r|-c|-e|--requirement|--constraint|--editable)[ =]*(.+)", line)
    return [option[1], option[2].strip()] if option else [re.sub(r"\s+#.*", "", line)]
