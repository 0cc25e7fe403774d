"""Arguments and options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from heroci_action.cli.types import NAMES
from heroci_action.options import EngineChoice

Function = TypeVar("Function", bound=Callable[..., object])

project_path = click.argument(
    "path", type=click.Path(exists=True, file_okay=False, path_type=Path), default="."
)

_WHAT_RUNS = (
    click.option(
        "--engine",
        type=click.Choice([choice.value for choice in EngineChoice]),
        default=EngineChoice.AUTO.value,
        show_default=True,
        help="What executes the stages; auto takes Dagger where it can.",
    ),
    click.option(
        "--stages",
        type=NAMES,
        default="",
        metavar="NAMES",
        help="Only these and what they need; comma-separated.",
    ),
    click.option(
        "--skip", type=NAMES, default="", metavar="NAMES", help="Leave these out; comma-separated."
    ),
)


def what_runs(function: Function) -> Function:
    """The options that choose the engine and the stages."""
    for option in reversed(_WHAT_RUNS):
        function = option(function)
    return function
