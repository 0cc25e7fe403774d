"""The action: inputs instead of a command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from heroci_action.cli.inputs import Call, Verb, call_from
from heroci_action.commands.matrix import run_cells
from heroci_action.commands.merge import merge_results
from heroci_action.commands.report import report
from heroci_action.commands.run import run
from heroci_action.errors import ConfigurationError, HeroCIError, UsageError
from heroci_action.github.commands import Annotation, add_mask, annotation, write_line
from heroci_action.github.workspace import hand_over_new_files
from heroci_action.options import RunOptions
from heroci_action.output_directory import make_directory
from heroci_action.results.records import Severity

TOKEN = "INPUT_TOKEN"  # noqa: S105  the name of the variable


def run_action(environ: Mapping[str, str]) -> int:
    """Run the verb that the inputs request; return the exit code."""
    with hand_over_new_files(Path.cwd()):
        try:
            return _run(environ)
        except HeroCIError as error:
            _annotate(error)
            raise


def _run(environ: Mapping[str, str]) -> int:
    inputs = dict(environ)
    machine = _take_token(inputs)
    call = call_from(inputs)
    if call.cache:
        cache = _prepare_cache(call.cache)
        machine["HEROCI_CACHE_DIR"] = str(cache)
        # The home directory, where uv's own cache would be, is deleted with the container of the action.
        machine.setdefault("UV_CACHE_DIR", str(cache / "uv"))
    return _dispatch(call, machine)


def _dispatch(call: Call, machine: Mapping[str, str]) -> int:
    if isinstance(call.options, RunOptions):
        if call.cells:
            return run_cells(call.options, call.cells, machine)
        return run(call.options, machine)
    verb = merge_results if call.verb is Verb.MERGE else report
    return verb(call.options, machine)


def _take_token(environ: Mapping[str, str]) -> dict[str, str]:
    """Mask the token, remove it from the process, and return the environment for everything else."""
    token = environ.get(TOKEN, "").strip()
    if token:
        write_line(sys.stdout, add_mask(token))
        sys.stdout.flush()
    os.environ.pop(TOKEN, None)
    return {name: value for name, value in environ.items() if name != TOKEN}


def _prepare_cache(path: Path) -> Path:
    """Create the directory of the input `cache-dir`, ignored by git; return its absolute path."""
    try:
        make_directory(path)
    except OSError as error:
        raise UsageError(
            f"cannot use {str(path)!r} as cache directory: {error.strerror}",
            remedy="name another directory in the input cache-dir",
        ) from error
    return path.resolve()


def _annotate(error: HeroCIError) -> None:
    """Annotate an error that prevents the run."""
    problems = error.problems if isinstance(error, ConfigurationError) else (error,)
    for problem in problems:
        remedy = [f"Remedy: {problem.remedy}"] if problem.remedy else []
        message = "\n".join([str(problem), *remedy])
        note = Annotation(level=Severity.ERROR, title="HeroCI", message=message)
        write_line(sys.stdout, annotation(note))
    sys.stdout.flush()
