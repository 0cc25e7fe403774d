from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from heroci_action.version import __version__
from tests.end_to_end.program import call, environment
from tests.end_to_end.projects import write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a virtual environment with HeroCI's wheel; it shares the dependencies of the tests' environment."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv", system_site_packages=False, with_pip=True)
    python = place / "venv/bin/python"
    pip = [
        str(python),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-deps",
    ]
    subprocess.run([*pip, str(ROOT)], check=True)
    site = next((place / "venv/lib").glob("python3*/site-packages"))
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    # After the environment's own packages, so that HeroCI is imported from the wheel, not from the checkout.
    (site / "zz_dependencies.pth").write_text(f"{ours}\n")
    return place / "venv/bin/heroci"


def heroci(program: Path, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_wheel_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = heroci(installed, "--version", directory=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"heroci {__version__}\n")


def test_wheel_contains_its_data_files(installed: Path, tmp_path: Path) -> None:
    project = write(tmp_path / "p")
    done = heroci(installed, "run", "--engine", "host", "--stages", "tests", directory=project)
    assert done.returncode == 0, done.stdout + done.stderr
    script = "import heroci_action, pathlib; print(pathlib.Path(heroci_action.__file__).parent)"
    found = subprocess.run(
        [installed.parent / "python", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    package = Path(found.stdout.strip())
    assert not package.is_relative_to(ROOT)
    here = ROOT / "heroci_action"
    data = {
        path.relative_to(here)
        for path in here.rglob("*")
        if path.suffix in {".toml", ".json", ".typed"}
    }
    assert data
    assert {path for path in data if not (package / path).is_file()} == set()


def test_version_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['heroci', '--version']\n"
        "from heroci_action.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'anyio', 'asyncio', 'click', 'dagger', 'pydantic', 'rich', 'subprocess'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [f"heroci {__version__}", "[]"]


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (
            ("report", "junit.xml"),
            {"anyio", "asyncio", "dagger", "httpx", "opentelemetry", "pydantic", "yaml"},
        ),
        (
            ("plan", "--engine", "host", "p"),
            {"actions_toolkit", "dagger", "httpx", "jinja2", "junit_xml", "opentelemetry", "rich"},
        ),
    ],
)
def test_a_verb_imports_only_what_it_needs(
    tmp_path: Path, arguments: tuple[str, ...], unneeded: set[str]
) -> None:
    write(tmp_path / "p")
    # Without a configuration, which pydantic checks.
    (tmp_path / "junit.xml").write_text(
        '<testsuite name="s" tests="1"><testcase classname="a" name="b"/></testsuite>'
    )
    script = (
        "import os, sys\nfrom heroci_action.cli import run_program\n"
        "code = run_program(sys.argv[1:], os.environ)\n"
        "print(code, *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    code, *imported = done.stdout.splitlines()[-1].split()
    assert code == "0", done.stdout + done.stderr
    assert unneeded.intersection(imported) == set()


def test_a_run_on_the_host_engine_does_not_import_dagger(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom heroci_action.cli import run_program\n"
        "code = run_program(['run', '--engine', 'host', '--stages', 'base'], os.environ)\n"
        "print(code, 'dagger' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=write(tmp_path / "p"),
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 False"


def test_dagger_pipeline_runs_the_same_program(tmp_path: Path) -> None:
    project = write(tmp_path / "p")
    script = [
        sys.executable,
        str(ROOT / "dagger_pipeline.py"),
        "--engine",
        "host",
        "--stages",
        "lint",
    ]
    done = subprocess.run(
        script, cwd=project, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "heroci-reports/junit.xml").is_file()


@pytest.mark.parametrize("verb", [[], ["run"], ["plan"], ["doctor"]])
def test_every_verb_has_help(verb: list[str], tmp_path: Path) -> None:
    done = call(*verb, "--help", directory=tmp_path)
    assert done.exit_code == 0
    assert "Usage: heroci" in done.stdout
    assert "--help" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["no-such-verb"], "unknown verb 'no-such-verb'\n  remedy: see heroci --help\n"),
        (["run", "base", "tests"], "PATH: 'base' is a stage, not a directory; use --stages\n"),
        (["run", "--no-cash"], "no such option '--no-cash'; did you mean '--no-cache'?\n"),
        (["run", "--timeout", "soon"], "--timeout: 'soon' must be seconds as a number, or text"),
        (
            ["run", "no-place"],
            "PATH: directory 'no-place' does not exist\n  remedy: see heroci run --help\n",
        ),
        (["merge"], "missing argument 'GLOB...'\n"),
    ],
)
def test_an_invalid_call_is_an_error_with_cause_and_remedy(
    arguments: list[str], error: str, tmp_path: Path
) -> None:
    done = call(*arguments, directory=tmp_path)

    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {error}")


def test_plan_is_shown_and_explained(tmp_path: Path) -> None:
    done = call("plan", "--explain", directory=write(tmp_path / "p"))
    assert done.exit_code == 0
    assert 'settings = "site_.settings"  (detected: the settings in manage.py)' in done.stdout
    assert "lint" in done.stdout
    assert "pyproject.toml [tool.heroci]" in done.stdout


def test_doctor_prints_one_line_per_part(tmp_path: Path) -> None:
    done = call("doctor", directory=write(tmp_path / "p"))
    assert done.exit_code == 0, done.stdout
    names = [line.split(":")[0].split(maxsplit=1)[1] for line in done.stdout.splitlines()]
    assert names == [
        "project",
        "Python",
        "uv",
        "git",
        "Docker",
        "Dagger engine",
        "PostgreSQL",
        "disk for reports",
        "disk for the cache",
    ]


def test_names_can_be_comma_separated_or_repeated(tmp_path: Path) -> None:
    done = call("plan", "--skip", "lint,tests", "--skip", "image", directory=write(tmp_path / "p"))
    assert done.stdout.count("excluded by --skip") == 3
