"""Variables of a service that Compose fills with what only the CI knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import SQLITE, django, loaded

SETTINGS = f"import os\n{SQLITE}KEY = os.environ['API_KEY']\nMODE = os.getenv('MODE', 'dev')\n"
RUN = "docker compose run --rm web python manage.py test"


def files(key: str, run: str = RUN, given: str = "${{ secrets.S }}") -> dict[str, str]:
    compose = f"services:\n  web:\n    build: .\n    environment:\n      API_KEY: {key}\n      MODE: {key}\n"
    step = f"      - run: {run}\n        env: {{SECRET: '{given}'}}\n"
    jobs = f"on: push\njobs:\n  test:\n    steps:\n{step}"
    return {
        **django(SETTINGS),
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\nWORKDIR /app\nCOPY . .\n",
        ".github/workflows/ci.yml": jobs,
    }


@pytest.mark.parametrize("key", ["${SECRET}", "$SECRET", "a-${SECRET}-b", "${SECRET?}"])
@pytest.mark.parametrize(
    "run",
    [RUN, "docker compose up -d web && docker compose exec -T web python manage.py test"],
)
def test_a_secret_in_a_service_is_no_empty_value(tmp_path: Path, key: str, run: str) -> None:
    found = loaded(tmp_path, files(key, run))
    assert found.config.env == {}
    assert any("no value: API_KEY (" in text for text in found.warnings)
    assert "MODE=…" in {line.line for line in found.facts.left_out}


def test_a_known_value_fills_the_service(tmp_path: Path) -> None:
    env = loaded(tmp_path, files("${SECRET}", given="abc")).config.env
    assert env == {"API_KEY": "abc", "MODE": "abc"}


def test_a_variable_that_nothing_sets_is_empty_in_the_ci_of_the_file(tmp_path: Path) -> None:
    env = loaded(tmp_path, files("${OTHER}")).config.env
    assert env == {"API_KEY": "", "MODE": ""}


def test_a_compose_file_for_developers_gives_no_empty_value(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**files("${OTHER}"), ".github/workflows/ci.yml": ""})
    assert found.config.env == {}
    assert any("no value: API_KEY (" in text for text in found.warnings)


CIRCLECI = """
version: 2
jobs: {build: {machine: true, environment: {MODE: ci}, steps: [{run: "RUN"}]}}
"""
GITLAB = "variables: {MODE: ci}\ntest: {script: ['RUN']}\n"
TRAVIS = "env: {global: [MODE=ci]}\nscript: ['RUN']\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [(".circleci/config.yml", CIRCLECI), (".gitlab-ci.yml", GITLAB), (".travis.yml", TRAVIS)],
)
@pytest.mark.parametrize(
    "run", [RUN, "docker compose up -d && docker compose exec -T web python manage.py test"]
)
def test_a_variable_that_a_page_of_the_service_may_set_is_named(
    tmp_path: Path, path: str, text: str, run: str
) -> None:
    compose = "environment: {API_KEY: '${API_KEY}', MODE: '${MODE}', URL: 'http://${HOST:-web}'}"
    found = loaded(
        tmp_path,
        {
            **files("", run),
            "compose.yml": f"services: {{web: {{build: ., {compose}}}}}\n",
            ".github/workflows/ci.yml": "",
            path: text.replace("RUN", run),
        },
    )
    assert (found.config.env["API_KEY"], found.config.env["MODE"]) == ("", "ci")
    (warning,) = [text for text in found.warnings if "no file sets what" in text]
    assert warning.startswith("no file sets what Compose gives the tests as API_KEY, so")


def test_githubs_files_name_all_variables(tmp_path: Path) -> None:
    found = loaded(tmp_path, files("${OTHER}"))
    assert not any("no file sets what" in text for text in found.warnings)


@pytest.mark.parametrize("key", ["", "~", "null"])
def test_a_variable_without_a_value_has_the_one_outside(tmp_path: Path, key: str) -> None:
    run = f"MODE=slow {RUN}"
    made = {**files(key, run), ".env": "API_KEY=abc\nMODE=fast\n"}
    assert loaded(tmp_path, made).config.env == {"API_KEY": "abc", "MODE": "slow"}


def test_an_empty_text_is_a_value(tmp_path: Path) -> None:
    made = {**files('""'), ".env": "API_KEY=abc\n"}
    assert loaded(tmp_path, made).config.env == {"API_KEY": "", "MODE": ""}


@pytest.mark.parametrize("separator", [":", ","])
def test_the_file_that_the_ci_copies_names_the_compose_files(
    tmp_path: Path, separator: str
) -> None:
    line = f"cp .env.example .env && {RUN}"
    named = separator.join(("compose.yml", "compose.dev.yml"))
    made = {
        **files("", line),
        ".env.example": f"COMPOSE_FILE={named}\nCOMPOSE_PATH_SEPARATOR={separator}\nAPI_KEY=abc\n",
        "compose.dev.yml": "services: {web: {build: {args: {LIST: }}, environment: {MODE: dev}}}\n",
    }
    assert loaded(tmp_path, made).config.env == {"API_KEY": "abc", "MODE": "dev"}


@pytest.mark.parametrize(("args", "name"), [("{LIST: }", "dev"), ("[LIST]", "dev"), ("{}", "all")])
def test_an_argument_without_a_value_has_the_one_outside(
    tmp_path: Path, args: str, name: str
) -> None:
    dockerfile = "FROM python:3.13\nARG LIST=all\nCOPY . .\nRUN pip install -r $LIST.txt\n"
    compose = f"services: {{web: {{build: {{context: ., args: {args}}}}}}}\n"
    made = {**files("x"), "compose.yml": compose, "Dockerfile": dockerfile, ".env": "LIST=dev\n"}
    lists = {"dev.txt": "django\n", "all.txt": "django\n"}
    assert loaded(tmp_path, {**made, **lists}).config.requirements == (f"{name}.txt",)
