"""Commands of Django with the settings of the tests, in a real Django."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.probes.projects import MANAGE, PROBES, SETTINGS, Project

ASKING = f"""{SETTINGS}
import sys
if CONDITION:
    ROOT_URLCONF = "urls"
else:
    MAIL = os.environ["MAIL"]
"""


@pytest.mark.parametrize(
    ("condition", "runner", "code"),
    [
        ('sys.argv[1:2] == ["test"]', "django", 0),
        ('sys.argv[1:2] == ["test"]', "pytest", 1),
        ('"pytest" in sys.modules', "pytest", 0),
        ('"pytest" in sys.modules', "django", 1),
        ('any("pytest" in word for word in sys.argv)', "pytest", 0),
    ],
)
def test_a_command_has_the_settings_that_the_runner_would_load(
    tmp_path: Path, python: Path, condition: str, runner: str, code: int
) -> None:
    files = {
        "manage.py": MANAGE,
        "settings.py": ASKING.replace("CONDITION", condition),
        "urls.py": "urlpatterns = []",
        "shop/__init__.py": "",
    }
    project = Project(root=tmp_path, python=python).write(files)
    program = str(PROBES / "heroci_as_tests.py")
    done = project.run(program, "manage.py", "check", env={"HEROCI_AS_TESTS": runner})
    assert done.code == code, done.output
    assert ("no issues" if code == 0 else "KeyError: 'MAIL'") in done.output
