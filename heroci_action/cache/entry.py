"""A cache entry: everything that a stage which passed gave to the runner."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from heroci_action.engines.base import ReportFile, StepOutcome, Stream
from heroci_action.errors import HeroCIError
from heroci_action.plan.report_kinds import Report
from heroci_action.results.provenance import Origin

FORMAT = 1
LARGEST = 64 << 20
"""Bytes of output and report files in one entry; a stage with more is not stored."""

Line = tuple[Stream, str]


class DamagedEntryError(HeroCIError):
    """An entry cannot be read."""


@dataclass(slots=True, kw_only=True)
class StepRecord:
    """A step: its output, its outcome, its original time in seconds, and its report files by declaration."""

    lines: list[Line] = field(default_factory=list)
    outcome: StepOutcome | None = None
    duration: float = 0.0
    reports: dict[tuple[Report, ...], tuple[ReportFile, ...]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Entry:
    """A stage that passed in the run `origin`, in the repository at `root`.

    `created` is seconds since the epoch; `duration` is the time of the stage in seconds.
    """

    origin: Origin
    root: str
    created: float
    duration: float = 0.0
    warnings: tuple[str, ...] = ()
    steps: dict[str, StepRecord] = field(default_factory=dict)


def pack(entry: Entry) -> bytes:
    """Return the entry as bytes."""
    document = {
        "format": FORMAT,
        "origin": asdict(entry.origin),
        "root": entry.root,
        "created": entry.created,
        "duration": entry.duration,
        "warnings": entry.warnings,
        "steps": {name: _pack_step(step) for name, step in entry.steps.items()},
    }
    return zlib.compress(json.dumps(document).encode("utf-8", "surrogatepass"), 1)


def _pack_step(step: StepRecord) -> Mapping[str, object]:
    assert step.outcome is not None  # noqa: S101  only finished stages are stored
    return {
        "lines": step.lines,
        "outcome": asdict(step.outcome),
        "duration": step.duration,
        "reports": [
            {"asked": [asdict(report) for report in asked], "files": [_pack_file(f) for f in files]}
            for asked, files in step.reports.items()
        ],
    }


def _pack_file(file: ReportFile) -> Mapping[str, object]:
    content = base64.b64encode(file.content).decode()
    return {"kind": file.kind, "path": file.path, "content": content, "problem": file.problem}


def unpack(data: bytes, root: Path) -> Entry:
    """Return the entry, with the path of its repository replaced by `root`. Raises DamagedEntryError."""
    try:
        text = zlib.decompress(data).decode("utf-8", "surrogatepass")
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise DamagedEntryError("the entry has another format")
        return _read(document, _Moved(document["root"], str(root)))
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedEntryError(f"the entry cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class _Moved:
    """Replaces the path of one clone by the path of another, if it is a whole path."""

    old: str
    new: str

    def text(self, text: str) -> str:
        if self.old == self.new:
            return text
        return re.sub(re.escape(self.old) + r"(?![\w.-])", lambda _: self.new, text)

    def data(self, data: bytes) -> bytes:
        if self.old == self.new:
            return data
        old, new = self.old.encode(), self.new.encode()
        return re.sub(re.escape(old) + rb"(?![\w.-])", lambda _: new, data)


def _read(document: Mapping[str, Any], moved: _Moved) -> Entry:
    return Entry(
        origin=Origin(**document["origin"]),
        root=moved.new,
        created=float(document["created"]),
        duration=float(document["duration"]),
        warnings=tuple(map(moved.text, document["warnings"])),
        steps={name: _read_step(step, moved) for name, step in document["steps"].items()},
    )


def _read_step(step: Mapping[str, Any], moved: _Moved) -> StepRecord:
    outcome = StepOutcome(**step["outcome"])
    facts = {key: moved.text(value) for key, value in outcome.facts.items()}
    return StepRecord(
        lines=[(Stream(stream), moved.text(line)) for stream, line in step["lines"]],
        outcome=replace(outcome, facts=facts, warnings=tuple(outcome.warnings)),
        duration=float(step["duration"]),
        reports={
            tuple(Report(**asked) for asked in each["asked"]): tuple(
                _read_file(file, moved) for file in each["files"]
            )
            for each in step["reports"]
        },
    )


def _read_file(file: Mapping[str, Any], moved: _Moved) -> ReportFile:
    content = moved.data(base64.b64decode(file["content"]))
    return ReportFile(
        kind=file["kind"], path=moved.text(file["path"]), content=content, problem=file["problem"]
    )
