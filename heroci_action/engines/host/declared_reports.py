"""The report files that stages declare: files left by an earlier run are not results of this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from heroci_action.plan.stages import Plan

Signature = tuple[int, int, int]


class DeclaredReports:
    """Finds report files in the checkout, except files that no step has written since the run began."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self._directory = directory
        patterns = {
            report.path
            for stage in plan.stages
            if stage.skip is None
            for step in stage.steps
            for report in step.reports
            # Placeholders name directories of this run.
            if report.path is not None and "{" not in report.path
        }
        self._earlier = {
            path: signature
            for pattern in patterns
            for path in _glob(directory, pattern)
            if (signature := _signature(path))
        }

    def find(self, pattern: str, *, required: bool) -> tuple[Path, ...]:
        """Return the files that match a path or glob, sorted.

        Files of an earlier run are among them only if there are no others, and the report is required.
        """
        files = tuple(sorted(path for path in _glob(self._directory, pattern) if path.is_file()))
        written = tuple(path for path in files if not self.is_earlier(path))
        return written or (files if required else ())

    def is_earlier(self, path: Path) -> bool:
        """Return whether the file was there before the run, and was not written since."""
        return path in self._earlier and self._earlier[path] == _signature(path)


def _glob(directory: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that match a path or glob, relative to the directory unless it is absolute."""
    path = Path(pattern)
    if path.is_absolute():
        return Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    return directory.glob(pattern)


def _signature(path: Path) -> Signature | None:
    """Return what changes whenever a file is written, even if its contents and its time do not."""
    with suppress(OSError):
        status = path.stat()
        return status.st_ino, status.st_ctime_ns, status.st_size
    return None
