"""Find the configuration file and parse it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heroci_action.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from heroci_action.config.model import ReportConfig

DEFAULTS = "defaults"


def repository_root(place: Path) -> Path:
    """Return the nearest directory upwards that contains `.git`, or the place itself."""
    return next(
        (directory for directory in (place, *place.parents) if (directory / ".git").exists()), place
    )


def read_file(root: Path, place: Path) -> tuple[dict[str, Any], str]:
    """Read the configuration of the place, or else of the root, and return it with its origin.

    Raises ConfigurationError for invalid TOML, and if a directory has both heroci.toml and [tool.heroci].
    """
    for directory in dict.fromkeys((place, root)):
        found = list(_files(root, directory))
        if len(found) > 1:
            names = " and ".join(origin for _, origin in found)
            message = f"the configuration is in {names}"
            raise _error(Problem(key="tool.heroci", message=message, remedy="keep one of them"))
        if found:
            return found[0]
    return {}, DEFAULTS


def read_named(root: Path, file: Path) -> tuple[dict[str, Any], str]:
    """Read a file that the user named: the table [tool.heroci] of a pyproject.toml, all of any other file.

    Raises ConfigurationError if it has no configuration.
    """
    if file.name != "pyproject.toml":
        return _parse(root, file), _relative(root, file)
    table = _tool_table(root, file)
    if table is None:
        raise _error(
            Problem(
                key="tool.heroci",
                message="is missing",
                origin=_relative(root, file),
                remedy="add the table, or name another file",
            )
        )
    return table, _tool_origin(root, file)


def configuration_file(root: Path, place: Path) -> tuple[str, tuple[str, ...]] | None:
    """Return the configuration file of the place, or else of the root, relative to the root, and the table in it.

    Return None if there is none.
    """
    for directory in dict.fromkeys((place, root)):
        pyproject = directory / "pyproject.toml"
        if (directory / "heroci.toml").is_file():
            return _relative(root, directory / "heroci.toml"), ()
        if pyproject.is_file() and _tool_table(root, pyproject) is not None:
            return _relative(root, pyproject), ("tool", "heroci")
    return None


def report_config(written: Mapping[str, Any], origin: str) -> ReportConfig:
    """Return the table `report` of a configuration that `read_file` returned; nothing is detected.

    Raises ConfigurationError with every problem of the whole file, because a misspelt table would be ignored.
    """
    # The model takes a third of a second to import, and most reports have no configuration.
    from heroci_action.config.model import Config  # noqa: PLC0415
    from heroci_action.config.problems import find_problems  # noqa: PLC0415

    problems = tuple(found.problem for found in find_problems(written, origin))
    if problems:
        raise ConfigurationError(tuple(sorted(problems, key=lambda problem: problem.key)))
    return Config.model_validate(written, by_alias=True, by_name=False).report


def _files(root: Path, directory: Path) -> Iterator[tuple[dict[str, Any], str]]:
    own = directory / "heroci.toml"
    if own.is_file():
        yield _parse(root, own), _relative(root, own)
    pyproject = directory / "pyproject.toml"
    if pyproject.is_file():
        table = _tool_table(root, pyproject)
        if table is not None:
            yield table, _tool_origin(root, pyproject)


def _tool_origin(root: Path, file: Path) -> str:
    return f"{_relative(root, file)} [tool.heroci]"


def _tool_table(root: Path, file: Path) -> dict[str, Any] | None:
    """Return the table [tool.heroci], None if there is none. Raises ConfigurationError if it is not a table."""
    tool = _parse(root, file).get("tool")
    table = tool.get("heroci") if isinstance(tool, dict) else None
    if table is None or isinstance(table, dict):
        return table
    message = f"must be a table, not {table!r}"
    raise _error(Problem(key="tool.heroci", message=message, origin=_tool_origin(root, file)))


def _relative(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()


def _parse(root: Path, file: Path) -> dict[str, Any]:
    name = _relative(root, file)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        problem = Problem(
            key=name,
            message=f"is not UTF-8: {error.reason} at byte {error.start}",
            remedy="save it as UTF-8",
        )
    # Usually a TOMLDecodeError with line and column; a number of thousands of digits is another ValueError.
    except ValueError as error:
        problem = Problem(
            key=name, message=f"is not valid TOML: {error}", remedy="correct the file at that place"
        )
    except RecursionError:
        problem = Problem(key=name, message="is nested too deeply", remedy="remove the nesting")
    except OSError as error:
        problem = Problem(key=name, message=f"cannot be read: {error.strerror}")
    raise _error(problem) from None


def _error(problem: Problem) -> ConfigurationError:
    return ConfigurationError((problem,))
