"""Run cells of the matrix, one after another, and merge their results."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from heroci_action.commands.plan import overrides_of
from heroci_action.commands.run import run
from heroci_action.errors import ConfigurationError, ExitCode, HeroCIError, Problem, UsageError
from heroci_action.matrix import Cell, apply, cells, select_cells
from heroci_action.options import Destination, Gates, Reference, ReportOptions, RunOptions
from heroci_action.output_directory import RESULT, make_directory
from heroci_action.project import ProjectConfig, load
from heroci_action.text import one_line

CELLS = "cells"


def run_cells(options: RunOptions, texts: Sequence[str], machine: Mapping[str, str]) -> int:
    """Run the cells that the texts select, all for none; return the exit code. Raise HeroCIError before anything runs.

    A single cell is run like a project without a matrix. The results of several are in the subdirectory `cells`.
    """
    _refuse_contradiction(options)
    project = load(options.path, overrides=overrides_of(options), config=options.config)
    chosen = select_cells(cells(project.config.matrix), texts)
    _check_cells(project, chosen)
    if len(chosen) == 1:
        return run(replace(options, cell=chosen[0].name), machine)
    interrupted = False
    for cell in chosen:
        if not interrupted:
            interrupted = _run_cell(cell, options, machine) == ExitCode.INTERRUPTED
    files = [_directory(options, cell) / RESULT for cell in chosen]
    missing = {
        cell.name: f"the matrix cell {cell.name!r} has no result"
        for cell, file in zip(chosen, files, strict=True)
        if not file.is_file()
    }
    found = [file for file in files if file.is_file()]
    # Imported late to save the start-up time of a single run.
    from heroci_action.commands.merge import merge_files  # noqa: PLC0415

    code = merge_files(found, missing, ReportOptions(**options.shared_fields()), machine)
    return ExitCode.INTERRUPTED if interrupted else code


def _check_cells(project: ProjectConfig, chosen: Sequence[Cell]) -> None:
    """Raise ConfigurationError with what prevents a cell; several cells have the same problem once."""
    problems: dict[str, Problem] = {}
    for cell in chosen:
        try:
            apply(project, cell)
        except ConfigurationError as error:
            problems |= {str(problem): problem for problem in error.problems}
    if problems:
        raise ConfigurationError(tuple(problems.values()))


def _refuse_contradiction(options: RunOptions) -> None:
    given = (
        ("--failed", options.failed),
        ("--affected", options.affected),
        ("--shard", options.shard),
        ("--python", options.python),
    )
    for name, value in given:
        if value:
            raise UsageError(
                f"{name} cannot be combined with a matrix", remedy="remove one of the options"
            )


def _run_cell(cell: Cell, options: RunOptions, machine: Mapping[str, str]) -> int:
    """Run a cell; an error that prevents it is printed, and its missing result fails the merge."""
    sys.stdout.write(f"\nMatrix cell {cell.name}\n")
    sys.stdout.flush()
    directory = _directory(options, cell)
    (directory / RESULT).unlink(missing_ok=True)
    destination = Destination(output=directory, annotations=False, summary=False, outputs=False)
    alone = replace(
        options,
        cell=cell.name,
        reference=Reference(),
        gates=Gates(),
        destination=destination,
    )
    try:
        return run(alone, machine)
    except HeroCIError as error:
        sys.stderr.write(f"error: {cell.name}: {one_line(str(error), 1_000)}\n")
        return error.exit_code


def _directory(options: RunOptions, cell: Cell) -> Path:
    output = options.destination.output
    make_directory(output)
    return output / CELLS / cell.name
