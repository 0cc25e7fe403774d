"""Finds the file that the configuration is written in, and parses it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from heroci_action.errors import ConfigurationError, Problem

DEFAULTS = "defaults"


def repository_root(place: Path) -> Path:
    """The nearest directory above with a `.git`; the place itself where there is none."""
    return next(
        (directory for directory in (place, *place.parents) if (directory / ".git").exists()), place
    )


def read_file(root: Path, place: Path) -> tuple[dict[str, Any], str]:
    """The written configuration and the name of its origin: the given place's, else the root's; {} where there is none.

    Raises ConfigurationError for TOML that does not parse, and where heroci.toml and [tool.heroci] are both there.
    """
    for directory in dict.fromkeys((place, root)):
        found = list(_files(root, directory))
        if len(found) > 1:
            names = " and ".join(origin for _, origin in found)
            raise ConfigurationError(
                (
                    Problem(
                        key="tool.heroci",
                        message=f"the configuration is in {names}",
                        remedy="keep one of them",
                    ),
                )
            )
        if found:
            return found[0]
    return {}, DEFAULTS


def _files(root: Path, directory: Path) -> Iterator[tuple[dict[str, Any], str]]:
    own = directory / "heroci.toml"
    if own.is_file():
        yield _parsed(root, own), _relative(root, own)
    pyproject = directory / "pyproject.toml"
    if pyproject.is_file():
        table = _tool_table(root, pyproject)
        if table is not None:
            yield table, _tool_origin(root, pyproject)


def read_named(root: Path, file: Path) -> tuple[dict[str, Any], str]:
    """The configuration of a file that the user named: the table of a pyproject.toml, all of another file.

    Raises ConfigurationError where there is none.
    """
    if file.name != "pyproject.toml":
        return _parsed(root, file), _relative(root, file)
    table = _tool_table(root, file)
    if table is None:
        problem = Problem(
            key="tool.heroci",
            message="is not there",
            origin=_relative(root, file),
            remedy="add the table, or name another file",
        )
        raise ConfigurationError((problem,))
    return table, _tool_origin(root, file)


def _tool_origin(root: Path, file: Path) -> str:
    return f"{_relative(root, file)} [tool.heroci]"


def _tool_table(root: Path, file: Path) -> dict[str, Any] | None:
    """The table `[tool.heroci]`, None where there is none. Raises ConfigurationError where it is something else."""
    tool = _parsed(root, file).get("tool")
    table = tool.get("heroci") if isinstance(tool, dict) else None
    if table is None or isinstance(table, dict):
        return table
    problem = Problem(
        key="tool.heroci",
        message=f"must be a table, not {table!r}",
        origin=_tool_origin(root, file),
    )
    raise ConfigurationError((problem,))


def _relative(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()


def _parsed(root: Path, file: Path) -> dict[str, Any]:
    name = _relative(root, file)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:  # its text holds line and column
        problem = Problem(
            key=name, message=f"is no valid TOML: {error}", remedy="correct the file at that place"
        )
    except UnicodeDecodeError as error:
        problem = Problem(
            key=name,
            message=f"is not UTF-8: {error.reason} at byte {error.start}",
            remedy="save it as UTF-8",
        )
    except OSError as error:
        problem = Problem(key=name, message=f"cannot be read: {error.strerror}")
    raise ConfigurationError((problem,)) from None
