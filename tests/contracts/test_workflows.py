"""The workflows pass linters, schemas and our rules; the release script checks its source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from heroci_action.version import __version__
from tests.contracts.linters import IGNORED, actionlint_program

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def triggers(path: Path) -> dict[str, Any]:
    """Return the triggers of a workflow; YAML 1.1 parses the key `on` as a boolean."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return dict(content[True])


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def actionlint() -> str:
    return actionlint_program()


def test_actionlint_finds_nothing(actionlint: str) -> None:
    ignored = [word for pattern in IGNORED for word in ("-ignore", pattern)]
    done = run(actionlint, "-no-color", *ignored, *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_detects_an_unknown_input(actionlint: str, tmp_path: Path) -> None:
    run("git", "init", "--quiet", cwd=tmp_path)
    (tmp_path / ".github/workflows").mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", tmp_path)
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    workflow = tmp_path / ".github/workflows/ci.yml"
    workflow.write_text(text.replace("engine: ${{", "engin: ${{"))
    done = run(actionlint, "-no-color", workflow, cwd=tmp_path)
    assert 'input "engin" is not defined' in done.stdout, done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    done = run(zizmor, "--offline", "--no-progress", "--pedantic", *WORKFLOWS, "action.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "action.yml"),
        *(("vendor.github-workflows", str(path.relative_to(ROOT))) for path in WORKFLOWS),
    ],
)
def test_github_files_match_their_schemas(schema: str, file: str) -> None:
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shell_steps_pass_shellcheck(tmp_path: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    for path in WORKFLOWS:
        for job, content in load(path)["jobs"].items():
            for number, step in enumerate(content.get("steps", [])):
                if "run" in step:
                    script = tmp_path / f"{path.stem}-{job}-{number}.sh"
                    script.write_text(f"#!/bin/bash\nset -e -o pipefail\n{step['run']}\n")
    done = run(
        shellcheck,
        "-x",
        *sorted(tmp_path.glob("*.sh")),
        *sorted((ROOT / "scripts").glob("run-*.sh")),
    )
    assert done.returncode == 0, done.stdout + done.stderr


PIN = re.compile(r"([\w-]+/[\w-]+)[\w/-]*(@[0-9a-f]{40} # v\d+\.\d+\.\d+)$")
# Other files that name actions: documents, the template of `heroci init`, and the tests with act.
NAMING = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("tests/act/*.py"))


def test_every_external_action_is_pinned_by_commit_with_a_version_comment() -> None:
    for file in (*WORKFLOWS, *NAMING):
        for line in file.read_text().splitlines():
            used = re.search(r"^ *(?:- )?uses: (?!\./|OWNER/|\$|\{)(.*)", line)
            assert not used or PIN.fullmatch(used[1]), f"{file.name}: {line}"


def test_all_pins_of_an_action_are_equal() -> None:
    pins: dict[str, dict[str, set[str]]] = {}
    for file in (*WORKFLOWS, *NAMING, ROOT / "heroci_action/commands/workflow_file.py"):
        for line in file.read_text().splitlines():
            if match := PIN.search(line.rstrip('"')):
                pins.setdefault(match[1], {}).setdefault(match[2], set()).add(file.name)
    assert {"workflow_file.py", "ci.yml", "action.md"} <= set().union(
        *pins["actions/checkout"].values()
    )
    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


def test_permissions_are_minimal() -> None:
    written = {}
    for path in WORKFLOWS:
        workflow = load(path)
        assert workflow["permissions"] == {}
        for name, job in workflow["jobs"].items():
            assert job["timeout-minutes"]
            writes = {key for key, value in job["permissions"].items() if value != "read"}
            if writes:
                written[path.stem, name] = writes
    assert written == {
        ("release", "image"): {"packages", "id-token", "attestations"},
        ("release", "package"): {"id-token", "attestations"},
        ("release", "release"): {"contents"},
        ("pages", "site"): {"pages", "id-token"},
    }


def test_shell_scripts_contain_no_expressions() -> None:
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            for step in job.get("steps", []):
                assert "${{" not in step.get("run", ""), f"{path.name}: {step['run']}"


# Inputs of other commands, of the API (callers would have to grant its permissions), and what the workflow sets.
NOT_OF_A_CALL = {
    "command", "junit", "coverage", "lint", "path-prefix", "results",
    "token", "check-run", "comment",
    "baseline", "cache-dir", "output",
}  # fmt: skip
# The workflow means something else: a limit of the job, a cache that it keeps between jobs.
OF_THE_WORKFLOW = {"runs-on", "artifact", "keep-baseline", "timeout-minutes", "cache"}


def test_the_reusable_workflow_has_the_inputs_and_outputs_of_the_action() -> None:
    path = ROOT / ".github/workflows/django.yml"
    action, call = load(ROOT / "action.yml"), triggers(path)["workflow_call"]
    job = load(path)["jobs"]["heroci"]
    (step,) = (step for step in job["steps"] if step.get("uses") == "./.git/heroci")
    wanted = {name for name in action["inputs"] if name not in NOT_OF_A_CALL | OF_THE_WORKFLOW}

    assert set(call["inputs"]) == wanted | OF_THE_WORKFLOW
    for name in wanted:
        told, given = action["inputs"][name], call["inputs"][name]
        assert given["description"] == told["description"], name
        default = given["default"]
        shown = str(default).lower() if isinstance(default, bool) else default
        assert shown == told["default"], name
        assert step["with"][name] == f"${{{{ inputs.{name} }}}}"
    outputs = {name for name in action["outputs"] if not name.endswith("-path")}
    assert set(call["outputs"]) == set(job["outputs"]) == outputs


def test_manual_release_is_a_dry_run_by_default() -> None:
    inputs = triggers(ROOT / ".github/workflows/release.yml")["workflow_dispatch"]["inputs"]
    assert inputs["dry-run"]["default"] is True


class TestRelease:
    """Run scripts/release.py on a copy of the files that it reads."""

    DIGEST = f"ghcr.io/octo/heroci@sha256:{'a1' * 32}"

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        for name in (
            "scripts/release.py",
            "heroci_action/version.py",
            "CHANGELOG.md",
            "action.yml",
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
        log = tmp_path / "CHANGELOG.md"
        section = f"## Unreleased\n\n## {__version__} - 2030-01-31\n\n### Added\n\n* Wings\n\n## 0.0.1\n\n* Feet\n"
        log.write_text(log.read_text().split("## Unreleased")[0] + section)
        return tmp_path

    def release(self, source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(sys.executable, "scripts/release.py", *arguments, cwd=source)

    @pytest.mark.parametrize("given", ["{}", "v{}", "release/v{}"])
    def test_accepts_the_version_of_the_source(self, source: Path, given: str) -> None:
        done = self.release(source, "check", given.format(__version__))
        assert done.stdout == f"{__version__}\n", done.stderr

    @pytest.mark.parametrize("given", ["", "1", "9.9.9", "0.1.0; rm -rf /", "0.1", "latest"])
    def test_rejects_any_other_version(self, source: Path, given: str) -> None:
        done = self.release(source, "check", given)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert done.stdout == ""

    def test_rejects_a_version_without_changelog_section(self, source: Path) -> None:
        (source / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n")
        done = self.release(source, "check", __version__)
        assert "CHANGELOG.md has no section" in done.stderr

    def test_notes_are_the_changelog_section(self, source: Path) -> None:
        done = self.release(source, "notes", f"v{__version__}")
        assert done.stdout == "### Added\n\n* Wings\n"

    def test_action_runs_the_image_by_digest(self, source: Path) -> None:
        before = load(source / "action.yml")
        assert self.release(source, "pin", self.DIGEST).returncode == 0
        after = load(source / "action.yml")
        assert after.pop("runs") == {"using": "docker", "image": f"docker://{self.DIGEST}"}
        before.pop("runs")
        assert after == before
        schema = ("--builtin-schema", "vendor.github-actions", source / "action.yml")
        assert run(sys.executable, "-m", "check_jsonschema", *schema).returncode == 0
        linted = run(Path(sys.executable).parent / "zizmor", "--offline", source / "action.yml")
        assert linted.returncode == 0, linted.stdout

    def test_the_repository_replaces_every_placeholder(self, source: Path) -> None:
        for path in (ROOT / "README.md", ROOT / "mkdocs.yml", ROOT / "pyproject.toml"):
            shutil.copy(path, source)
        shutil.copytree(ROOT / "docs", source / "docs")
        done = self.release(source, "name", "acme/heroci")
        action = f"acme/heroci@v{__version__}"

        assert done.stdout == f"{action}\n", done.stderr
        assert f'ACTION = "{action}"' in (source / "heroci_action/version.py").read_text()
        assert f"uses: {action}\n" in (source / "README.md").read_text()
        assert (
            'Source = "https://github.com/acme/heroci"' in (source / "pyproject.toml").read_text()
        )
        texts = [path for path in source.rglob("*.*") if path.suffix in (".md", ".yml", ".toml")]
        left = "\n".join(path.read_text() for path in texts)
        assert not re.findall(r"OWNER/heroci|OWNER\.github|@COMMIT", left)
        assert "pip install 'heroci[postgres]'\n" in left

    def test_a_text_that_is_no_repository_is_rejected(self, source: Path) -> None:
        assert self.release(source, "name", "https://github.com/acme/heroci").returncode == 1

    @pytest.mark.parametrize(
        "image", ["ghcr.io/o/h:v1", "ghcr.io/o/h@sha256:abc", "@sha256:" + "a" * 64]
    )
    def test_rejects_an_image_without_digest(self, source: Path, image: str) -> None:
        before = (source / "action.yml").read_bytes()
        assert self.release(source, "pin", image).returncode == 1
        assert (source / "action.yml").read_bytes() == before
