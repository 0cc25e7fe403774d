"""The action: its inputs instead of a command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from heroci_action import output_directory
from heroci_action.cli.inputs import Call, Verb, call_from
from heroci_action.commands.report import merge_results, report
from heroci_action.commands.run import run
from heroci_action.errors import ConfigurationError, HeroCIError, UsageError
from heroci_action.github.commands import Annotation, add_mask, annotation, write_line
from heroci_action.github.workspace import handed_over
from heroci_action.options import RunOptions
from heroci_action.results.records import Severity

TOKEN = "INPUT_TOKEN"  # noqa: S105  the variable's name


def run_action(environ: Mapping[str, str]) -> int:
    """Do what GitHub's runner asks for; the exit code."""
    with handed_over(Path.cwd()):
        try:
            return _called(environ)
        except HeroCIError as error:
            _annotate(error)
            raise


def _called(environ: Mapping[str, str]) -> int:
    given = dict(environ)  # a copy, since the token leaves the process's own environment
    machine = _without_token(given)
    call = call_from(given)
    if call.cache:
        machine["HEROCI_CACHE_DIR"] = str(_cache(call.cache))
    return _dispatched(call, machine)


def _dispatched(call: Call, machine: Mapping[str, str]) -> int:
    if isinstance(call.options, RunOptions):
        return run(call.options, machine)
    verb = merge_results if call.verb is Verb.MERGE else report
    return verb(call.options, machine)


def _without_token(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for everything that is started from here; the token is nobody else's, nor for the log."""
    token = environ.get(TOKEN, "").strip()
    if token:
        write_line(sys.stdout, add_mask(token))
        sys.stdout.flush()
    os.environ.pop(TOKEN, None)
    return {name: value for name, value in environ.items() if name != TOKEN}


def _cache(path: Path) -> Path:
    """The directory of the input `cache-dir`, which git ignores like that of the reports."""
    try:
        output_directory.make(path)
    except OSError as error:
        raise UsageError(
            f"nothing can be kept in {str(path)!r}: {error.strerror}",
            remedy="name another directory in the input cache-dir",
        ) from error
    return path.resolve()


def _annotate(error: HeroCIError) -> None:
    """What keeps a run from starting stands where the failed tests would."""
    problems = error.problems if isinstance(error, ConfigurationError) else (error,)
    for problem in problems:
        words = [str(problem), *([f"Remedy: {problem.remedy}"] if problem.remedy else [])]
        note = Annotation(level=Severity.ERROR, title="HeroCI", message="\n".join(words))
        write_line(sys.stdout, annotation(note))
    sys.stdout.flush()
