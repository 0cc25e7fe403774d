"""The documents and the code agree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from heroci_action.config import documentation
from heroci_action.config.model import Config
from heroci_action.errors import ExitCode
from tests.contracts.errors import raised_texts
from tests.contracts.linters import IGNORED, actionlint_program
from tests.end_to_end.program import environment
from tests.end_to_end.projects import write

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

# The document whose examples need projects of their own: tests/end_to_end/test_recipes.py executes them.
EXECUTED_ELSEWHERE = "recipes.md:"

# Commands in the documents that no test executes, with the reason. All others are executed.
NOT_EXECUTED = {
    "./scripts/run-tests.sh": "runs this test",
    "./scripts/run-dagger-ci.sh": "installs everything again; the test of the action runs the same project",
    **dict.fromkeys(
        (
            "heroci run --failed",
            "heroci run --stages tests -- -k cart --maxfail 1",
            "heroci run --stages tests -- shop.tests.CartTests",
            "heroci run --python 3.12 --env PAYMENT_API_KEY",
            "heroci run --project apps/api",
            "heroci run --project api",
        ),
        "the tests of the program run them on other projects",
    ),
    "pip install '.[postgres]'": "test_installation installs the checkout's wheel",
}

JUNIT = '<testsuite name="s"><testcase classname="shop.tests" name="test_name" time="0.1"/></testsuite>\n'


def blocks(*languages: str) -> list[tuple[str, str]]:
    """Return the name and text of each fenced block in one of the languages."""
    pattern = re.compile(rf"^```(?:{'|'.join(languages)})\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        (f"{path.name}:{number}", text)
        for path in DOCUMENTS
        for number, text in enumerate(pattern.findall(path.read_text()))
    ]


def workflows() -> list[tuple[str, str]]:
    """Return the examples of workflows for GitHub."""
    return [(name, text) for name, text in blocks("yaml") if "\njobs:" in text]


def commands() -> list[tuple[str, str]]:
    """Return each command of a shell block or an indented block, without comments."""
    found = [
        (name, line)
        for name, text in blocks("sh", "bash")
        for line in text.splitlines()
        if not name.startswith(EXECUTED_ELSEWHERE)
    ]
    for path in DOCUMENTS:
        outside = re.sub(r"(?ms)^```.*?^```", "", path.read_text())
        indented = re.findall(
            r"^ {4}((?:heroci|\./|pip|python|docker|git) .*)$", outside, re.MULTILINE
        )
        found += [(path.name, line) for line in indented]
    return [(name, re.sub(r"\s+#.*", "", line).strip()) for name, line in found if line.strip()]


def test_configuration_reference_is_current() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == documentation.text()


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub generates for the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_resolves(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", path.read_text()):
        if "://" not in target:
            file = path.parent / target if target else path
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def test_index_lists_every_document() -> None:
    index = (ROOT / "docs/README.md").read_text()
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name == "README.md" or f"]({path.name})" in index, path.name


@pytest.mark.parametrize(("name", "text"), blocks("toml"))
def test_every_example_of_a_configuration_is_valid(name: str, text: str) -> None:
    Config.model_validate(tomllib.loads(text)["tool"]["heroci"], by_alias=True, by_name=False)


def test_every_code_block_has_a_tested_language() -> None:
    for path in DOCUMENTS:
        fences = re.findall(r"^ *```(.*)$", path.read_text(), re.MULTILINE)
        assert set(fences[::2]) <= {
            "sh",
            "yaml",
            "toml",
            "python",
            "text",
            "console",
            "groovy",
        }, path.name
        assert set(fences[1::2]) <= {""}, path.name


@pytest.mark.parametrize(("name", "text"), blocks("python"))
def test_every_python_example_runs(name: str, text: str) -> None:
    if name.startswith(EXECUTED_ELSEWHERE):
        compile(text, name, "exec")
        return
    exec(compile(text, name, "exec"), {})  # noqa: S102  our own documents


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a repository that contains this action, for examples with `uses: ./`."""
    root = tmp_path_factory.mktemp("github")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    for name in ("action.yml", "Dockerfile.action"):
        shutil.copy(ROOT / name, root)
    (root / ".github/workflows").mkdir(parents=True)
    shutil.copy(ROOT / ".github/zizmor.yml", root / ".github")
    return root


def workflow(text: str, github: Path) -> Path:
    """Write an example to a file, with a commit in place of the placeholder."""
    path = github / ".github/workflows/example.yml"
    path.write_text(text.replace("@COMMIT # vX.Y.Z", f"@{'0123456789' * 4} # v1.2.3"))
    return path


@pytest.mark.parametrize(("name", "text"), workflows())
def test_every_example_of_a_workflow_passes_schema_and_zizmor(
    name: str, text: str, github: Path
) -> None:
    path = workflow(text, github)
    schema = ("-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows")
    zizmor = Path(sys.executable).parent / "zizmor"
    for command in (
        [sys.executable, *schema, str(path)],
        [str(zizmor), "--offline", "--no-progress", str(path)],
    ):
        done = subprocess.run(command, cwd=github, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "text"), workflows())
def test_every_example_of_a_workflow_passes_actionlint(name: str, text: str, github: Path) -> None:
    ignored = [word for pattern in IGNORED for word in ("-ignore", pattern)]
    done = subprocess.run(
        [actionlint_program(), "-no-color", *ignored, str(workflow(text, github))],
        cwd=github,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exception_for_a_command_is_needed() -> None:
    assert set(NOT_EXECUTED) <= {command for _, command in commands()}


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the directory that the documents assume: a Django project, also at path/to/project, and report files."""
    root = tmp_path_factory.mktemp("somewhere")
    write(root / "path/to/project")
    write(root)
    for name in ("results/a/junit.xml", "junit.xml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(JUNIT)
    (root / "flake8.txt").write_text("")
    heroci("heroci run --engine host --skip image --output old", root)
    for name in ("coverage.xml", "coverage.json"):
        shutil.copy(root / "old" / name, root)
    for job in ("one", "two"):
        (root / "artifacts" / job).mkdir(parents=True)
        shutil.copy(root / "old/heroci-result.json", root / "artifacts" / job)
    return root


def heroci(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a document in a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "command"),
    [(name, command) for name, command in commands() if command not in NOT_EXECUTED],
)
def test_every_documented_command_works(name: str, command: str, somewhere: Path) -> None:
    done = heroci(command, somewhere)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_error_of_engines_and_command_line_is_documented() -> None:
    rows = [
        re.sub(r"[`*]", "", line.split("|")[1])
        for line in (ROOT / "docs/troubleshooting.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    missing = [
        text
        for text, pattern in raised_texts(ROOT / "heroci_action").items()
        if not any(pattern.search(row) for row in rows)
    ]
    assert missing == [], "docs/troubleshooting.md says nothing about these"


def test_the_site_has_every_page_and_no_broken_link(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "mkdocs"
    done = subprocess.run(
        [str(program), "build", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "search").is_dir()


def test_readme_lists_every_exit_code() -> None:
    section = (ROOT / "README.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
    assert {int(number) for number in re.findall(r"^\| (\d+) ", section, re.MULTILINE)} == set(
        ExitCode
    )


def test_readme_names_the_two_commands_and_they_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for script in ("./scripts/run-dagger-ci.sh", "./scripts/run-tests.sh"):
        assert script in text
        assert (ROOT / script).stat().st_mode & 0o111


def test_no_document_contains_a_local_path() -> None:
    for path in DOCUMENTS:
        assert not re.search(r"/(?:root|home/\w+|work|Users)/", path.read_text()), path
