"""The outcome of a command that a condition reads: it must pass, must fail, or only chooses a branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import commands_of, suite_of, workflow
from tests.unit.detection.projects import django, loaded


def outcomes(text: str) -> list[str]:
    """Return the lines of the commands, with a question mark if the script goes on when they fail."""
    return [f"{each.line}{' ?' if each.decides else ''}" for each in commands_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if x; then exit 1; fi", ["! x", "exit 1"]),
        ("if x; then echo no; exit 2; fi", ["! x", "echo no", "exit 2"]),
        ("if ! x; then exit 1; fi", ["x", "exit 1"]),
        ("if x; then y; else exit 1; fi", ["x", "y", "exit 1"]),
        ("if x; then y; elif z; then exit 1; fi", ["x ?", "y", "! z", "exit 1"]),
        ("if x; then exit 0; fi", ["x ?", "exit 0"]),
        ("if x; y; then exit 1; fi", ["x ?", "! y", "exit 1"]),
        ("if ! x || ! y; then exit 1; fi", ["x", "y", "exit 1"]),
        ("if ! x > z | y; then exit 1; fi", ["x > z | y", "x > z | y", "exit 1"]),
        ("if x | y; then exit 1; fi", ["! x | y", "! x | y", "exit 1"]),
        ("x && exit 1", ["! x", "exit 1"]),
        ("x && { echo no; exit 1; }\ny", ["! x", "echo no", "exit 1", "y"]),
        ("! x && exit 1", ["x", "exit 1"]),
        ("! x && y", ["! x", "y"]),
        ("! x > z && y", ["! x > z", "y"]),
        ("! x | z && y", ["! x | z", "! x | z", "y"]),
        ("! x || exit 1", ["! x", "exit 1"]),
        ("! x || y", ["x ?", "y"]),
        ("! (x || y)", ["! x", "! y"]),
        ("! grep x a && echo ok", ["! grep x a", "echo ok"]),
        ("! grep x a && echo x >> a", ["grep x a ?", "echo x >> a"]),
    ],
)
def test_an_outcome_counts_if_it_ends_the_script(text: str, expected: list[str]) -> None:
    # The words `exit 1` are no command.
    assert outcomes(text) == [each for each in expected if not each.startswith("exit")]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("ready || exit 1", ["x ?", "y"]),
        ("if ! ready; then exit 1; fi", ["x ?", "y"]),
        ("if ready; then exit 1; fi", ["x ?", "! y"]),
        ("if ready; then z; fi", ["x ?", "y ?", "z"]),
        ("ready", ["x", "y"]),
    ],
)
def test_of_a_function_in_a_condition_only_the_last_command_counts(
    call: str, expected: list[str]
) -> None:
    assert outcomes(f"ready() {{\n  x\n  y # last\n}}\n{call}\n") == expected


@pytest.mark.parametrize(
    ("function", "commands"),
    [
        ("same() { cmp -s a b; }\nif same; then z; fi", ["z"]),
        ("same() { cmp -s a b; }\nif same; then exit 1; fi", ["! cmp -s a b"]),
        ("same() { diff a b; }\nsame", ["diff a b"]),
        ("same() { diff a b; }\nsame || true", ["diff a b ?"]),
    ],
)
def test_a_function_that_only_compares_for_a_branch_is_no_command(
    function: str, commands: list[str]
) -> None:
    assert outcomes(function) == commands


def test_a_program_that_must_fail_prepares_nothing_and_is_named(tmp_path: Path) -> None:
    lines = ("if ./unfinished.sh; then exit 1; fi", "! ./broken.sh && echo ok", "pytest")
    found = loaded(tmp_path, {**django(), **workflow(*lines)})
    assert not found.config.tests.before
    (warning,) = (text for text in found.warnings if "runs checks that the plan" in text)
    assert "'! ./unfinished.sh'" in warning
    assert "'! ./broken.sh'" in warning


IN_DOCKER = "if [ -f /.dockerenv ]; then pytest inside; else pytest outside; fi"
ON_RUNNER = {"runs_on": "ubuntu-latest"}
COMPOSE = {
    "compose.yml": "services: {web: {build: ., volumes: ['.:/app'], command: ./t.sh}}\n",
    "Dockerfile": "FROM python:3.13\nWORKDIR /app\n",
    "t.sh": f"#!/bin/sh\n{IN_DOCKER}\n",
}


@pytest.mark.parametrize(
    ("ci", "found"),
    [
        (workflow(IN_DOCKER, **ON_RUNNER), ["pytest outside"]),
        (workflow(IN_DOCKER, **ON_RUNNER, container="python:3.13"), ["pytest inside"]),
        (workflow("test ! -e /.dockerenv && pytest outside", **ON_RUNNER), ["pytest outside"]),
        (workflow(IN_DOCKER, runs_on="self-hosted"), ["pytest inside", "pytest outside"]),
        (workflow("./t.sh", **ON_RUNNER), ["pytest outside"]),
        (workflow("docker compose run web ./t.sh", **ON_RUNNER), ["pytest inside"]),
        (workflow("docker compose run web bash -c ./t.sh", **ON_RUNNER), ["pytest inside"]),
        (workflow("docker compose up --exit-code-from web", **ON_RUNNER), ["pytest inside"]),
    ],
)
def test_a_script_may_ask_whether_it_runs_in_a_container(
    ci: dict[str, str], found: list[str]
) -> None:
    assert suite_of({**COMPOSE, "manage.py": "", **ci}) == found
