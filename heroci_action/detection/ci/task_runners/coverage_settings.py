"""The settings of coverage.py, and the program that they name for `coverage run`."""

from __future__ import annotations

from collections.abc import Mapping

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.yaml_file import table
from heroci_action.repository.files import RepositoryFiles, join

# The order in which coverage.py looks for its settings; the first file that contains some is the only one it reads.
_FILES = (".coveragerc", "setup.cfg", "tox.ini", "pyproject.toml")


def coverage_setting(
    tree: RepositoryFiles, command: Command, section: str, key: str, *, given: str | None = None
) -> tuple[str, str] | None:
    """Return a setting that coverage.py reads for a command, with its file.

    The file is the given one, the one that `--rcfile` or COVERAGE_RCFILE names, else that of its directory.
    """
    option = Options.split(command.call.arguments, ("--rcfile",)).value("--rcfile")
    file = given or option or command.env.get("COVERAGE_RCFILE")
    for name in (file,) if file else _FILES:
        path = join(command.directory, name)
        if sections := _sections(tree, path):
            value = table(sections.get(section)).get(key)
            return None if value is None else (str(value), path)
    return None


def _sections(tree: RepositoryFiles, path: str) -> Mapping[str, object]:
    """Return the sections of coverage.py in a file; in one that it shares with others, they have a prefix."""
    if path.endswith(".toml"):
        return table(table(tree.toml(path).get("tool")).get("coverage"))
    is_shared = path.endswith(("setup.cfg", "tox.ini"))
    return {
        name.removeprefix("coverage:"): section
        for name, section in tree.ini(path).items()
        if name.startswith("coverage:") or not is_shared
    }


def expand_coverage(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return the program that the settings name if `coverage run` names none (`command_line`)."""
    if command.call.arguments[:1] != ("run",):
        return None
    found = coverage_setting(tree, command, "run", "command_line")
    if found is None:
        return None
    text, source = found
    line = f"coverage run {text}"
    return (Script(text=line, source=source, directory=command.directory, env=command.env),)
