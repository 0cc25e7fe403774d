"""The types of configuration values: durations, sizes, commands, paths, names, and short forms of tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt
from pydantic_core import PydanticCustomError

from heroci_action.readers.registry import BY_KIND
from heroci_action.text import suggest

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smh]?)")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"(\d{1,15})\s*(?:([kMG])?(i)?B)?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def invalid(message: str) -> PydanticCustomError:
    """Return an error for a value; the value is appended when the error is shown."""
    # Braces in the message would be read as fields of a template.
    return PydanticCustomError("heroci", "{message}", {"message": message})


def seconds(value: object) -> float:
    """Return seconds from a number or from "90s", "5m", "1h". Raises PydanticCustomError."""
    wanted = 'must be seconds as a number, or text such as "90s", "5m", "1h"'
    if isinstance(value, bool):
        raise invalid(wanted)
    if isinstance(value, int | float):
        number = float(value)
    else:
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise invalid(wanted)
        number = float(match["number"]) * _SECONDS[match["unit"]]
    if not 0 < number < float("inf"):
        raise invalid("must be greater than zero and finite")
    return number


def size(value: object) -> int:
    """Return bytes from a number or from "500kB", "20MB", "1GiB". Raises PydanticCustomError."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    match = None if isinstance(value, bool) else _SIZE.fullmatch(text)
    if match is None:
        raise invalid('must be bytes as a whole number, or text such as "500MB", "2GB", "1GiB"')
    step: int = 1_024 if match[3] else 1_000
    factor: int = step ** _POWERS[(match[2] or "").lower()]
    return int(match[1]) * factor


def inside(path: str) -> bool:
    """Return whether a relative path stays inside the directory that it starts from."""
    depth = 0
    for part in PurePosixPath(path).parts:
        depth += -1 if part == ".." else part != "."
        if part == "/" or depth < 0:
            return False
    return True


def _path(path: str) -> str:
    if _CONTROL.search(path):
        raise invalid("must not contain control characters")
    if not inside(path):
        raise invalid("must be a relative path inside the repository")
    return path


def _hook(hook: str) -> str:
    file = hook.rpartition(":")[0]
    return f"{_path(file)}{hook[len(file) :]}" if file.endswith(".py") else hook


def _name(name: str) -> str:
    if _CONTROL.search(name) or set(name) & {"/", "\\"} or name.strip() in {"", ".", ".."}:
        raise invalid('must be a name without "/", "\\" and control characters')
    return name


def _title(title: str) -> str:
    if _CONTROL.search(title):
        raise invalid("must be a single line without control characters")
    return title


def _command(value: object) -> str | tuple[str, ...]:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise invalid("must be a non-empty shell command or argument list")


def _runs(value: object) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, list | tuple):
        if _all_text(value):
            return (tuple(value),)
        if all(isinstance(run, list | tuple) and _all_text(run) for run in value):
            return tuple(tuple(run) for run in value)
    raise invalid("must be a list of arguments, or a list of such lists with one per run")


def _all_text(values: list[object] | tuple[object, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


def _parallel(value: object) -> bool | int | Literal["auto"]:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value > 0:
        return value
    if value == "auto":
        return "auto"
    raise invalid('must be true, false, "auto" or a number of processes (at least 1)')


def _python(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # 3.10 was read as the number 3.1.
        version = "3.10" if value == 3.1 else value  # noqa: PLR2004
        raise invalid(f'must be text, python = "{version}" (the number 3.10 equals 3.1)')
    return value


def _django(value: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415  few have one

    try:
        SpecifierSet(f"=={value}.*" if value[:1].isdigit() else value)
    except InvalidSpecifier:
        raise invalid(
            'must be a version such as "5.2", or a specifier such as ">=5.2,<6"'
        ) from None
    if not value:
        raise invalid("must not be empty")
    return value


def short_form(key: str, *types: type) -> Callable[[object], object]:
    """Return a validator that accepts a value of these types in place of a table with only `key`."""

    def expand(value: object) -> object:
        short = isinstance(value, types) and not isinstance(value, bool)
        return {key: str(value) if isinstance(value, int) else value} if short else value

    return expand


def _report_format(value: object) -> object:
    if isinstance(value, str) and value not in BY_KIND:
        raise invalid(f"must be a report format{suggest(value, BY_KIND)}")
    return value


def lint_tools(value: object) -> object:
    """Return a table for a list of built-in lint tools; anything else is unchanged."""
    if isinstance(value, list | tuple) and _all_text(value):
        return {name: {} for name in value}
    return value


def one_or_more(value: object) -> object:
    """Return a list for a single text or table; anything else is unchanged."""
    return [value] if isinstance(value, str | Mapping) else value


Text = Annotated[str, Field(min_length=1)]
Texts = tuple[Text, ...]
Path = Annotated[Text, AfterValidator(_path)]
Paths = tuple[Path, ...]
Seconds = Annotated[float, BeforeValidator(seconds, json_schema_input_type=float | str)]
Size = Annotated[int, BeforeValidator(size, json_schema_input_type=NonNegativeInt | str)]
CommandLine = Annotated[
    str | tuple[str, ...],
    BeforeValidator(
        _command, json_schema_input_type=Text | Annotated[list[str], Field(min_length=1)]
    ),
]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Variables = tuple[Variable, ...]
Env = Mapping[Variable, str]
# Images read variables such as `discovery.type`.
ServiceEnv = Mapping[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")], str]
Name = Annotated[str, AfterValidator(_name)]
ServiceName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
Title = Annotated[Text, AfterValidator(_title)]
UrlPath = Annotated[str, Field(pattern="^/")]
PythonVersion = Annotated[str, Field(pattern=r"^3\.\d+(\.\d+)?$"), BeforeValidator(_python)]
DjangoVersion = Annotated[str, AfterValidator(_django)]
Database = Annotated[str, Field(pattern=r"^(sqlite|(postgres|mysql|mariadb)(:\d+(\.\d+)*)?)$")]
Hook = Annotated[
    str, Field(pattern=r"^(?:[^:]+\.py|[A-Za-z_][\w.]*):[A-Za-z_]\w*$"), AfterValidator(_hook)
]
Runs = Annotated[
    tuple[tuple[str, ...], ...],
    BeforeValidator(_runs, json_schema_input_type=list[str] | list[list[str]]),
]
Processes = Annotated[
    bool | int | Literal["auto"],
    BeforeValidator(
        _parallel, json_schema_input_type=bool | Annotated[int, Field(ge=1)] | Literal["auto"]
    ),
]
ReportFormat = Annotated[
    str, BeforeValidator(_report_format), Field(json_schema_extra={"enum": list(BY_KIND)})
]
