"""Run a command of Django with the settings that the tests have, although it is not `test`.

    HEROCI_AS_TESTS=django|pytest python heroci_as_tests.py manage.py check

Some settings ask whether tests run: `"test" in sys.argv`, `"pytest" in sys.modules`. While they are loaded, the
arguments are the named runner's; the command itself sees its own.
"""

# sys.path contains strings:
# ruff: noqa: PTH100, PTH120
# The settings must not be loaded before the arguments are replaced:
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import runpy
import sys
from contextlib import suppress
from typing import Any


def install(runner: str) -> None:
    """Let the settings see the arguments of `manage.py test`, or the modules and the program of pytest."""
    from django.conf import Settings

    if runner == "pytest":
        import pytest  # type: ignore[import-not-found,unused-ignore]

        started = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py")]  # noqa: PTH118
    else:
        started = [sys.argv[0], "test"]
    load = Settings.__init__

    def load_settings(settings: Any, module: str) -> None:
        own = sys.argv
        # The step `migrate` watches who looks at the list.
        sys.argv = type(own)(started)
        try:
            load(settings, module)
        finally:
            sys.argv = own

    Settings.__init__ = load_settings  # type: ignore[method-assign,unused-ignore]


def main() -> None:
    """Run the program as Python does."""
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    # A manage.py may make Django importable; then its settings are loaded as they are.
    with suppress(ImportError):
        install(os.environ["HEROCI_AS_TESTS"])
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
