"""Unknown commands that must pass are named: after the tests, and programs of the project in other jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

PACKAGE = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[project.scripts]\nshop = "shop.cli:main"\n',
    "shop/__init__.py": "",
    "shop/cli.py": "def main(): ...\n",
    "shop/__main__.py": "",
    "requirements.txt": "django\n",
}


def project(root: Path, files: dict[str, str]) -> ProjectConfig:
    return loaded(root, {**django(), **PACKAGE, **files})


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("shop import-examples", True),
        ("python tools/report.py", True),
        ("openapi-thing schema.yml", True),
        ("python -m shop", True),
        ("npm run build", True),
        ("python manage.py install_shop", True),
        ("shop import-examples || true", False),
        ("shop export > out.json", False),
        ("[ -z $X ] && shop import-examples", False),
        ("coverage report", False),
        ("sed -i s/a/b/ coverage.xml", False),
        ("codecov", False),
        ("pip install twine", False),
        ("npm ci", False),
        ("npm run test", False),
        ("behave features", False),  # Another warning names it.
        ("sphinx-build docs out", False),
        ("docker build .", False),
    ],
)
def test_an_unknown_command_after_the_tests_is_named(
    tmp_path: Path, line: str, *, is_named: bool
) -> None:
    files = {
        "tools/report.py": "",
        "package.json": '{"scripts": {"build": "vite build", "test": "vite test"}}',
    }
    found = project(tmp_path, {**files, **workflow("python manage.py test", line)})
    named = [text for text in found.warnings if text.startswith("after its tests")]
    assert bool(named) is is_named
    if is_named:
        assert f"{line!r} (.github/workflows/ci.yml)" in named[0]
        assert f'stages.after-tests = {{ steps = ["{line}"] }}' in suggest_toml(found, Supported())


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("pip install . && shop import-examples", True),
        ("sh each.sh", True),
        ("uv run shop import-examples", True),
        ("python -m shop import-examples", True),
        ("shop import-examples > all.json", False),
        ("shop --version", False),
    ],
)
def test_a_program_of_the_project_in_another_job_is_named(
    tmp_path: Path, line: str, *, is_named: bool
) -> None:
    jobs = f"""
on: push
jobs:
  test:
    steps: [{{run: python manage.py test}}]
  examples:
    steps: [{{run: "{line}"}}]
"""
    loop = "for file in examples/*.yml; do\n  shop import-examples $file\ndone\n"
    files = {"each.sh": loop, "examples/a.yml": "", "examples/b.yml": ""}
    found = project(tmp_path, {**files, ".github/workflows/ci.yml": jobs})
    warned = "".join(text for text in found.warnings if "runs checks that the plan" in text)
    assert ("import-examples" in warned) is is_named
