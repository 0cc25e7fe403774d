"""Runs a project's own test script, and records every test that Django's runner takes in it.

    python heroci_script.py SCRIPT [ARGUMENT...]

What a script hands to Django cannot be foretold, so the hooks of heroci_django_runner are set before it starts: they
are in unittest and Django, whichever runner the script makes. See the package's docstring for the environment.
"""

from __future__ import annotations

import os
import runpy
import sys

from heroci_django_runner import install  # type: ignore[import-not-found,unused-ignore]

# ruff: noqa: PTH120, PTH100  strings, as Python's own sys.path holds them


def main() -> None:
    """As `python SCRIPT ARGUMENT...`."""
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    install()
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
