"""Calls that run nothing: the reason is one sentence, the exit code names the kind of error."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.program import COMMAND, call, environment, run
from tests.end_to_end.projects import write
from tests.unit.github.runner import obeyed


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A Django project."""
    return write(tmp_path / "shop", {"Dockerfile": 'FROM scratch\nEXPOSE 1\nCMD ["x"]\n'})


def configure(project: Path, text: str) -> None:
    """Replace the configuration of the project."""
    table = (project / "pyproject.toml").read_text().split("[tool.heroci]")[0]
    (project / "pyproject.toml").write_text(table)
    (project / "heroci.toml").write_text(text)


@pytest.mark.promise("a stage is requested and excluded in one call", "it is a usage error")
def test_a_stage_that_is_requested_and_excluded_is_a_usage_error(shop: Path) -> None:
    done = run(shop, "--stages", "lint,tests", "--skip", "tests")

    assert done.exit_code == 2
    assert "error: both --stages and --skip name 'tests'\n" in done.stderr
    assert not done.reports.exists()


@pytest.mark.promise("every requested stage is skipped", "the run fails with the reason")
def test_a_run_in_which_every_stage_is_skipped_says_why(shop: Path) -> None:
    done = call(
        *("run", "--engine", "host", "--stages", "image"),
        directory=shop,
        env=environment(DOCKER_HOST="tcp://127.0.0.1:1", GITHUB_ACTIONS="true"),
    )

    assert done.exit_code == 1
    (error,) = [found for found in obeyed(done.stdout) if found.name == "error"]
    assert error.message.startswith("every stage was skipped: image (")
    for name in ("summary.md", "report.html", "junit.xml"):
        assert "every stage was skipped: image" in (done.reports / name).read_text(), name


@pytest.mark.promise(
    "TMPDIR names a directory that does not exist",
    "it is a usage error that names it",
)
def test_a_temporary_directory_that_does_not_exist_is_named(shop: Path) -> None:
    done = run(shop, env=environment(TMPDIR="/no/such/place"))

    assert done.exit_code == 2
    assert "TMPDIR is not a writable directory: '/no/such/place'" in done.stderr


@pytest.mark.promise(
    "the configuration contains a workflow command",
    "`heroci plan` prints nothing that GitHub's runner takes for one",
)
def test_a_plan_contains_no_workflow_command(shop: Path) -> None:
    configure(
        shop,
        "[stages.odd]\nsteps = [\"echo '##[error]a'\\n::error::b\"]\nenv = { A = '##[warning]c' }\n",
    )

    text = call("plan", "--engine", "host", "--explain", directory=shop)
    record = call("plan", "--engine", "host", "--json", directory=shop)

    assert text.exit_code == record.exit_code == 0, text.stderr
    assert "##\u200b[error]a" in text.stdout
    assert obeyed(text.stdout) == obeyed(record.stdout) == []
    (stage,) = [one for one in json.loads(record.stdout)["plan"]["stages"] if one["name"] == "odd"]
    assert stage["env"]["A"] == "##[warning]c"


def test_a_plan_cuts_a_long_command_and_its_json_form_does_not(shop: Path) -> None:
    files = " ".join(f"shop/file_{number}.py" for number in range(100))
    configure(shop, f'[stages.odd]\nsteps = ["echo {files}"]\n')

    lines = call("plan", "--engine", "host", directory=shop).stdout.splitlines()
    record = call("plan", "--engine", "host", "--json", directory=shop).stdout

    (shown,) = [line for line in lines if "shop/file_1.py" in line]
    assert shown.endswith("…")
    assert len(shown) < 1_500
    assert "shop/file_99.py" in record


def test_the_host_engine_with_the_address_of_an_engine_is_a_contradiction(shop: Path) -> None:
    done = call("plan", "--engine", "host", "--runner-host", "tcp://127.0.0.1:1", directory=shop)

    assert done.exit_code == 2
    assert "error: --engine host and --runner-host contradict each other" in done.stderr


def test_a_misspelled_verb_gets_a_suggestion(tmp_path: Path) -> None:
    done = call("pln", directory=tmp_path)

    assert done.exit_code == 2
    assert "unknown verb 'pln'; did you mean 'plan'?" in done.stderr


def test_another_platform_gets_one_line() -> None:
    code = "import sys; sys.platform = 'win32'; from heroci_action.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == (
        "error: HeroCI runs on Linux and macOS, not on 'win32'; on Windows, use WSL\n"
    )


def test_a_table_of_tests_beside_a_stage_named_test_is_a_warning(shop: Path) -> None:
    configure(shop, '[stages.test]\nsteps = ["true"]\n[stages.docs]\nsteps = ["true"]\n')

    done = call("plan", "--engine", "host", directory=shop)

    (warning,) = re.findall(r"warning: (.*)", done.stdout)
    assert warning.startswith(
        "`stages.test` defines another stage beside the built-in stage 'tests'"
    )


def test_a_value_of_the_wrong_type_is_shown_in_its_right_form(shop: Path) -> None:
    configure(
        shop, 'services = "postgres"\nextras = "dev"\nfail-fast = "True"\nmax-parallel = "3"\n'
    )

    done = call("plan", "--engine", "host", directory=shop)

    assert done.exit_code == 2
    assert re.findall(r"remedy: write (.*)", done.stderr) == [
        'extras = ["dev"]',
        "fail-fast = true",
        "max-parallel = 3",
        'services = { postgres = "17" }',
    ]


@pytest.mark.parametrize("options", [("--json", "--write"), ("--format", "matrix", "--explain")])
def test_a_plan_is_not_shown_in_two_forms(shop: Path, options: tuple[str, ...]) -> None:
    done = call("plan", *options, directory=shop)

    assert done.exit_code == 2
    assert "--explain and --write contradict --format" in done.stderr
    assert not (shop / "heroci.toml").exists()


def test_doctor_reports_that_there_is_no_project(tmp_path: Path) -> None:
    done = call("doctor", directory=tmp_path)

    assert "no  project: no Django project was found" in done.stdout
    assert done.exit_code in (2, 3)


def test_the_shell_completes_the_stages_of_the_project(shop: Path) -> None:
    configure(shop, '[stages.linkcheck]\nsteps = ["true"]\n')
    words = "heroci run --stages tests,li"
    variables = {"_HEROCI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "3"}
    program = Path(sys.executable).parent / "heroci"
    done = subprocess.run(
        [str(program)],
        cwd=shop,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["plain,tests,lint", "plain,tests,linkcheck"]


@pytest.mark.parametrize(("answer", "left"), [("n", True), ("y", False)])
def test_pruning_on_a_terminal_lists_the_entries_and_asks(
    tmp_path: Path, answer: str, left: bool
) -> None:
    entry = tmp_path / "cache/environments/0123456789ab/fedcba"
    entry.mkdir(parents=True)
    (entry / "file").write_text("x" * 5_000)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [*COMMAND, "cache", "prune", "--engine", "host"],
        cwd=tmp_path,
        env=environment(HEROCI_CACHE_DIR=str(tmp_path / "cache")),
        stdin=theirs,
        capture_output=True,
        text=True,
        check=True,
    )
    os.close(ours)
    os.close(theirs)

    assert "0123456789ab/fedcba" in done.stdout
    assert entry.exists() is left


def test_a_current_directory_that_was_removed_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    script = 'cd gone && rmdir ../gone && exec "$@"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *COMMAND, "report", "x.xml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "error: the current directory no longer exists" in done.stderr
    assert "Traceback" not in done.stderr
