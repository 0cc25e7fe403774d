"""docs/cli.md lists exactly the verbs and options that exist."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from heroci_action.cli import VERBS
from heroci_action.errors import ExitCode

TEXT = (Path(__file__).resolve().parents[2] / "docs/cli.md").read_text()


def commands() -> Iterator[tuple[str, click.Command]]:
    for verb in VERBS:
        command: click.Command = importlib.import_module(f"heroci_action.cli.{verb}").command
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", each) for name, each in command.commands.items())
        else:
            yield verb, command


def section(name: str) -> str:
    (text,) = re.findall(
        rf"^##+ heroci {name}\n(.*?)(?=^## |^### heroci |\Z)", TEXT, re.MULTILINE | re.DOTALL
    )
    return str(text)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_tables_list_exactly_the_options(name: str, command: click.Command) -> None:
    options = {
        word
        for option in command.params
        if isinstance(option, click.Option)
        for word in (*option.opts, *option.secondary_opts)
    }
    rows = re.findall(r"^\| (`-.*?) \|", section(name), re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"`(--?[\w-]+)`", row)} == options


@pytest.mark.parametrize("verb", VERBS)
def test_first_table_lists_every_verb(verb: str) -> None:
    assert f"| [`heroci {verb}`](#heroci-{verb}) |" in TEXT


def test_every_exit_code_is_documented() -> None:
    table = TEXT.split("## Exit codes")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)} == set(ExitCode)
