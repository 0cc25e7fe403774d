"""The settings of coverage.py, and the program that they name for `coverage run`."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.yaml_file import table
from heroci_action.repository.files import RepositoryFiles, join

# The order in which coverage.py looks for its settings, with the prefix of its sections.
_FILES = ((".coveragerc", ""), ("setup.cfg", "coverage:"), ("tox.ini", "coverage:"))
_PYPROJECT = "pyproject.toml"


def coverage_setting(
    tree: RepositoryFiles, command: Command, section: str, key: str, *, given: str | None = None
) -> tuple[str, str] | None:
    """Return a setting that coverage.py reads for a command, with its file.

    The file is the given one, the one that `--rcfile` or COVERAGE_RCFILE names, else that of its directory.
    """
    option = Options.split(command.call.arguments, ("--rcfile",)).value("--rcfile")
    file = given or option or command.env.get("COVERAGE_RCFILE")
    found = _values(tree, command.directory, section, key, file)
    return next(((value, path) for value, path in found if value is not None), None)


def _values(
    tree: RepositoryFiles, directory: str, section: str, key: str, file: str | None
) -> Iterator[tuple[str | None, str]]:
    named = ((file, ""), (file, "coverage:")) if file else _FILES
    for name, prefix in named:
        path = join(directory, name)
        yield tree.ini(path).get(f"{prefix}{section}", {}).get(key), path
    path = join(directory, file or _PYPROJECT)
    if path.endswith(".toml"):
        tool = table(tree.toml(path).get("tool"))
        value = table(table(tool.get("coverage")).get(section)).get(key)
        yield None if value is None else str(value), path


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
