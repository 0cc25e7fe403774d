"""The runner's command files, through which any process of a step could control the job's later steps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

NAMES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")


class CommandFiles:
    """The content that the files had before the project's code ran."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        paths = (Path(environ[name]) for name in NAMES if environ.get(name))
        self._contents = {path: path.read_bytes() for path in paths if path.is_file()}

    def restore(self) -> None:
        """Undo what the project's code may have written to the files, or put in their place."""
        for path, content in self._contents.items():
            with suppress(OSError):
                if path.is_symlink():
                    path.unlink()
                if not path.is_file() or path.read_bytes() != content:
                    path.write_bytes(content)
