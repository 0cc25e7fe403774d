"""Tests behind a variable of which only the CI knows the value are the suite, with a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import suite_of, workflow
from tests.unit.detection.projects import django, loaded

SCRIPT = {"t.sh": "$PREFIX pytest -x mysite\n"}
TOX = {"tox.ini": "[testenv]\ncommands = {env:RUN:} pytest -x\n"}


@pytest.mark.parametrize(
    "files",
    [
        {**workflow("./t.sh"), "t.sh": "$PREFIX pytest -x\n"},
        {**workflow("./t.sh"), "t.sh": "${PREFIX}pytest -x\n"},
        {**workflow("./t.sh pytest -x"), "t.sh": 'exec $PREFIX "$@"\n'},
        {**workflow("./t.sh"), "t.sh": "if uv --version; then R=uv; else R=; fi\n$R pytest -x\n"},
        {**workflow("make t"), "Makefile": "RUN := $(shell ./run.sh)\nt:\n\t$(RUN) pytest -x\n"},
        {**workflow("npm test"), "package.json": '{"scripts": {"test": "$RUN pytest -x"}}'},
        {**workflow("tox"), **TOX},
    ],
)
def test_tests_behind_a_variable_are_the_suite(files: dict[str, str]) -> None:
    assert suite_of({**files, "manage.py": ""}) == ["pytest -x"]


def warnings(found: ProjectConfig) -> list[str]:
    return [text for text in found.warnings if "in front of the tests" in text]


def test_what_starts_the_tests_is_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**django(), **workflow("./t.sh"), **SCRIPT})
    assert found.config.tests.args == (("mysite",),)
    (text,) = warnings(found)
    assert "'…' pytest -x mysite" in text


def test_a_known_launcher_is_no_warning(tmp_path: Path) -> None:
    files = {**django(), **workflow("RUN='uv run' ./t.sh"), "t.sh": "$RUN pytest -x\n"}
    assert not warnings(loaded(tmp_path, files))
