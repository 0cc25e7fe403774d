"""`heroci-result.json`: a Result as versioned JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Any

from heroci_action.errors import UsageError
from heroci_action.results import packed as packing
from heroci_action.results.coverage import ChangedLines, Coverage
from heroci_action.results.records import (
    SCHEMA_VERSION,
    Comparison,
    PassedTests,
    Result,
    StageResult,
    StepResult,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

SCHEMA_FILE = "heroci-result.schema.json"
READABLE = range(1, SCHEMA_VERSION + 1)
"""Versions only add fields, so that an older file is a baseline too."""
SPLITS_SINCE = 4  # version that replaced the fact
SHOWN_ERRORS = 3


def dump(result: Result) -> bytes:
    """Return the result as one line of ASCII JSON.

    ASCII, because a lone surrogate (an undecodable byte in a test's name) has no UTF-8 form but has an escape. Two
    surrogates that make a pair come back as the one character that they mean.
    """
    return b"".join(pieces(result))


def pieces(result: Result) -> Iterator[bytes]:
    """Yield the line of `dump` in pieces, at most as large as a test, a packed block or a file's coverage."""
    return (text.encode() for text in chain(_texts(result), "\n"))


def _texts(value: object) -> Iterator[str]:
    """Yield a record or a list of records in pieces, and any other value at once."""
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        for number, one in enumerate(value):
            yield "," if number else "["
            yield from _texts(one)
        yield "]"
    elif isinstance(value, _LARGE):
        for number, name in enumerate(_record(value)):
            yield f'{"," if number else "{"}"{name}":'
            yield from _texts(getattr(value, name))
        yield "}"
    else:
        yield _ENCODER.encode(value)


_LARGE = (Result, StageResult, StepResult, PassedTests, Coverage, ChangedLines, Comparison)


def _record(value: Any) -> dict[str, object]:
    """Return the fields of a record. Raise AttributeError for any other value."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_record)


def load(content: bytes) -> Result:
    """Read a result that `dump` wrote.

    Unknown fields are ignored, and files of older versions are accepted. Raise UsageError if the content is not a
    result, or has an unknown version.
    """
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"this is no heroci-result.json: {error}",
            remedy="give the file that an earlier run of heroci wrote",
        ) from error
    _check_version(record)
    if record["schema_version"] < SPLITS_SINCE:
        _upgrade_splits(record)
    return replace(_validate(record), schema_version=SCHEMA_VERSION)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the file, generated from the records."""
    made = _adapter().json_schema(mode="serialization")
    made["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"heroci-result.json, version {SCHEMA_VERSION}",
        **{key: value for key, value in made.items() if key != "title"},
    }


def schema_text() -> str:
    """Return the text of the schema file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def shipped_schema() -> str:
    """Return the text of the schema file in this package."""
    return files("heroci_action").joinpath("schemas", SCHEMA_FILE).read_text(encoding="utf-8")


def _check_version(record: object) -> None:
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version is None:
        raise UsageError(
            "this is no heroci-result.json: it has no schema_version",
            remedy="give the file that an earlier run of heroci wrote",
        )
    if type(version) is not int or version not in READABLE:
        raise UsageError(
            f"the result has schema version {version!r}, this heroci reads 1 to {SCHEMA_VERSION}",
            remedy="read it with the heroci that wrote it, or make it again with this one",
        )


def _upgrade_splits(record: Any) -> None:
    """Turn the fact `split`, a list of fingerprints, into the field of newer results, so that old shards merge too."""
    try:
        steps = [step for stage in record["stages"] for step in stage["steps"]]
        for step in (step for step in steps if "split" in step.get("facts", ())):
            shard = record.get("shard") or ""
            step["splits"] = [
                {"shard": shard, "tests": 0, "total": 0, "fingerprint": fingerprint}
                for fingerprint in step["facts"]["split"].split()
            ]
    except (KeyError, TypeError, AttributeError):
        # The file is damaged; validation reports the place.
        return


def _validate(record: object) -> Result:
    from pydantic import (  # noqa: PLC0415  a fifth of a second that only a reader of results needs
        ValidationError,
    )

    try:
        result = _adapter().validate_python(record)
        for packed in result.packed:
            packing.check(packed)
    except ValueError as error:
        words = _first(error) if isinstance(error, ValidationError) else str(error)
        raise UsageError(
            f"the heroci-result.json is damaged: {words}",
            remedy="make it again; it was changed after heroci wrote it",
        ) from error
    return result


def _first(error: ValidationError) -> str:
    """Return the first errors with their locations; a damaged file may contain thousands."""
    shown = [
        f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
        for detail in error.errors()[:SHOWN_ERRORS]
    ]
    more = error.error_count() - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


@cache
def _adapter() -> TypeAdapter[Result]:
    from pydantic import TypeAdapter  # noqa: PLC0415  as above

    return TypeAdapter(Result)
