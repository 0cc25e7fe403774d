"""docs/reliability.md is the table of promises that the tests make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_reliability_document_is_current() -> None:
    """If not: ./scripts/reliability.py > docs/reliability.md."""
    script = ROOT / "scripts" / "reliability.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert (ROOT / "docs" / "reliability.md").read_text() == done.stdout
