"""Without a CI service, the target of make that runs the tests says what else has to pass."""

from __future__ import annotations

from pathlib import Path

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

MAKE = """
    test: lint unit
    lint:
    \tpoetry check
    \tflake8 mysite
    \tbandit -r mysite
    \tnpx jest
    unit:
    \tpython manage.py test
"""
FILES = {**django(), "Makefile": MAKE, "requirements.txt": "django\n"}


def test_the_checks_of_the_target_are_planned_or_named(tmp_path: Path) -> None:
    found = loaded(tmp_path, FILES)
    assert set(found.config.lint) == {"flake8", "bandit"}
    (warning,) = (text for text in found.warnings if "runs checks that the plan" in text)
    assert "'poetry check' (Makefile)" in warning
    assert "'npx jest' (Makefile)" in warning
    assert found.config.stages.get("lint") is None


def test_a_target_with_checks_does_not_speak_for_another_ci(tmp_path: Path) -> None:
    found = loaded(tmp_path, {**FILES, **workflow("flake8 .", "python manage.py test")})
    assert set(found.config.lint) == {"flake8"}
    assert not [text for text in found.warnings if "jest" in text]


def test_make_beside_tox_is_not_another_leg(tmp_path: Path) -> None:
    files = {
        "tox.ini": "[tox]\nenvlist = py312\n[testenv]\ncommands = pytest\n",
        "Makefile": "test:\n\ttox\n",
    }
    found = loaded(tmp_path, {**django(), **files, "requirements.txt": "django\npytest\n"})
    assert not [text for text in found.warnings if "also runs the suite" in text]
