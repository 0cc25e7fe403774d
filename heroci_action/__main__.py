"""The program: the command line, or the action where GitHub's runner started it without arguments."""

from __future__ import annotations

import os
import sys

from heroci_action.errors import ExitCode


def main() -> None:
    """Run `heroci` and leave with its exit code (see `errors.ExitCode`)."""
    if sys.argv[1:] == ["--version"]:
        # The one question that scripts ask most is answered before anything else is imported.
        from heroci_action.version import __version__  # noqa: PLC0415

        sys.stdout.write(f"heroci {__version__}\n")
        sys.exit(ExitCode.PASSED)
    from heroci_action.cli import run_program  # noqa: PLC0415

    sys.exit(run_program(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
