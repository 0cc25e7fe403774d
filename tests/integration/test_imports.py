"""Modules that are imported only when they are used."""

from __future__ import annotations

import subprocess
import sys


def test_rich_is_imported_on_demand() -> None:
    code = "import heroci_action.observers.console, sys; sys.exit('rich' in sys.modules)"

    assert subprocess.run((sys.executable, "-c", code), check=False).returncode == 0
