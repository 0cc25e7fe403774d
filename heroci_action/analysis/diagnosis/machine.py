"""Signs of a full disk, exhausted limits and missing programs."""

from __future__ import annotations

from heroci_action.analysis.diagnosis.sign import Sign

SIGNS = (
    Sign(
        pattern=r"No space left on device",
        example="OSError: [Errno 28] No space left on device: 'x'",
        cause="the disk is full",
        remedy="free some space, or set TMPDIR and HEROCI_CACHE_DIR to a larger disk",
        machine=True,
    ),
    # initdb's last line if the line about the full disk was cut off.
    Sign(
        pattern=r"initdb: removing contents of data directory",
        example='initdb: removing contents of data directory "/dev/shm/data"',
        cause="the disk or the shared memory is full",
        remedy="set TMPDIR to a directory with enough space",
        machine=True,
    ),
    Sign(
        pattern=r'could not open file "[^"]*\.password[^"]*": Permission denied',
        example='initdb: error: could not open file "/root/x/postgres.password": Permission denied',
        cause="the user that PostgreSQL runs as cannot access the temporary directory",
        remedy="set TMPDIR to a directory whose parent directories are accessible to all users",
        machine=True,
    ),
    Sign(
        pattern=r"Disk quota exceeded|Read-only file system",
        example="OSError: [Errno 30] Read-only file system: '/srv/data'",
        cause="a file cannot be written, because its disk is read-only or its quota is used up",
        remedy="set TMPDIR and HEROCI_CACHE_DIR to a disk that can be written",
        machine=True,
    ),
    Sign(
        pattern=r"Cannot allocate memory|^MemoryError\b|java\.lang\.OutOfMemoryError|JavaScript heap out of memory",
        example="OSError: [Errno 12] Cannot allocate memory",
        cause="the memory is used up",
        remedy="lower `max-parallel` or `tests.parallel`, or use a machine with more memory",
        machine=True,
    ),
    Sign(
        pattern=r"Too many open files",
        example="OSError: [Errno 24] Too many open files: '/app/x.py'",
        cause="the limit on open files is exhausted",
        remedy="lower `max-parallel`, or raise the limit with `ulimit -n`",
        machine=True,
    ),
)
