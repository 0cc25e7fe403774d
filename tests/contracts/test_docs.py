"""What the documents say is what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from heroci_action.config import documentation
from heroci_action.config.model import Config
from heroci_action.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(language: str) -> list[tuple[str, str]]:
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        (f"{path.name}:{number}", text)
        for path in DOCUMENTS
        for number, text in enumerate(pattern.findall(path.read_text()))
    ]


def test_the_reference_of_the_configuration_is_current() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == documentation.text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize(("name", "text"), blocks("toml"))
def test_every_example_of_a_configuration_is_valid(name: str, text: str) -> None:
    Config.model_validate(tomllib.loads(text)["tool"]["heroci"], by_alias=True, by_name=False)


@pytest.mark.parametrize(("name", "text"), blocks("yaml"))
def test_every_example_of_a_workflow_is_valid_yaml(name: str, text: str) -> None:
    assert yaml.safe_load(text)["jobs"]


def test_the_readme_has_every_exit_code() -> None:
    section = (ROOT / "README.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
    assert {int(number) for number in re.findall(r"^\| (\d+) ", section, re.MULTILINE)} == set(
        ExitCode
    )


def test_the_readme_names_the_two_commands_and_they_are_there() -> None:
    text = (ROOT / "README.md").read_text()
    for script in ("./scripts/run-dagger-ci.sh", "./scripts/run-tests.sh"):
        assert script in text
        assert (ROOT / script).stat().st_mode & 0o111


def test_no_document_names_a_place_on_a_developers_machine() -> None:
    for path in DOCUMENTS:
        assert not re.search(r"/(?:root|home/\w+|work|Users)/", path.read_text()), path
