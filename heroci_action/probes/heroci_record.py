"""Shared by the recorders of both test runners: the file of events, paths, and the databases in use."""

# This runs in every process of the tests, where pathlib would only cost time:
# ruff: noqa: PTH103, PTH109, PTH118
# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415

from __future__ import annotations

import functools
import json
import os
import sys
import time
from typing import Any, Dict, Optional

START = os.getcwd()
"""Relative file names refer to this directory, even if a test changes to another one."""
TEXT_LIMIT = 1024 * 1024
"""Characters kept of one traceback, and of the output of one test; the middle of a longer text is left out."""
PASSED_LIMIT = 64 * 1024
"""The same for the output of a test that passed."""

RUNNING = "HEROCI_RUNNING"
"""Set to the process id of the recorded run, so that a pytest that one of its tests starts is not recorded."""


def cut_middle(text: str, limit: int = TEXT_LIMIT, *, left_out: int = 0) -> str:
    """Return the head and tail of a text, and between them how many characters are missing."""
    if not left_out and len(text) <= limit:
        return text
    half = min(limit, len(text)) // 2
    missing = left_out + len(text) - 2 * half
    return "{}\n… {:,} characters were left out …\n{}".format(text[:half], missing, text[-half:])


@functools.lru_cache(maxsize=None)
def _root() -> str:
    return os.path.realpath(os.environ.get("HEROCI_ROOT") or START)


@functools.lru_cache(maxsize=4096)
def relative(path: str) -> Optional[str]:
    """Return the path below the repository's root, None if it is installed, outside, or no file (`<string>`)."""
    real = os.path.realpath(os.path.join(START, path))
    prefix = os.path.realpath(sys.prefix)
    root = _root()
    inside = real.startswith(os.path.join(root, ""))
    installed = "site-packages" in real or "dist-packages" in real
    own_environment = prefix.startswith(os.path.join(root, "")) and real.startswith(prefix)
    if not inside or installed or own_environment or path.startswith("<"):
        return None
    return os.path.relpath(real, root).replace(os.sep, "/")


class Record:
    """JSON lines in a file of this process. Each is written at once, so a killed process leaves all it knew."""

    def __init__(self, directory: str, prefix: str) -> None:
        self._directory = os.path.join(START, directory)
        self._prefix = prefix
        self._pid = 0
        self._file = -1
        self._muted = False

    def mute(self) -> None:
        """Write nothing more, in this process and its forks."""
        self._muted = True

    def write(self, **event: Any) -> None:
        """Append one event. On a full or missing disk events are lost, but no test breaks."""
        if self._muted:
            return
        try:
            if self._pid != os.getpid():  # first use, or first use after a fork
                self._open()
            self._append(event)
        except OSError:
            self._file = -1

    def _append(self, event: Dict[str, Any]) -> None:
        line = json.dumps(event, ensure_ascii=True, default=repr) + "\n"
        os.write(self._file, line.encode("ascii"))

    def _open(self) -> None:
        self._pid = os.getpid()
        os.makedirs(self._directory, exist_ok=True)
        name = "{}-{}-{}.jsonl".format(self._prefix, self._pid, time.time_ns())
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(os.path.join(self._directory, name), flags, 0o644)
        # A file without this first line was changed after it was written.
        self._append({"event": "process", "pid": self._pid})


_VERSION_QUERIES = {
    "postgresql": "SHOW server_version",
    "mysql": "SELECT VERSION()",
    "sqlite": "SELECT sqlite_version()",
}


def database(alias: str) -> Dict[str, Any]:
    """Describe a database that the tests use; `version` is None if the server does not report it."""
    from django.db import connections

    connection = connections[alias]
    return {
        "alias": alias,
        "vendor": connection.vendor,
        "version": _version(connection),
        "name": str(connection.settings_dict.get("NAME")),
    }


def _version(connection: Any) -> Optional[str]:
    was_open = connection.connection is not None
    query = _VERSION_QUERIES.get(connection.vendor)
    if query is None:
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return str(cursor.fetchone()[0]).split(" ")[0]
    except Exception:  # noqa: BLE001  the tests will report whatever the driver raises
        return None
    finally:
        if not was_open:
            connection.close()
