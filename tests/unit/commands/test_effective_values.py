from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from heroci_action.commands.effective_values import with_values
from heroci_action.project import load
from tests.unit.detection.projects import django, loaded

SETTINGS = """
    import os
    SECRET_KEY = os.environ["KEY"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["H"],
        "USER": "me", "PORT": os.environ["P"]}}
"""
FILES = {
    **django(SETTINGS),
    "requirements.txt": "django\npsycopg\nflake8\n",
    ".flake8": "[flake8]\n",
    ".github/workflows/ci.yml": """
        jobs:
          test:
            steps:
              - run: mkdir -p "a b"
              - run: python manage.py test --tag 'x "y"' shop
    """,
}


def test_a_written_plan_is_the_detected_plan(tmp_path: Path) -> None:
    before = loaded(tmp_path, FILES)
    text, left = with_values("", before)
    (tmp_path / "heroci.toml").write_text(text)
    after = load(tmp_path)
    assert left == ()
    assert after.config == before.config
    assert not [key for key, origin in after.origins.items() if origin.startswith("detected")]
    assert with_values(text, after) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "fail-fast = true  # mine\n",
        "# mine\n[tests]\ncoverage = false # mine\n\n[env]\nMORE = '1'\n",
        "[services.postgres]\nversion = '15' # mine\n\n[[integration.checks]]\npath = '/'\n",
        "[stages.extra]\nsteps = [\n  'x', # mine\n]\n",
        "env = { MORE = '1' } # mine\n",
        "fail-fast = true # mine",
    ],
)
def test_values_are_added_to_a_file_without_changing_it(tmp_path: Path, text: str) -> None:
    before = loaded(tmp_path, {**FILES, "heroci.toml": text})
    written, left = with_values(text, before)
    (tmp_path / "heroci.toml").write_text(written)
    assert load(tmp_path).config == before.config
    assert [line for line in text.splitlines() if line not in written.splitlines()] == []
    assert all(key.startswith("env.") for key in left)
    assert bool(left) is text.startswith("env =")


@pytest.mark.parametrize("table", ["[tool.heroci]\nfail-fast = true\n", "[tool.heroci.tests]\n"])
def test_values_are_added_to_the_table_of_a_pyproject(tmp_path: Path, table: str) -> None:
    text = f"[project]\nname = 'x'\n\n{table}\n[tool.other]\na = 1\n"
    before = loaded(tmp_path, {**FILES, "pyproject.toml": text})
    written, left = with_values(text, before, table=("tool", "heroci"))
    assert left == ()
    (tmp_path / "pyproject.toml").write_text(written)
    assert load(tmp_path).config == before.config
    assert tomllib.loads(written)["tool"]["other"] == {"a": 1}
