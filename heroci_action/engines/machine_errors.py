"""Turn faults of the machine, such as a full disk, into errors with a cause and a remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from heroci_action.errors import EngineError

_WRITABLE = "set TMPDIR and HEROCI_CACHE_DIR to directories that can be written"
_REMEDIES = {
    errno.ENOSPC: "free disk space, or set TMPDIR and HEROCI_CACHE_DIR to directories with more space",
    errno.EDQUOT: "free disk space, or set TMPDIR and HEROCI_CACHE_DIR to directories with more space",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENOENT: "check whether the project deletes HeroCI's directories or its own checkout",
    errno.EMFILE: "lower --max-parallel, or allow more open files with `ulimit -n`",
    errno.ENFILE: "too many files are open on this machine; lower --max-parallel",
    errno.ENOMEM: "free memory, or lower --max-parallel",
    errno.ENAMETOOLONG: "use a shorter path for the checkout, TMPDIR and HEROCI_CACHE_DIR",
}


@contextmanager
def machine_errors() -> Iterator[None]:
    """Raise EngineError instead of an OSError that has no better explanation."""
    try:
        yield
    except OSError as error:
        raise engine_error(error) from error


def engine_error(error: OSError) -> EngineError:
    """Return the error with its file and a remedy."""
    number, reason, file = error.errno, error.strerror, error.filename
    if error.args and isinstance(error.args[0], list):
        # shutil.Error has a list of (source, destination, message).
        _, file, reason = error.args[0][0]
        number = next((code for code in _REMEDIES if f"[Errno {code}]" in str(reason)), None)
    where = f"cannot use {file!r}: " if file else ""
    return EngineError(f"{where}{reason or error}", remedy=_REMEDIES.get(number or 0))
