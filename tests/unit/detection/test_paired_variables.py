"""A database whose address is in one variable of the CI, as pairs that the settings take apart by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.detection.sources.paired_entries import parse_pairs, with_pairs
from tests.unit.detection.projects import POSTGRES, SQLITE, django, loaded

PAIRS = f"ENGINE={POSTGRES}:NAME=shop:USER=u:PASSWORD=p:HOST=localhost:PORT=5432"
ADDRESS = (
    "NAME={postgres.db}:USER={postgres.user}:PASSWORD={postgres.password}"
    ":HOST={postgres.host}:PORT={postgres.port}"
)
DICT = 'dict(pair.split("=") for pair in os.environ["DB"].split(":"))'
PARSER = """
def parse(text):
    return {key: value for key, value in (pair.split("=", 1) for pair in text.split(":"))}
raw = os.getenv("DB")
if raw:
    DATABASES["default"] = parse(raw)
"""
BY_NAME = """
DATABASES = {"default": {"ENGINE": "django.db.backends." + os.environ.get("KIND", "sqlite3"), "NAME": "db"}}
DATABASES["default"].update(dict(pair.split("=") for pair in os.environ.get("DB", "").split(":") if pair))
"""


def project(settings: str, pairs: str, more: str = "") -> dict[str, str]:
    ci = f"""
        on: push
        jobs:
          test:
            services: {{postgres: {{image: "postgres:16", env: {{POSTGRES_PASSWORD: p}}, ports: ["5432:5432"]}}}}
            env: {{DB: "{pairs}"{more}}}
            steps: [{{run: python manage.py test}}]
    """
    files = {".github/workflows/ci.yml": ci, "requirements.txt": "django\npsycopg2\n"}
    return {**django(f"import os\n{settings}"), **files}


@pytest.mark.parametrize(
    ("settings", "pairs", "more", "found"),
    [
        (
            f'{SQLITE}if "DB" in os.environ:\n    DATABASES["default"] = {DICT}\n',
            PAIRS,
            "",
            ADDRESS,
        ),
        (f'DATABASES = {{"default": {DICT}}}\n', PAIRS, "", ADDRESS),
        (f"{SQLITE}{PARSER}", PAIRS, "", ADDRESS),
        (BY_NAME, PAIRS.partition(":")[2], ", KIND: postgresql", ADDRESS),
        (f"{SQLITE}{PARSER}", f"{PAIRS}:CONN_MAX_AGE=0", "", f"{ADDRESS}:CONN_MAX_AGE=0"),
    ],
)
def test_pairs_in_a_variable_get_the_address_of_the_server(
    tmp_path: Path, settings: str, pairs: str, more: str, found: str
) -> None:
    loaded_project = loaded(tmp_path, project(settings, pairs, more))
    assert list(loaded_project.config.services) == ["postgres"]
    assert loaded_project.config.env["DB"].removeprefix(f"ENGINE={POSTGRES}:") == found
    assert not [text for text in loaded_project.warnings if "SQLite" in text or "server" in text]


@pytest.mark.parametrize(
    ("settings", "pairs"),
    [
        (SQLITE, PAIRS),  # the settings do not read it
        (f'{SQLITE}QUEUE = os.environ["DB"]\n', "HOST=localhost:PORT=1"),
        (
            f'{SQLITE}DATABASES["default"] = {DICT}\n',
            "ENGINE=django.db.backends.sqlite3:NAME=x:HOST=",
        ),
        (f'{SQLITE}QUEUE = os.environ["DB"]\n', "HOST=localhost:PORT=1:NAME=jobs"),
    ],
)
def test_other_pairs_are_no_address_of_a_database(
    tmp_path: Path, settings: str, pairs: str
) -> None:
    assert "{postgres" not in loaded(tmp_path, project(settings, pairs)).config.env.get("DB", "")


def test_pairs_are_separated_by_any_sign() -> None:
    assert parse_pairs("host=db port=1  dbname=x") == {"host": "db", "port": "1", "dbname": "x"}
    assert with_pairs("A=1;B=2", {"B": "3", "C": "4"}) == "A=1;B=3"
    assert parse_pairs("postgres://u:p@db/x?a=b") == parse_pairs("A=1") == parse_pairs("") == {}
