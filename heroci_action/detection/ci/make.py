"""Expand a call of make into the recipes that it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.makefile import NAMES, Makefile
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import join

_VALUED = frozenset(
    {"-C", "--directory", "-f", "--file", "--makefile", "-j", "--jobs", "-o", "-W", "-I"}
)
_PREFIX = re.compile(r"[@+\s]*(-?)[@+\s]*")


@dataclass(kw_only=True)
class _Arguments:
    """The arguments of make."""

    directory: str
    file: str | None = None
    targets: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: tuple[str, ...], directory: str) -> _Arguments:
        found = cls(directory=directory)
        pending = iter(words)
        for word in pending:
            name, sign, value = word.partition("=")
            if word in _VALUED:
                found._option(word, next(pending, ""))
            elif word.startswith("--") and sign:
                found._option(name, value)
            elif word.startswith("-"):
                continue
            elif sign:
                found.variables[name.rstrip(":")] = value
            else:
                found.targets.append(word)
        return found

    def _option(self, name: str, value: str) -> None:
        if name in {"-C", "--directory"}:
            self.directory = join(self.directory, value)
        elif name in {"-f", "--file", "--makefile"}:
            self.file = value


def expand_make(command: Command, files: WorkingTree) -> tuple[Script, ...] | None:
    """Return the recipes of the targets and of their prerequisites; None if there is no such makefile or target."""
    asked = _Arguments.parse(command.call.arguments, command.directory)
    names = (asked.file,) if asked.file else NAMES
    path = next((found for name in names if files.has(found := join(asked.directory, name))), None)
    if path is None:
        return None
    makefile = Makefile.read(path, files, env=command.env, given=asked.variables)
    targets = asked.targets or [makefile.goal or ""]
    seen: set[str] = set()
    order = [target for wanted in targets for target in makefile.order(wanted, seen)]
    return tuple(_recipes(makefile, order, asked, command.env)) if order else None


def _recipes(
    makefile: Makefile, order: list[str], asked: _Arguments, env: Mapping[str, str]
) -> Iterator[Script]:
    for target in order:
        lines = list(makefile.recipe(target))
        for line in ["\n".join(lines)] if makefile.one_shell else lines:
            prefix = _PREFIX.match(line)
            yield Script(
                text=line[prefix.end() :] if prefix else line,
                source=makefile.path,
                directory=asked.directory,
                env={**env, **makefile.environment(target)},
                may_fail=bool(prefix and prefix[1]),
            )
