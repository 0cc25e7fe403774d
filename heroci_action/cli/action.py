"""The action: its inputs instead of a command line."""

from __future__ import annotations

from collections.abc import Mapping

from heroci_action.application import run
from heroci_action.inputs import options_from


def run_action(environ: Mapping[str, str]) -> int:
    """Run as GitHub's runner asks; the exit code."""
    return run(options_from(environ), environ)
