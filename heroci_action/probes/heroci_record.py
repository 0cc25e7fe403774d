"""What the recorders of both test runners share: the file of events, paths, and the databases in use."""

# This runs in every process of the tests, where pathlib would only cost time:
# ruff: noqa: PTH103, PTH109, PTH118
# Django's modules can be imported only once its settings are known:
# ruff: noqa: PLC0415

from __future__ import annotations

import functools
import json
import os
import sys
import time
from typing import Any, Dict, Optional

# Relative names of files are meant from here, whatever directory a test changes to.
START = os.getcwd()
TEXT_LIMIT = 256 * 1024  # characters kept of one traceback, from the end
OUTPUT_LIMIT = 64 * 1024  # characters kept of what one test prints, from the end


@functools.lru_cache(maxsize=None)
def _root() -> str:
    return os.path.realpath(os.environ.get("HEROCI_ROOT") or START)


@functools.lru_cache(maxsize=4096)
def relative(path: str) -> Optional[str]:
    """The path below the repository's root; None for what is installed, outside, or no file (`<string>`)."""
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
    """JSON lines in a file of this process, each written at once, so that a killed process leaves all it knew."""

    def __init__(self, directory: str, prefix: str) -> None:
        self._directory = os.path.join(START, directory)
        self._prefix = prefix
        self._pid = 0
        self._file = -1

    def write(self, **event: Any) -> None:
        """Append one event. A full or missing disk loses events, it never breaks a test."""
        line = json.dumps(event, ensure_ascii=True, default=repr) + "\n"
        try:
            if self._pid != os.getpid():  # first use, or first use after a fork
                self._open()
            os.write(self._file, line.encode("ascii"))
        except OSError:
            self._file = -1

    def _open(self) -> None:
        self._pid = os.getpid()
        os.makedirs(self._directory, exist_ok=True)
        name = "{}-{}-{}.jsonl".format(self._prefix, self._pid, time.time_ns())
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(os.path.join(self._directory, name), flags, 0o644)


_VERSION_QUERIES = {
    "postgresql": "SHOW server_version",
    "mysql": "SELECT VERSION()",
    "sqlite": "SELECT sqlite_version()",
}


def database(alias: str) -> Dict[str, Any]:
    """What is known of a database that the tests use; `version` None where the server does not say."""
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
    except Exception:  # noqa: BLE001  whatever the driver raises, the tests say it better
        return None
    finally:
        if not was_open:
            connection.close()
