"""Which files a test runner looks into."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.test_files import find_test_files
from heroci_action.repository.files import RepositoryFiles
from tests.unit.detection.projects import django, loaded

FILES = {
    **django(),
    "shop/__init__.py": "",
    "shop/tests.py": "",
    "shop/views.py": "",
    "shop/tests/__init__.py": "",
    "shop/tests/test_cart.py": "",
    "shop/tests/check_cart.py": "",
    "shop/no_package/test_lost.py": "",
    "build/test_copy.py": "",
}
PYTEST = "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, {"shop/tests.py", "shop/tests/test_cart.py"}),
        ({"heroci.toml": 'tests.args = ["shop.tests"]\n'}, {"shop/tests/test_cart.py"}),
        (
            {"heroci.toml": 'tests.args = ["--timing", "--pattern=check_*.py"]\n'},
            {"shop/tests/check_cart.py"},
        ),
        ({"heroci.toml": 'tests.args = ["--exclude-tag", "slow"]\n'}, set()),
        ({"heroci.toml": 'tests.args = ["shop.tests.CartTests"]\n'}, set()),
        ({"heroci.toml": 'tests.script = "manage.py"\n'}, set()),
        ({"pytest.ini": PYTEST}, {"shop/tests/test_cart.py", "shop/no_package/test_lost.py"}),
        ({"pytest.ini": f"{PYTEST}python_files = tests.py\n"}, {"shop/tests.py"}),
        ({"pytest.ini": f"{PYTEST}testpaths = shop/tests\n"}, {"shop/tests/test_cart.py"}),
        ({"pytest.ini": f"{PYTEST}addopts = -m 'not slow'\n"}, set()),
        ({"pytest.ini": PYTEST, "conftest.py": "collect_ignore = ['shop']\n"}, set()),
        (
            {"pytest.ini": PYTEST, "heroci.toml": 'tests.args = ["-n", "2", "shop/tests"]\n'},
            {"shop/tests/test_cart.py"},
        ),
        (
            {"pytest.ini": PYTEST, "heroci.toml": 'tests.args = ["shop/tests/test_cart.py"]\n'},
            set(),
        ),
    ],
)
def test_files_are_those_of_the_pattern_unless_the_arguments_choose_tests(
    tmp_path: Path, more: dict[str, str], found: set[str]
) -> None:
    project = loaded(tmp_path, {**FILES, "requirements.txt": "django\n", **more})
    assert find_test_files(project, RepositoryFiles.read(tmp_path)) == found
