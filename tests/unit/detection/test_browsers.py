"""Browsers of Playwright that the CI downloads before its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

PACKAGES = {"requirements.txt": "django\npytest-playwright\n"}


def warnings(root: Path, files: dict[str, str], **overrides: object) -> list[str]:
    found = loaded(root, {**django(), **files}, **overrides).warnings
    return [text for text in found if "Playwright" in text]


@pytest.mark.parametrize(
    "line",
    ["playwright install", "python -m playwright install --with-deps chromium", "uv run playwright install"],
)  # fmt: skip
def test_browsers_that_only_the_ci_downloads_are_one_warning(tmp_path: Path, line: str) -> None:
    (text,) = warnings(tmp_path, {**PACKAGES, **workflow(line, "pytest")})
    assert f"'{line}'" in text
    assert "tests.before" in text


def test_the_warning_suggests_the_lines_before_the_tests(tmp_path: Path) -> None:
    lines = workflow("touch a.css", "uv run playwright install chromium", "pytest")
    found = loaded(tmp_path, {**django(), **PACKAGES, **lines})
    (suggested,) = (each.lines for each in found.facts.suggestions if "Playwright" in each.why)
    assert suggested == ('tests.before = ["touch a.css", "playwright install chromium"]',)


@pytest.mark.parametrize(
    ("files", "overrides"),
    [
        ({"requirements.txt": "django\n", **workflow("npx playwright install", "pytest")}, {}),
        ({**PACKAGES, **workflow("pytest")}, {}),
        (
            {**PACKAGES, **workflow("playwright install", "pytest")},
            {"tests.before": ["playwright install"]},
        ),
    ],
)
def test_no_browsers_are_missing(
    tmp_path: Path, files: dict[str, str], overrides: dict[str, object]
) -> None:
    assert warnings(tmp_path, files, **overrides) == []
