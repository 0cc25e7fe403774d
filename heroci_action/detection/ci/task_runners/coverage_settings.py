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
    tree: RepositoryFiles, directory: str, section: str, key: str, *, file: str | None = None
) -> tuple[str, str] | None:
    """Return a setting that coverage.py reads in a directory, or from the file that an option names, with its file."""
    found = _values(tree, directory, section, key, file)
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
    verb, *words = command.call.arguments or ("",)
    if verb != "run":
        return None
    file = Options.split(words, ("--rcfile",)).value("--rcfile") or command.env.get(
        "COVERAGE_RCFILE"
    )
    found = coverage_setting(tree, command.directory, "run", "command_line", file=file)
    if found is None:
        return None
    text, source = found
    line = f"coverage run {text}"
    return (Script(text=line, source=source, directory=command.directory, env=command.env),)
