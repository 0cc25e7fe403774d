"""Expand a call of make into the recipes that it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from heroci_action.detection.ci.command_line import Options, split_at_dashes
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.task_runners.makefile import NAMES, Makefile
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import join

_VALUED = frozenset({"-C", "--directory", "-f", "--file", "--makefile", "-o", "-W", "-I"})
_NUMBERED = frozenset({"-j", "--jobs", "-l", "--load-average"})
# make's shell goes on after a failure, and the last command of the line decides: `env | grep CI > .env; true`
_ENDS_WELL = re.compile(r";\s*(true|:|exit 0)\s*$")
_PREFIXES = "@+- \t\n"  # do not print the line, run it always, ignore its failure


def expand_make(command: Command, files: WorkingTree) -> tuple[Script, ...] | None:
    """Return the recipes of the targets and of their prerequisites; None if there is no such makefile or target."""
    before, after = split_at_dashes(command.call.arguments)
    options = Options.split(before, _VALUED, numbered=_NUMBERED)
    words = (*options.words, *after)
    directory = join(command.directory, *options.values("-C", "--directory"))
    path = _find(directory, options.value("-f", "--file", "--makefile"), files)
    if path is None:
        return None
    given = dict(word.replace(":=", "=").split("=", 1) for word in words if "=" in word)
    wanted = [word for word in words if "=" not in word]
    unknown = dict.fromkeys(command.unknown, UNKNOWN)
    env = {**command.env, **unknown, "MAKECMDGOALS": " ".join(wanted)}
    makefile = Makefile.read(path, files, directory=directory, env=env, given=given)
    targets = wanted or [makefile.goal or ""]
    if not any(map(makefile.rule, targets)):
        return None
    start = Script(text="", source=path, directory=directory, env=command.env)
    return tuple(_recipes(makefile, makefile.order(targets), start))


def _find(directory: str, name: str | None, files: WorkingTree) -> str | None:
    paths = (join(directory, usual) for usual in ((name,) if name else NAMES))
    return next(filter(files.has, paths), None)


def _recipes(makefile: Makefile, order: Iterable[str], start: Script) -> Iterator[Script]:
    for target in order:
        lines = list(makefile.recipe(target))
        env = {**start.env, **makefile.environment(target)}
        for line in ["\n".join(lines)] if makefile.one_shell else lines:
            text = line.lstrip(_PREFIXES)
            ignored = "-" in line.removesuffix(text) or _ENDS_WELL.search(text) is not None
            yield replace(start, text=text, env=env, may_fail=ignored, goes_on=True)
