"""Expand a call of tox into installations and commands."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from heroci_action.detection.ci.command_line import Options, split_at_dashes, split_words
from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.package_scripts import PACKAGE_MANAGERS
from heroci_action.detection.ci.task_runners.tox_config import ToxConfig, ToxEnvironment
from heroci_action.detection.ci.task_runners.tox_factors import (
    choose,
    find_parts,
    is_check,
    is_variant,
    repeats_tests,
)
from heroci_action.repository.files import RepositoryFiles

_VALUED = frozenset(
    {
        "-e",
        "-c",
        "--conf",
        "-f",
        "-m",
        "--workdir",
        "--root",
        "-x",
        "--override",
        "-p",
        "-o",
        "--skip-env",
    }
)
# Options with which tox makes the environments but runs no command in them, or only prints something.
_PREPARING = ("--notest", "-n")
_PRINTING = (
    "-l", "--listenvs", "-a", "--listenvs-all", "--showconfig", "--help-ini", "--hi", "--version", "-h", "--help",
)  # fmt: skip
_COMMANDS = frozenset({"run", "r", "run-parallel", "p"})
_EXECUTING = frozenset({"exec", "e"})
# `pytest`, `manage.py test`, `runtests.py`
_TESTS = re.compile(
    r"py\.?test|test|unittest|nosetests|nose2|trial|(run_?)?tests?\.(py|sh)|run_?tests?"
)


def expand_tox(
    command: Command, tree: RepositoryFiles, python: str | None
) -> tuple[Script, ...] | None:
    """Return the installations and commands of the environments; None if tox is not configured or only prints.

    With `--notest`, tox only installs; `tox exec -e NAME -- CMD` runs another command in the environment.
    """
    words, posargs = split_at_dashes(command.call.arguments)
    options = Options.split(words, _VALUED)
    config = ToxConfig.read(tree, command.directory, options.value("-c", "--conf"))
    executes = bool(options.words) and _EXECUTING.issuperset(options.words)
    is_known = executes or _COMMANDS.issuperset(options.words)
    if config is None or not is_known or options.has(*_PRINTING):
        return None
    listed = _listed(config, options)
    names, checks = _choose_names(_wanted(command, options), config, listed, python)
    environments = (
        *(config.environment(name, posargs, command.env) for name in names),
        *(config.environment(name, (), command.env) for name in checks),
    )
    if executes or options.has(*_PREPARING):
        commands = (shlex.join(posargs),) if executes else ()
        environments = tuple(
            replace(environment, commands=commands) for environment in environments
        )
    scripts = (_scripts(environment, config) for environment in environments)
    return tuple(itertools.chain.from_iterable(scripts))


def find_all_with_tests(command: Command, tree: RepositoryFiles) -> tuple[str, ...]:
    """Return the environments that a call of tox runs without a request for some, and that run tests."""
    words, _ = split_at_dashes(command.call.arguments)
    options = Options.split(words, _VALUED)
    config = ToxConfig.read(tree, command.directory, options.value("-c", "--conf"))
    requests = _wanted(command, options) or options.has("-m", "-f", *_PREPARING, *_PRINTING)
    if config is None or requests or not _COMMANDS.issuperset(options.words):
        return ()
    listed = dict.fromkeys(_listed(config, options))
    names = (name for name in listed if not (is_check(name) or repeats_tests(name)))
    return tuple(
        name for name in names if not (_runs_no_tests(name, config) or config.ignores_outcome(name))
    )


def _listed(config: ToxConfig, options: Options) -> list[str]:
    """Return the environments of the list without those that a call skips."""
    skipped = options.value("--skip-env")
    if not skipped:
        return list(config.names)
    try:
        return [name for name in config.names if not re.match(skipped, name)]
    except re.error:
        return list(config.names)


def _wanted(command: Command, options: Options) -> str:
    """Return the names of the environments that a call or its variable requests."""
    return options.value("-e") or command.env.get("TOXENV", "")


def _choose_names(
    wanted: str, config: ToxConfig, listed: list[str], python: str | None
) -> tuple[list[str], list[str]]:
    """Return the requested environments, else the best one for the tests, and those that run no tests.

    The latter show which lint tools the project uses, and which other checks have to pass.
    """
    names = re.findall(r"[^\s,]+", wanted) if UNKNOWN not in wanted else []
    if names not in ([], ["ALL"]):
        return names, []
    chosen = choose(listed, python) or f"py{(python or '').replace('.', '')}"
    parts = dict.fromkeys([chosen, *find_parts(listed, chosen)])
    others = (name for name in listed if name not in parts)
    checks = [name for name in others if is_check(name) or _runs_no_tests(name, config)]
    return list(parts), list(_without_other_versions(checks, config, list(parts)))


def _without_other_versions(
    names: Iterable[str], config: ToxConfig, known: Iterable[str]
) -> Iterator[str]:
    """Yield environments, but none for other versions whose commands are already known: `py312-docs`, `py313-docs`."""
    seen = {config.environment(name, (), {}).commands for name in known}
    for name in names:
        commands = config.environment(name, (), {}).commands
        if is_check(name) or not is_variant(name) or commands not in seen:
            yield name
        seen.add(commands)


def _runs_no_tests(name: str, config: ToxConfig) -> bool:
    """Return whether the commands of an environment only check or build something."""
    commands = (
        split_words(line.lstrip("-! ")) for line in config.environment(name, (), {}).commands
    )
    # `npm run test` tests what Node runs.
    own = (words for words in commands if PACKAGE_MANAGERS.isdisjoint(words[:1]))
    words = itertools.chain.from_iterable(own)
    return not any(_TESTS.fullmatch(word.rpartition("/")[2]) for word in words)


def _scripts(environment: ToxEnvironment, config: ToxConfig) -> Iterator[Script]:
    name = f"tox {environment.name}"
    start = Script(
        text="",
        source=config.path,
        directory=config.directory,
        env=environment.variables,
        environment=name,
    )
    for line in _installations(environment, spell(config.directory)):
        yield replace(start, text=line)
    for line in environment.commands:
        yield replace(
            start,
            # Tox runs programs, not a shell: a dollar or a star is only itself.
            text=shlex.join(split_words(line.lstrip("-! "))),
            directory=environment.directory,
            may_fail=line.startswith("-"),
        )


def _installations(environment: ToxEnvironment, directory: str) -> Iterator[str]:
    """Yield what tox installs as a call of its installer in the directory of its configuration."""
    deps = (line.replace(f"{directory}/", "") for line in environment.deps)
    words = [word for line in deps for word in _requirement(line)]
    words += [word for group in environment.groups for word in ("--group", group)]
    if environment.installs_project:
        extras = f"[{','.join(environment.extras)}]" if environment.extras else ""
        words.append(f".{extras}")
    if words:
        yield shlex.join([*environment.installer, *words])


def _requirement(line: str) -> list[str]:
    option = re.fullmatch(r"(-r|-c|-e|--requirement|--constraint|--editable)[ =]*(.+)", line)
    return [option[1], option[2].strip()] if option else [re.sub(r"\s+#.*", "", line)]
