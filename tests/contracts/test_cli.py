"""docs/cli.md lists exactly the verbs and options that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from heroci_action.cli import VERBS, heroci
from heroci_action.errors import ExitCode

TEXT = (Path(__file__).resolve().parents[2] / "docs/cli.md").read_text()


def find(verb: str) -> click.Command:
    command = heroci.get_command(click.Context(heroci), verb)
    assert command
    return command


def commands() -> Iterator[tuple[str, click.Command]]:
    for verb in VERBS:
        command = find(verb)
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", each) for name, each in command.commands.items())
        else:
            yield verb, command


def section(name: str) -> str:
    (text,) = re.findall(
        rf"^##+ heroci {name}\n(.*?)(?=^## |^### heroci |\Z)", TEXT, re.MULTILINE | re.DOTALL
    )
    return str(text)


def row(option: click.Option) -> str:
    """Return the row that describes an option: its names and values, its default, its help text."""
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    value = f" {option.metavar or ', '.join(choices)}".rstrip()
    text, _, default = (option.help or "").partition(" [default: ")
    if option.show_default:
        default = f"{option.default}]"
    return f"| {names}{value} | {default.removesuffix(']')} | {text} |"


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_table_is_the_help_of_the_options(name: str, command: click.Command) -> None:
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = re.findall(r"^\| `-.*\|$", section(name), re.MULTILINE)
    assert rows == list(map(row, options))


@pytest.mark.parametrize("verb", VERBS)
def test_first_table_lists_every_verb(verb: str) -> None:
    command = find(verb)
    assert f"| [`heroci {verb}`](#heroci-{verb}) | {command.short_help} |" in TEXT


def test_every_exit_code_is_documented() -> None:
    table = TEXT.split("## Exit codes")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)} == set(ExitCode)
