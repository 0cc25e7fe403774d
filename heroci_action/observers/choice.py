"""Choose who shows a run: the console, or GitHub's log."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.observers.console import Console
from heroci_action.observers.github_log import GitHubLog
from heroci_action.observers.multiplexer import Observers
from heroci_action.options import Verbosity


def choose_observer(
    *others: Observer,
    verbosity: Verbosity,
    output: Path,
    environ: Mapping[str, str],
    durations: int = 0,
) -> Observers:
    """Return the observer for standard output, and the others.

    `output` is the directory as the user named it. The `durations` slowest tests are listed at the end.
    """
    if GitHubContext.from_environ(environ):
        return Observers(*others, GitHubLog(sys.stdout, verbosity=verbosity))
    console = Console(
        sys.stdout, verbosity=verbosity, output=output, environ=environ, durations=durations
    )
    return Observers(*others, console)
