"""The duration of each stage in an earlier run of a project, kept in HeroCI's cache directory."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from heroci_action.cache.atomic_file import write_atomically
from heroci_action.results.records import StageResult, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """The file of a project; its content only decides about the order of stages, so damage does no harm."""

    cache: Path
    project: str

    def read(self) -> dict[str, float]:
        """Return the seconds of each stage by name; nothing if there is no readable file."""
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._path.read_bytes())
            if isinstance(found, dict):
                return {name: each for name, each in found.items() if _is_duration(each)}
        return {}

    def save(self, stages: tuple[StageResult, ...]) -> None:
        """Add the durations of the stages that really ran and passed."""
        ran = {
            stage.name: round(stage.duration, 3)
            for stage in stages
            if stage.status is Status.PASSED and not stage.origin
        }
        if not ran:
            return
        # A cache that cannot be written does not disturb the run.
        with contextlib.suppress(OSError):
            write_atomically(self._path, json.dumps({**self.read(), **ran}).encode())

    @property
    def _path(self) -> Path:
        return self.cache / "times" / f"{self.project}.json"


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
