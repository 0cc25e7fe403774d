"""Run a project's own test script, and record every test that Django's runner runs in it.

    python heroci_script.py SCRIPT [ARGUMENT...]

The hooks of heroci_django_runner are installed before the script starts. They are in unittest and Django, so it does
not matter which runner the script creates. See the package's docstring for the environment.
"""

from __future__ import annotations

import os
import runpy
import sys

from heroci_django_runner import install  # type: ignore[import-not-found,unused-ignore]

# sys.path contains strings:
# ruff: noqa: PTH120, PTH100


def main() -> None:
    """Run the script as `python SCRIPT ARGUMENT...` does."""
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    install()
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
