"""What settings ask about their process: whether tests run, and which program runs them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from heroci_action.detection.sources.runner_process import RunnerProcess
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import FIELDS, django, loaded

DJANGO = RunnerProcess(runner="django", arguments=("shop", "--tag=fast"))
PYTEST = RunnerProcess(runner="pytest", arguments=("-x", "shop"))


@pytest.mark.parametrize(
    ("condition", "in_django", "in_pytest"),
    [
        ("'test' in sys.argv", True, False),
        ("'test' not in sys.argv", False, True),
        ("len(sys.argv) > 1 and sys.argv[1] == 'test'", True, False),
        ("sys.argv[1:2] == ['test']", True, False),
        ("'test' == sys.argv[1]", True, False),
        ("sys.argv[-1] == 'shop'", False, True),
        ("'pytest' in sys.modules", False, True),
        ("'test' in sys.argv or 'pytest' in sys.modules", True, True),
        ("any('pytest' in word for word in sys.argv)", False, True),
        ("any(word in sys.argv for word in ('test', 'jenkins'))", True, False),
        ("any(word.startswith('--tag') for word in sys.argv)", True, False),
        ("sys.argv[0].endswith(('pytest', 'py.test'))", False, True),
        ("os.path.basename(sys.argv[0]) in {'pytest', 'py.test'}", False, True),
        ("'PYTEST_CURRENT_TEST' in os.environ", False, False),
        ("not os.environ.get('PYTEST_CURRENT_TEST')", True, True),
        ("'test' in sys.argv and os.environ['X']", None, False),
        ("'test' in sys.argv or DEBUG", True, None),
        ("'coverage' in sys.modules", None, None),
        ("os.environ.get('TESTING')", None, None),
        ("DEBUG", None, None),
    ],
)
def test_a_condition_on_the_process_is_decided(
    condition: str, in_django: bool | None, in_pytest: bool | None
) -> None:
    test = ast.parse(condition, mode="eval").body
    assert DJANGO.truth(test) is in_django
    assert PYTEST.truth(test) is in_pytest
    assert RunnerProcess().truth(test) is None


BY_ARGUMENT = f"""
    import os
    from sys import argv
    TESTING = "test" in argv
    DATABASES = {{"default": {{{FIELDS}}}}}
    if TESTING:
        DATABASES["default"] = {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""
JOB = """
    on: push
    jobs:
      test:
        services: {{postgres: {{image: "postgres:16"}}}}
        steps:
          - run: pip install -r requirements.txt
          - run: {line}
            env: {{P_NAME: shop, P_USER: shop, P_PASSWORD: shop, P_HOST: localhost}}
"""


@pytest.mark.parametrize(
    ("line", "services"),
    [("python manage.py test", []), ("pytest", ["postgres"]), ("pytest test", [])],
)
def test_the_database_is_that_of_the_process_of_the_tests(
    tmp_path: Path, line: str, services: list[str]
) -> None:
    files = {
        **django(BY_ARGUMENT),
        "requirements.txt": "django\npsycopg[binary]\npytest-django\n",
        "test/test_sums.py": "",
        ".github/workflows/ci.yml": JOB.format(line=line),
    }
    assert list(loaded(tmp_path, files).config.services) == services


def test_the_branch_of_another_process_needs_no_variables(tmp_path: Path) -> None:
    settings = """
        import os, sys
        MODE = "tests" if sys.argv[1:2] == ["test"] else os.environ["SHOP_MODE"]
        """
    files = {**django(settings), **workflow("python manage.py test")}
    project = loaded(tmp_path, files)
    assert "SHOP_MODE" not in " ".join(project.warnings)
    assert project.facts.asks_process
