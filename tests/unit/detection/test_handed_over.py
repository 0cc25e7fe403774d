"""Lines of another job that makes files for the tests are named and proposed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from heroci_action.project import ProjectConfig, load
from tests.unit.detection.projects import django, loaded

CI = """
on: push
jobs:
  assets:
    steps:
      - uses: actions/checkout@v4
      - run: npm ci
      - run: npm run lint
      - run: npm run build
      - {uses: actions/upload-artifact@v4, with: {name: dist, path: static}}
  wheels:
    steps:
      - run: python -m build
      - {uses: actions/upload-artifact@v4, with: {name: wheels}}
  other:
    steps: [{run: npm run theme}, {uses: actions/upload-artifact@v4, with: {name: theme}}]
  tests:
    needs: [assets, wheels]
    steps:
      - DOWNLOAD
      - run: python manage.py collectstatic
      - run: python manage.py test
"""
PACKAGE = '{"scripts": {"build": "vite build", "lint": "eslint .", "theme": "sass a b"}}'


def project(root: Path, download: str) -> ProjectConfig:
    step = f"{{uses: actions/download-artifact@v4{download}}}"
    files = {".github/workflows/ci.yml": CI.replace("DOWNLOAD", step), "package.json": PACKAGE}
    return loaded(root, {**django(), "requirements.txt": "django\n", **files})


def named(found: ProjectConfig) -> list[str]:
    return [text for text in found.warnings if "files that another job makes" in text]


@pytest.mark.parametrize("download", [", with: {name: dist, path: static}", ""])
def test_the_lines_that_make_the_files_are_proposed(tmp_path: Path, download: str) -> None:
    found = project(tmp_path, download)
    assert len(named(found)) == 1
    assert "'npm run build' in .github/workflows/ci.yml" in named(found)[0]
    text = suggest_toml(found, Supported())
    plain = "".join(f"{line.removeprefix('# ')}\n" for line in text.splitlines())
    before = tomllib.loads(plain)["tests"]["before"]
    assert before == ["npm ci", "npm run build", "python manage.py collectstatic"]
    (tmp_path / "heroci.toml").write_text(plain)
    assert named(load(tmp_path)) == []


def test_an_artifact_without_lines_that_make_files_is_no_warning(tmp_path: Path) -> None:
    assert named(project(tmp_path, ", with: {name: wheels}")) == []


def test_what_the_job_of_the_tests_does_as_well_is_not_handed_over(tmp_path: Path) -> None:
    download = "- {uses: actions/download-artifact@v4, with: {name: dist}}"
    lines = CI.replace("npm ci", "cp a.env b.env").replace("      - run: npm run build\n", "")
    lines = lines.replace("- DOWNLOAD", f"- run: cp a.env b.env\n      {download}")
    files = {".github/workflows/ci.yml": lines, "package.json": PACKAGE, "a.env": "A=1\n"}
    assert named(loaded(tmp_path, {**django(), **files})) == []


CACHE = "{uses: actions/cache@v4, with: {path: shop/templates/mail, key: mail}}"


@pytest.mark.parametrize(("needs", "is_named"), [("prepare", True), ("other", False)])
def test_files_in_a_cache_that_a_needed_workflow_fills_are_named(
    tmp_path: Path, needs: str, is_named: bool
) -> None:
    tests = f"""
on: push
jobs:
  prepare: {{uses: ./.github/workflows/prepare.yml}}
  other: {{steps: [{{run: npm run theme}}]}}
  tests:
    needs: [{needs}]
    steps:
      - {CACHE.replace("key: mail", "key: mail, fail-on-cache-miss: true")}
      - run: python manage.py test
"""
    prepare = f"""
on: workflow_call
jobs:
  mails:
    steps:
      - {CACHE.replace("{uses", "{id: mail, uses")}
      - {{run: npm ci, if: "steps.mail.outputs.cache-hit != 'true'"}}
      - {{run: npm run build, if: "steps.mail.outputs.cache-hit != 'true'"}}
"""
    upload = "on: push\njobs:\n  prepare: {uses: ./.github/workflows/prepare.yml}\n"
    files = {
        ".github/workflows/a.yml": upload,
        ".github/workflows/ci.yml": tests,
        ".github/workflows/prepare.yml": prepare,
        "package.json": PACKAGE,
    }
    found = named(loaded(tmp_path, {**django(), "requirements.txt": "django\n", **files}))
    assert [("'npm run build' in .github/workflows/prepare.yml" in text) for text in found] == (
        [True] if is_named else []
    )
