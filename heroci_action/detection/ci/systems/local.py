"""Read tox and make, for a project whose CI runs no tests."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.records import Command, Job, Script
from heroci_action.detection.ci.task_runners.makefile import NAMES, Makefile
from heroci_action.detection.ci.task_runners.tox_config import ToxConfig
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import RepositoryFiles

_TARGETS = ("test", "tests", "check", "ci", "coverage")


def read_local(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield a job for each way in which the tests may be run on a laptop."""
    if tree.first("tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"):
        yield _job("tox", tree)
    if tree.has("noxfile.py"):
        yield from (_job(f"nox -s {name}", tree, "noxfile.py") for name in ("tests", "test"))
    if makefile := tree.first(*NAMES):
        for target in _TARGETS:
            yield _job(f"make {target}", tree, makefile)


def read_local_checks(tree: RepositoryFiles) -> Iterator[tuple[Command, ...]]:
    """Yield the commands of every environment of tox, then of every target of make."""
    config = ToxConfig.read(tree, ".")
    names = dict.fromkeys([*config.names, *config.own_names]) if config else {}
    yield tuple(_commands(tree, "tox.ini", *(f"tox -e {name}" for name in names)))
    path = tree.first(*NAMES)
    files = WorkingTree(tree)
    makefile = Makefile.read(path, files, directory=".", env={}, given={}) if path else None
    targets = makefile.rules if makefile else {}
    yield tuple(_commands(tree, str(path), *(f"make {target}" for target in targets)))


def _commands(tree: RepositoryFiles, source: str, *lines: str) -> Iterator[Command]:
    for line in lines:
        yield from _job(line, tree, source).commands


def _job(line: str, tree: RepositoryFiles, source: str = "tox.ini") -> Job:
    context = Context(files=WorkingTree(tree))
    commands = tuple(run(Script(text=line, source=source), context))
    return Job(name=line, source=source, commands=commands)
