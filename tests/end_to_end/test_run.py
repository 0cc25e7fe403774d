from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.program import COMMAND, Run, call, environment, run
from tests.end_to_end.projects import FILES, commit, write

REPORTS = (
    "junit.xml",
    "tests.xml",
    "coverage.xml",
    "coverage.json",
    "heroci-result.json",
    "summary.md",
)


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a correct project once for all tests that inspect the result."""
    return run(write(tmp_path_factory.mktemp("green") / "shop"))


def test_correct_project_passes_and_writes_all_reports(green: Run) -> None:
    assert green.exit_code == 0, green.stdout + green.stderr
    assert green.statuses == {
        "base": "passed",
        "lint": "passed",
        "tests": "passed",
        "image": "skipped",
        "integration": "passed",
    }
    assert all((green.reports / name).stat().st_size for name in REPORTS)
    assert (green.reports / "logs" / "tests.tests.log").exists()


def test_every_test_has_its_file_and_line(green: Run) -> None:
    cases = {
        case.get("name"): (case.get("file"), case.get("line"))
        for case in green.junit().iter("testcase")
        if case.get("file") == "shop/tests.py"
    }
    lines = (green.reports.parent / "shop/tests.py").read_text().splitlines()
    for name in ("test_name", "test_database_is_real", "test_health"):
        line = next(number for number, text in enumerate(lines, 1) if f"def {name}(" in text)
        assert cases[name] == ("shop/tests.py", str(line))


def test_reports_the_database_that_the_tests_used(green: Run) -> None:
    facts = green.step("tests", "tests")["facts"]
    assert any("postgresql" in f"{key}={value}".lower() for key, value in facts.items())


def test_coverage_is_measured_by_line(green: Run) -> None:
    files = {file["path"]: file for file in green.result["coverage"]["files"]}
    assert files["shop/models.py"]["missing"] == []
    assert 1 in files["shop/models.py"]["covered"]


def test_no_control_codes_without_a_terminal(green: Run) -> None:
    assert "\x1b" not in green.stdout + green.stderr


def test_reports_contain_no_secrets(green: Run) -> None:
    texts = [path.read_text() for path in green.reports.rglob("*") if path.is_file()]
    assert not any(re.search(r"postgres://heroci:[^*@]+@", text) for text in texts)


def test_only_the_reports_are_added_to_the_project(green: Run) -> None:
    status = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=green.reports.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in status.stdout.splitlines() if "__pycache__" not in line] == []


def test_second_run_reuses_the_environment(green: Run) -> None:
    again = run(green.reports.parent, "--stages", "base")
    assert again.step("base", "dependencies")["cached"] is True
    assert {name for name, status in again.statuses.items() if status == "skipped"} == {
        "lint",
        "tests",
        "image",
        "integration",
    }


def test_broken_test_is_reported_at_its_assertion(tmp_path: Path) -> None:
    tests = FILES["shop/tests.py"].replace('"Cape")\n\n', '"Mask")\n\n', 1)
    broken = run(write(tmp_path / "p", {"shop/tests.py": tests}))
    assert broken.exit_code == 1
    lines = (tmp_path / "p/shop/tests.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "assertEqual(str(" in text)
    case = next(
        case
        for case in broken.junit().iter("testcase")
        if case.find("failure") is not None and case.get("name") == "test_name"
    )
    assert (case.get("file"), case.get("line")) == ("shop/tests.py", str(line))
    assert f"shop/tests.py:{line}" in broken.stdout
    assert broken.statuses["lint"] == "passed"
    assert (broken.result["exit_code"], broken.result["status"]) == (1, "failed")


def test_badly_formatted_line_is_a_finding_of_black(tmp_path: Path) -> None:
    ugly = FILES["shop/models.py"].replace(
        "models.CharField(max_length=100)", "models.CharField( max_length = 100 )"
    )
    done = run(write(tmp_path / "p", {"shop/models.py": ugly}), "--stages", "lint")
    assert done.exit_code == 1
    assert {step["name"]: step["status"] for step in done.stage("lint")["steps"]} == {
        "black": "failed",
        "isort": "passed",
        "flake8": "failed",  # it checks whitespace, too
    }
    (finding,) = done.step("lint", "black")["diagnostics"]
    assert (finding["file"], finding["line"]) == ("shop/models.py", 5)


def test_failed_lint_does_not_prevent_the_tests(tmp_path: Path) -> None:
    done = run(write(tmp_path / "p", {"shop/views.py": "import os\n"}))
    assert done.exit_code == 1
    assert (done.statuses["lint"], done.statuses["tests"]) == ("failed", "passed")
    (finding,) = done.step("lint", "flake8")["diagnostics"]
    assert (finding["file"], finding["line"], finding["rule"]) == ("shop/views.py", 1, "F401")


def test_missing_migration_is_reported_and_the_tests_still_run(tmp_path: Path) -> None:
    models = FILES["shop/models.py"].replace("max_length=100", "max_length=200")
    done = run(write(tmp_path / "p", {"shop/models.py": models}), "--stages", "tests")
    assert done.exit_code == 1
    step = done.step("tests", "migrations")
    assert step["reason"] == "the models of app 'shop' have changes without a migration"
    assert "makemigrations" in step["remedy"]
    assert done.step("tests", "tests")["status"] == "passed"


def test_syntax_error_in_the_settings_is_reported_with_its_line(tmp_path: Path) -> None:
    settings = FILES["site_/settings.py"] + "\n        INSTALLED_APPS += [\n"
    done = run(write(tmp_path / "p", {"site_/settings.py": settings}), "--stages", "tests")
    assert done.exit_code == 1
    assert re.search(
        r"site_/settings\.py, line \d+, is not valid Python", done.step("tests", "check")["reason"]
    )
    assert done.step("tests", "tests")["status"] == "skipped"


@pytest.mark.promise(
    "a test hangs until the time limit of its stage",
    "the results of the other tests are kept, and the message of the hanging test has the cause and the time",
)
def test_hanging_test_is_named_at_the_time_limit(tmp_path: Path) -> None:
    tests = (
        FILES["shop/tests.py"]
        + "\n            def test_sleeps(self):\n                __import__('time').sleep(600)\n"
    )
    toml = (
        FILES["pyproject.toml"] + '\n        [tool.heroci.stages.tests]\n        timeout = "25s"\n'
    )
    done = run(
        write(tmp_path / "p", {"shop/tests.py": tests, "pyproject.toml": toml}), "--stages", "tests"
    )
    assert done.exit_code == 1
    assert "still running after 25 s" in done.stage("tests")["reason"]
    cases = {case["name"]: case for case in done.step("tests", "tests")["tests"]}
    assert cases["test_name"]["status"] == "passed"
    assert [name for name, case in cases.items() if case["status"] != "passed"] == ["test_sleeps"]
    assert re.fullmatch(
        r"was still running after [\d.]+ s, when the time limit ended it",
        cases["test_sleeps"]["message"],
    )


def test_unreachable_database_fails_with_its_cause(tmp_path: Path) -> None:
    toml = (
        FILES["pyproject.toml"]
        + '\n        env = { DATABASE_URL = "postgres://u:p@127.0.0.1:9/x" }\n'
    )
    done = run(write(tmp_path / "p", {"pyproject.toml": toml}), "--stages", "tests")
    assert done.exit_code == 1
    assert "the database does not respond" in done.stage("tests")["reason"]


def test_service_that_never_becomes_ready_is_an_engine_error(tmp_path: Path) -> None:
    toml = (
        FILES["pyproject.toml"]
        + '\n        [tool.heroci.services]\n        postgres = "17"\n        queue = { command = "exit 3" }\n'
    )
    done = run(write(tmp_path / "p", {"pyproject.toml": toml}))
    assert done.exit_code == 3
    assert done.stage("tests")["status"] == "errored"
    assert done.stage("tests")["reason"] == "service 'queue' ended with exit code 3"
    assert done.statuses["lint"] == "passed"


@pytest.mark.promise("the suite contains no test", "the run fails")
def test_suite_without_tests_does_not_pass(tmp_path: Path) -> None:
    done = run(write(tmp_path / "p", {"shop/tests.py": "# later\n"}), "--stages", "tests")
    assert done.exit_code == 1
    assert done.stage("tests")["reason"] == "tests: no test ran"


def test_runs_pytest_if_the_project_uses_it(tmp_path: Path) -> None:
    changes = {
        "requirements.txt": FILES["requirements.txt"]
        + "        pytest==9.2.0\n        pytest-django==4.12.0\n",
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_.settings\n"
        "python_files = tests.py\naddopts = -p no:cacheprovider\n",
    }
    done = run(write(tmp_path / "p", changes), "--stages", "tests")
    assert done.exit_code == 0, done.stdout
    cases = {
        case["name"]: (case["file"], case["status"])
        for case in done.step("tests", "tests")["tests"]
    }
    assert cases["test_database_is_real"] == ("shop/tests.py", "passed")
    assert len(cases) == 3


def test_project_that_tests_on_sqlite_keeps_its_database(tmp_path: Path) -> None:
    settings = (
        FILES["site_/settings.py"]
        .replace(
            'dj_database_url.config("DATABASE_URL")',
            '{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}',
        )
        .replace("import dj_database_url\n", "")
    )
    tests = FILES["shop/tests.py"].replace('"postgresql"', '"sqlite"')
    done = run(
        write(tmp_path / "p", {"site_/settings.py": settings, "shop/tests.py": tests}),
        "--stages",
        "tests",
    )
    assert done.exit_code == 0, done.stdout
    assert any("sqlite" in value.lower() for value in done.step("tests", "tests")["facts"].values())


@pytest.mark.promise("a step reads the variables of GitHub's runner", "it finds none of them")
def test_steps_see_no_variables_of_the_runner(tmp_path: Path) -> None:
    toml = (
        FILES["pyproject.toml"]
        + '\n        [tool.heroci.stages.look]\n        steps = ["env | sort"]\n'
        + '        env = { MINE = "{env.DECLARED}" }\n'
    )
    env = environment(CI="true", GITHUB_TOKEN="hush", MY_SECRET="hush", DECLARED="yes")
    done = run(write(tmp_path / "p", {"pyproject.toml": toml}), "--stages", "look", env=env)
    assert done.exit_code == 0
    log = "".join(path.read_text() for path in (done.reports / "logs").glob("look.*"))
    assert "MINE=yes" in log
    assert not re.search(r"GITHUB_TOKEN|MY_SECRET|^CI=", log, re.MULTILINE)


def test_project_in_a_subdirectory_is_found(tmp_path: Path) -> None:
    write(tmp_path / "p" / "backend")
    shutil.rmtree(tmp_path / "p/backend/.git")
    (tmp_path / "p/README").write_text("x")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "p", check=True)
    commit(tmp_path / "p")
    done = run(tmp_path / "p", "--stages", "lint,tests")
    assert done.exit_code == 0, done.stdout
    assert {case["file"] for case in done.step("tests", "tests")["tests"]} == {
        "backend/shop/tests.py"
    }
    assert "backend/shop/models.py" in {file["path"] for file in done.result["coverage"]["files"]}


def test_custom_stage_runs_with_its_needs_and_reports(tmp_path: Path) -> None:
    toml = FILES["pyproject.toml"] + """
        [tool.heroci.stages.extra]
        steps = [{ name = "write", run = "cp given.xml out.xml; exit 1" }]
        reports = { junit = "out.xml" }
        optional = true
        """
    given = (
        '<testsuite><testcase classname="a" name="b"><failure message="no"/></testcase></testsuite>'
    )
    project = write(tmp_path / "p", {"pyproject.toml": toml, "given.xml": given})
    done = run(project, "--stages", "extra")
    assert done.exit_code == 0
    assert done.stage("extra")["status"] == "failed"
    assert [case["name"] for step in done.stage("extra")["steps"] for case in step["tests"]] == [
        "b"
    ]


@pytest.mark.promise(
    "the test reports of a stage contain no test, or only skipped ones",
    "the stage fails, unless the report is `optional`",
)
@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("", "reports: no test ran"),
        (
            '<testcase name="a"><skipped/></testcase>',
            "reports: no test ran: the only test was skipped",
        ),
    ],
    ids=["empty", "skipped"],
)
def test_a_stage_whose_reports_contain_no_test_that_ran_fails(
    tmp_path: Path, case: str, reason: str
) -> None:
    toml = FILES["pyproject.toml"] + """
        [tool.heroci.stages.needed]
        steps = ["cp given.xml needed.xml"]
        reports = { junit = "needed.xml" }
        [tool.heroci.stages.free]
        steps = ["cp given.xml free.xml"]
        reports = { junit = { path = "free.xml", optional = true } }
        """
    given = f"<testsuite>{case}</testsuite>"
    project = write(tmp_path / "p", {"pyproject.toml": toml, "given.xml": given})
    done = run(project, "--stages", "needed,free")
    assert done.exit_code == 1
    assert done.stage("needed")["reason"] == reason
    assert done.stage("free")["status"] == "passed"


def test_missing_project_is_reported_with_a_remedy(tmp_path: Path) -> None:
    done = call("run", directory=tmp_path)
    assert done.exit_code == 2
    assert "manage.py" in done.stderr
    assert "remedy" in done.stderr


def test_all_configuration_errors_are_reported_at_once(tmp_path: Path) -> None:
    toml = """
        [tool.heroci]
        pyhton = "3.13"
        timeout = "soon"
        services = { postgres = "17" }
        [tool.heroci.stages.x]
        needs = ["tets"]
        steps = ["true"]
        """
    done = call("run", directory=write(tmp_path / "p", {"pyproject.toml": toml}))
    assert done.exit_code == 2
    for words in (
        "pyhton",
        "did you mean 'python'",
        "timeout",
        "'soon'",
        "tets",
        "did you mean 'tests'",
    ):
        assert words in done.stderr
    assert not done.reports.exists()


def test_unavailable_engine_is_reported_with_a_remedy(tmp_path: Path) -> None:
    env = environment(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    project = write(tmp_path / "p")
    done = call("run", "--engine", "dagger", directory=project, env=env)
    assert done.exit_code == 3, done.stdout + done.stderr
    assert done.stage("base")["status"] == "errored"
    assert "docker" in done.stage("base")["reason"].lower()
    assert done.stage("base")["remedy"] in done.stdout.replace("\n", " ")


def test_auto_falls_back_to_the_host_engine(tmp_path: Path) -> None:
    env = environment(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    done = call("run", "--stages", "base", directory=write(tmp_path / "p"), env=env)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert done.result["engine"] == "host"
    assert "no Dagger engine available" in done.stdout.splitlines()[0]


def can_lose_the_network() -> bool:
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.promise(
    "the package index cannot be reached", "exit code 3, the index is named, with a remedy"
)
@pytest.mark.skipif(
    not can_lose_the_network(),
    reason="unshare(1) cannot take the network away here; it needs root and CAP_SYS_ADMIN",
)
def test_unreachable_index_is_not_the_projects_failure(tmp_path: Path) -> None:
    requirements = FILES["requirements.txt"] + "        six==1.12.0\n"
    project = write(tmp_path / "p", {"requirements.txt": requirements})
    env = environment(
        UV_CACHE_DIR=str(tmp_path / "empty"), UV_HTTP_TIMEOUT="3", UV_HTTP_RETRIES="0"
    )
    command = ["unshare", "--net", *COMMAND, "run", "--engine", "host", "--stages", "lint"]
    done = subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, check=False
    )
    after = Run(
        exit_code=done.returncode,
        stdout=done.stdout,
        stderr=done.stderr,
        reports=project / "heroci-reports",
    )
    assert after.exit_code == 3, done.stdout
    assert after.stage("base")["status"] == "errored"
    assert "the package index cannot be reached" in after.stage("base")["reason"]
    assert after.statuses["lint"] == "skipped"


@pytest.mark.promise("the disk is full", "exit code 3, the cause is named, with a remedy")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_full_disk_is_reported_with_the_completed_stages(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        project = write(tmp_path / "p")
        done = run(project, "--stages", "lint", env=environment(HEROCI_CACHE_DIR=str(small)))
        assert done.exit_code == 3
        assert "the disk is full" in done.stage("base")["reason"]
        assert "HEROCI_CACHE_DIR" in done.stage("base")["remedy"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def start(project: Path, *options: str) -> subprocess.Popen[str]:
    command = [*COMMAND, "run", "--engine", "host", "--skip", "image,integration", *options]
    return subprocess.Popen(
        command,
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def sleeping_project(tmp_path: Path) -> Path:
    tests = (
        FILES["shop/tests.py"]
        + '\n            def test_sleeps(self):\n                open("started", "w").close()\n'
        + '                __import__("time").sleep(600)\n'
    )
    return write(tmp_path / "p", {"shop/tests.py": tests})


def wait_for(path: Path) -> None:
    for _ in range(1200):
        if path.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{path.name} did not come into being")


def run_of(project: Path) -> str:
    """Return the id of the run whose steps are running in a project."""
    for entry in Path("/proc").glob("[0-9]*"):
        variables = environment_of(entry)
        if variables.get("HEROCI_ROOT") == str(project):
            return variables["HEROCI_RUN"]
    pytest.fail("no step is running")


def environment_of(process: Path) -> dict[str, str]:
    try:
        content = (process / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in content.split("\0") if "=" in word)


def left_of(run_id: str) -> list[str]:
    """Return the remaining processes and directories of a run; PostgreSQL's command line names its data directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if environment_of(entry).get("HEROCI_RUN") == run_id or f"heroci-{run_id}" in command:
            found.append(command)
    return found + [str(path) for path in Path("/dev/shm").glob(f"heroci-{run_id}*")]


@pytest.mark.promise(
    "SIGINT or SIGTERM arrives, once or twice within a second",
    "the run ends with exit code 130, the reports contain what ran, and no process is left",
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_everything_and_reports_completed_tests(
    tmp_path: Path, number: signal.Signals
) -> None:
    project = sleeping_project(tmp_path)
    process = start(project)
    wait_for(project / "started")
    run_id = run_of(project)
    process.send_signal(number)
    time.sleep(0.1)
    # GNU timeout signals the process and its group, so the same signal arrives twice.
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode == 130, output
    done = Run(exit_code=130, stdout=output, stderr="", reports=project / "heroci-reports")
    assert done.statuses["lint"] == "passed"
    assert done.statuses["tests"] == "cancelled"
    assert done.stage("tests")["reason"] == f"interrupted by {number.name}"
    (slept,) = (
        case for case in done.step("tests", "tests")["tests"] if case["name"] == "test_sleeps"
    )
    assert slept["message"].endswith("when the run was interrupted")
    assert done.result["exit_code"] == 130
    assert left_of(run_id) == []


@pytest.mark.promise(
    "a signal arrives while the reports are written, or after that",
    "the reports are complete, and the exit code is the verdict that they contain",
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_late_signal_does_not_contradict_the_reports(
    tmp_path: Path, number: signal.Signals
) -> None:
    project = write(tmp_path / "p")
    process = start(project, "--stages", "lint")
    result = project / "heroci-reports" / "heroci-result.json"
    while process.poll() is None:
        if result.exists():
            process.send_signal(number)
            break
        time.sleep(0.001)
    output, _ = process.communicate()
    done = Run(exit_code=process.returncode, stdout=output, stderr="", reports=result.parent)
    assert done.result["status"] == "passed"
    assert done.exit_code == 0, output


@pytest.mark.promise(
    "SIGKILL ends HeroCI",
    "no process, directory or shared memory is left",
)
def test_killed_run_leaves_nothing_running(tmp_path: Path) -> None:
    project = sleeping_project(tmp_path)
    process = start(project)
    wait_for(project / "started")
    run_id = run_of(project)
    assert any("postgres" in command for command in left_of(run_id))
    process.kill()
    process.communicate()
    for _ in range(200):
        if not left_of(run_id):
            return
        time.sleep(0.1)
    pytest.fail(f"these are left: {left_of(run_id)}")


def test_virtual_environment_in_the_checkout_is_not_linted(tmp_path: Path) -> None:
    project = write(tmp_path / "p")
    stray = project / "env/lib/module.py"
    stray.parent.mkdir(parents=True)
    stray.write_text("import os\nimport sys\nx=1\n")
    done = run(project, "--stages", "lint")
    assert done.statuses["lint"] == "passed", done.stdout


def test_secret_of_the_caller_is_masked_everywhere(tmp_path: Path) -> None:
    toml = (
        FILES["pyproject.toml"]
        + '\n        [tool.heroci.stages.look]\n        steps = [{ name = "look", run = "echo it is $TOKEN" }]\n'
        + '        env = { TOKEN = "{env.DEPLOY_TOKEN}" }\n'
    )
    env = environment(DEPLOY_TOKEN="s3cr3t-value", GITHUB_ACTIONS="true")
    done = run(write(tmp_path / "p", {"pyproject.toml": toml}), "--stages", "look", env=env)
    assert done.exit_code == 0, done.stdout
    assert done.stdout.startswith("::add-mask::") or "\n::add-mask::s3cr3t-value\n" in done.stdout
    assert "it is ***" in (done.reports / "logs/look.look.log").read_text()
    left = done.stdout.replace("::add-mask::s3cr3t-value", "") + done.stderr
    left += "".join(path.read_text() for path in done.reports.rglob("*") if path.is_file())
    assert "s3cr3t-value" not in left
