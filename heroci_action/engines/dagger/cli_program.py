"""Find the program of the Dagger CLI, or download it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from heroci_action.engines.dagger.preflight import CLI, VERSION
from heroci_action.errors import EngineError

DOWNLOADED_WITHIN = 180.0  # seconds
DOWNLOADS = "dl.dagger.io"  # the host from which the SDK downloads
PROXIES = ("HTTPS_PROXY", "ALL_PROXY")
REACHED_WITHIN = 5.0
VERSION_WITHIN = 10.0


async def find_cli(machine: Mapping[str, str], *, sdk: anyio.Event) -> str:
    """Return the CLI of our version, downloading it if necessary. Raises EngineError if there is none.

    `sdk` is set as soon as the SDK, which downloads it, has been imported.
    """
    found = await find_local_cli(machine)
    if found is None:
        await _check_downloads(machine)
        # Two threads that import the SDK at the same time would wait for each other.
        await sdk.wait()
        found = await _download()
    return found


async def find_local_cli(machine: Mapping[str, str]) -> str | None:
    """Return the configured CLI, the one on the PATH, or an earlier download; None if there is none.

    Raises EngineError if the configured one does not exist.
    """
    configured = machine.get(CLI)
    if configured:
        if not shutil.which(configured, path=machine.get("PATH")):
            raise EngineError(
                f"{CLI} names a file that does not exist: {configured!r}",
                remedy=f"correct or unset {CLI}",
            )
        return configured
    found = shutil.which("dagger", path=machine.get("PATH"))
    if found and await _version(found, machine) == VERSION:
        return found
    downloaded = _download_path(machine)
    return str(downloaded) if downloaded.is_file() else None


def _download_path(machine: Mapping[str, str]) -> Path:
    """Return the path at which the SDK stores the CLI (on Linux)."""
    base = machine.get("XDG_CACHE_HOME") or Path(machine.get("HOME", "/root"), ".cache")
    return Path(base, "dagger", f"dagger-{VERSION}")


async def _version(program: str, machine: Mapping[str, str]) -> str | None:
    """Return the version that the CLI reports, such as `dagger v0.21.8 (…)`."""
    with anyio.move_on_after(VERSION_WITHIN), suppress(OSError):
        done = await anyio.run_process([program, "version"], env=machine, check=False)
        found = re.search(r"\bv(\d+\.\d+\.\d+)", done.stdout.decode(errors="replace"))
        return found[1] if found else None
    return None


async def _check_downloads(machine: Mapping[str, str]) -> None:
    """Raise EngineError at once if the downloads cannot be reached; a proxy may reach them anyway."""
    if any(name.upper() in PROXIES for name in machine):
        return
    try:
        with anyio.fail_after(REACHED_WITHIN):
            await (await anyio.connect_tcp(DOWNLOADS, 443)).aclose()
    except (OSError, TimeoutError) as error:
        raise _download_failed(error) from error


async def _download() -> str:
    # Imported late because the SDK takes a second to import.
    from dagger.provisioning._download import Downloader  # noqa: PLC0415

    try:
        with anyio.fail_after(DOWNLOADED_WITHIN):
            # The download has no time limit, so its thread may have to be abandoned.
            return await anyio.to_thread.run_sync(Downloader().get_sync, abandon_on_cancel=True)
    # The SDK lets many kinds of errors through.
    except Exception as error:
        raise _download_failed(error) from error


def _download_failed(error: Exception) -> EngineError:
    return EngineError(
        f"the Dagger CLI {VERSION} could not be downloaded: {error or 'timeout'}",
        remedy=f"install Dagger {VERSION} so that `dagger` is on the PATH, or use --engine host",
    )
