"""Files that the CI writes from its secrets are named if the settings read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TESTS = "python manage.py test"
KEY = "${{ secrets.KEY }}"


def project(root: Path, *lines: str, **files: str) -> ProjectConfig:
    found = {**django(), "requirements.txt": "django\n", **files}
    settings = next(path for path in found if path.endswith("settings.py"))
    found[settings] += 'KEY = os.path.join(BASE_DIR, "keys", "key.json")\nload("keys/.env")\n'
    return loaded(root, {**found, **workflow(*lines, TESTS)})


def named(found: ProjectConfig) -> list[str]:
    return [text for text in found.warnings if "a value that only the CI knows" in text]


@pytest.mark.parametrize(
    "line",
    [
        f"echo '{KEY}' > keys/key.json",
        f"echo {KEY} | base64 -d > keys/key.json",
        f'if [ "$BRANCH" = main ]; then echo "{KEY}" > keys/key.json; fi',
        f"printf %s id={KEY} > keys/key.json",
        f"touch keys/key.json && echo '{KEY}' >> keys/key.json",
    ],
)
def test_a_file_of_a_secret_that_the_settings_read_is_named(tmp_path: Path, line: str) -> None:
    (warning,) = named(project(tmp_path, line))
    assert "writes keys/key.json with a value that only the CI knows, and " in warning
    assert "settings.py names it" in warning


@pytest.mark.parametrize(
    "lines",
    [
        ("echo '{}' > keys/key.json",),
        (f"echo '{KEY}' > keys/key.json", "echo '{}' > keys/key.json"),
        (f"echo '{KEY}' > keys/other.json",),
        # The variables in it have warnings of their own.
        (f"echo 'KEY={KEY}' > keys/.env",),
    ],
)
def test_other_files_are_not_named(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert named(project(tmp_path, *lines)) == []


def test_init_proposes_the_line_and_the_warning_ends_with_it(tmp_path: Path) -> None:
    line = f"echo '{KEY}' > keys/key.json"
    text = suggest_toml(project(tmp_path, line), Supported())
    assert "echo '…' > keys/key.json" in text
    configured = {"heroci.toml": "tests.before = [\"echo '{}' > keys/key.json\"]\n"}
    assert named(project(tmp_path, line, **configured)) == []
