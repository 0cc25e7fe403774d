"""The log files: the output of each step, written as it arrives."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.output_directory import LOGS
from heroci_action.plan.stages import Stage
from heroci_action.results.records import Result, StageResult, StepResult

MAX_NAME = 80  # characters of a stage's or step's name in a file's name
HEAD = TAIL = 32 << 20  # bytes of a log file that are kept
_UNSAFE = re.compile(r"[^A-Za-z0-9_+-]+")


def log_path(stage: str, step: str) -> str:
    """Return `logs/STAGE.STEP.log`, relative to the output directory.

    Blanks become `+` and other unsafe characters dashes; then a checksum is added, so that no two steps share a file.
    """
    return f"{LOGS}/{_safe(stage)}.{_safe(step)}.log"


def _safe(name: str) -> str:
    safe = _UNSAFE.sub("-", name.replace(" ", "+"))[:MAX_NAME]
    if name and safe == name.replace(" ", "+") and "+" not in name:
        return safe
    checksum = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:8]
    return f"{safe}-{checksum}"


class LogFiles(Observer):
    """Writes a file for each step with output; `output` is the directory of the reports."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._open: dict[tuple[str, str], _LogFile] = {}

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Write the line at once, so that a killed run leaves its output."""
        file = self._open.get((stage, step))
        if file is None:
            file = self._open[stage, step] = _LogFile(self._output / log_path(stage, step))
        file.write(line)

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Close the file of the step."""
        self._close(stage.name, result.name)

    def stage_finished(self, result: StageResult) -> None:
        """Close the files of the stage, including the files of its services."""
        for stage, step in tuple(self._open):
            if stage == result.name:
                self._close(stage, step)

    def close(self) -> None:
        """Close all files."""
        for stage, step in tuple(self._open):
            self._close(stage, step)

    def _close(self, stage: str, step: str) -> None:
        file = self._open.pop((stage, step), None)
        if file:
            file.close()


class _LogFile:
    """A log of bounded size: above `HEAD` bytes, only the last `TAIL` bytes are kept, and the file states the cut."""

    def __init__(self, path: Path) -> None:
        self._file = _create(path)
        self._size = 0
        self._tail: BinaryIO | None = None
        self._dropped = 0

    def write(self, line: str) -> None:
        """Write a line at once, or keep it for the tail."""
        content = f"{line}\n".encode(errors="backslashreplace")
        self._size += len(content)
        if self._size <= HEAD:
            self._file.write(content)
            return
        if self._tail is None:
            # Unlinked from the start, so that nothing is left if HeroCI is killed.
            self._tail = tempfile.TemporaryFile()  # noqa: SIM115
        self._tail.write(content)
        if self._tail.tell() > 2 * TAIL:
            self._tail = self._shorten(self._tail)

    def _shorten(self, tail: BinaryIO) -> BinaryIO:
        """Return a file with the last `TAIL` bytes of the tail, from the start of a line."""
        shorter = tempfile.TemporaryFile()  # noqa: SIM115
        self._dropped += tail.seek(-TAIL, os.SEEK_END)
        self._dropped += len(tail.readline())
        shutil.copyfileobj(tail, shorter)
        tail.close()
        return shorter

    def close(self) -> None:
        """Append the tail and close the file."""
        with self._file:
            tail = self._tail
            if tail is None:
                return
            if tail.tell() > TAIL:
                tail = self._shorten(tail)
            if self._dropped:
                self._file.write(f"\n[{self._dropped:,} bytes were left out here]\n\n".encode())
            tail.seek(0)
            shutil.copyfileobj(tail, self._file)
            tail.close()


def _create(path: Path) -> BinaryIO:
    """Open a file that is written without a buffer; refuse a symbolic link in place of it or its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path.name, flags, 0o666, dir_fd=directory)
    finally:
        os.close(directory)
    return os.fdopen(descriptor, "ab", buffering=0)


def with_logs(result: Result, output: Path) -> Result:
    """Return the result whose steps name their log files, if they exist."""
    return replace(
        result,
        stages=tuple(
            replace(stage, steps=tuple(_with_log(stage, step, output) for step in stage.steps))
            for stage in result.stages
        ),
    )


def _with_log(stage: StageResult, step: StepResult, output: Path) -> StepResult:
    path = log_path(stage.name, step.name)
    return replace(step, log=path) if (output / path).is_file() else step
