"""The program: the command line, or the action if GitHub's runner starts it without arguments."""

from __future__ import annotations

import os
import signal
import sys

from heroci_action.errors import ExitCode

PLATFORMS = ("linux", "darwin")


def main() -> None:
    """Run `heroci` and exit with its exit code (see `errors.ExitCode`)."""
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        # Until everything is imported, Ctrl-C ends the process at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform not in PLATFORMS:
        # Some modules cannot even be imported there.
        place = "HeroCI runs on Linux and macOS, not on"
        sys.stderr.write(f"error: {place} {sys.platform!r}; on Windows, use WSL\n")
        sys.exit(ExitCode.USAGE)
    if sys.argv[1:] == ["--version"]:
        # Scripts ask this often, so it is answered before anything else is imported.
        from heroci_action.version import __version__  # noqa: PLC0415

        sys.stdout.write(f"heroci {__version__}\n")
        sys.exit(ExitCode.PASSED)
    # Not needed for the version.
    from heroci_action.cli import run_program  # noqa: PLC0415
    from heroci_action.interruption import remember  # noqa: PLC0415
    from heroci_action.publish.standard_streams import (  # noqa: PLC0415
        output_error,
        protect_standard_streams,
    )

    protect_standard_streams()
    if interruptible:
        signal.signal(signal.SIGINT, remember(signal.default_int_handler))
    code = run_program(sys.argv[1:], os.environ)
    # Python restores the default handlers of signals early in its shutdown, but keeps ignored signals ignored. The
    # reports are written, so a signal must not change the exit code.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if error := output_error():
        sys.stderr.write(f"error: cannot write to standard output: {error.strerror}\n")
    sys.exit(code or (ExitCode.ENGINE if error else ExitCode.PASSED))


if __name__ == "__main__":
    main()
