"""An environment that another job installs, because the suite's own job installs no Django."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import django, loaded

SCRIPT = "virtualenv venv\nsource venv/bin/activate\npip install -r requirements/core.txt\n"


@pytest.mark.parametrize(
    ("own", "core", "installed"),
    [
        ("coverage", "Django==5.2", ("requirements/core.txt", "requirements/test.txt")),
        # A package may bring Django; and a job without Django is no better.
        ("wagtail", "Django==5.2", ("requirements/test.txt",)),
        ("coverage", "celery", ("requirements/test.txt",)),
    ],
)
def test_a_job_that_hands_its_environment_over_installs_for_the_tests(
    tmp_path: Path, own: str, core: str, installed: tuple[str, ...]
) -> None:
    ci = """
        image: python:3.12
        cache: {paths: [venv/]}
        installation: {script: [./setup.sh]}
        test:
          needs: [installation]
          script: [source venv/bin/activate, pip install -r requirements/test.txt, python manage.py test]
    """
    files = {
        "setup.sh": SCRIPT,
        "requirements/core.txt": core,
        "requirements/test.txt": own,
        ".gitlab-ci.yml": ci,
    }
    assert loaded(tmp_path, {**django(), **files}).config.requirements == installed
