"""The log files: all that each step prints, as it comes."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.output_directory import LOGS
from heroci_action.plan.stages import Stage
from heroci_action.results.records import Result, StageResult, StepResult

MAX_NAME = 80  # characters of a stage's or step's name in a file's name
_UNSAFE = re.compile(r"[^A-Za-z0-9_+-]+")


def log_path(stage: str, step: str) -> str:
    """`logs/STAGE.STEP.log`, relative to the output directory.

    Whatever the names are, it is one file in `logs`. A blank becomes `+`; other unsafe characters become dashes, and
    the name gets a checksum, so that two names never share a file.
    """
    return f"{LOGS}/{_safe(stage)}.{_safe(step)}.log"


def _safe(name: str) -> str:
    safe = _UNSAFE.sub("-", name.replace(" ", "+"))[:MAX_NAME]
    if name and safe == name.replace(" ", "+") and "+" not in name:
        return safe
    checksum = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:8]
    return f"{safe}-{checksum}"


class LogFiles(Observer):
    """Writes a file for each step that prints something; `output` is the directory of the reports, prepared."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._open: dict[tuple[str, str], TextIO] = {}

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Write the line at once, so that a run that is killed leaves what it has said."""
        file = self._open.get((stage, step))
        if file is None:
            file = self._open[stage, step] = _create(self._output / log_path(stage, step))
        file.write(f"{line}\n")

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        """Close the step's file."""
        self._close(stage.name, result.name)

    def stage_finished(self, result: StageResult) -> None:
        """Close the files of the stage's services too."""
        for stage, step in tuple(self._open):
            if stage == result.name:
                self._close(stage, step)

    def close(self) -> None:
        """Close everything."""
        for stage, step in tuple(self._open):
            self._close(stage, step)

    def _close(self, stage: str, step: str) -> None:
        file = self._open.pop((stage, step), None)
        if file:
            file.close()


def _create(path: Path) -> TextIO:
    """A file that is written line by line; a symbolic link in its place is refused."""
    path.parent.mkdir(exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(
        os.open(path, flags, 0o666), "a", buffering=1, encoding="utf-8", errors="backslashreplace"
    )


def with_logs(result: Result, output: Path) -> Result:
    """The result whose steps name their log files, those that there are."""
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
