"""Stages whose inputs have not changed are replayed, and all others run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.end_to_end.program import Run, call, environment
from tests.end_to_end.projects import FILES, write

CONFIGURED = FILES["pyproject.toml"] + """
        [tool.heroci.cache]
        ignore = ["*.md"]
        """


def start(project: Path, cache: Path, *options: str) -> Run:
    env = environment(HEROCI_CACHE_DIR=str(cache))
    return call("run", "--engine", "host", "--skip", "image", *options, directory=project, env=env)


def replayed(done: Run) -> Mapping[str, bool]:
    return {
        stage["name"]: all(step["cached"] and step["origin"] for step in stage["steps"])
        for stage in done.result["stages"]
        if stage["steps"]
    }


def cases_of(done: Run) -> list[dict[str, str]]:
    """Return the attributes of every test of the project, with its original time."""
    return [case.attrib for case in done.junit().iter("testcase") if case.get("file")]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """Run a correct project once; return the run and the cache."""
    directory = tmp_path_factory.mktemp("first")
    project = write(directory / "shop", {"pyproject.toml": CONFIGURED, "README.md": "a\n"})
    done = start(project, directory / "cache")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert not any(replayed(done).values())
    return done, directory / "cache"


@pytest.fixture
def copy(first: tuple[Run, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Return another clone of the project, and a cache that contains nothing but results."""
    done, cache = first
    project = Path(shutil.copytree(done.reports.parent, tmp_path / "elsewhere" / "shop"))
    shutil.rmtree(project / "heroci-reports")
    shutil.copytree(cache / "results", tmp_path / "cache" / "results")
    return project, tmp_path / "cache"


def test_an_unchanged_project_is_replayed_without_any_installation(
    first: tuple[Run, Path], copy: tuple[Path, Path]
) -> None:
    original, (project, cache) = first[0], copy
    (project / "README.md").write_text("ignored by configuration\n")
    done = start(project, cache)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert set(replayed(done).values()) == {True}
    assert [path.name for path in cache.iterdir()] == ["results"]
    assert cases_of(done) == cases_of(original)
    assert done.result["coverage"] == original.result["coverage"]
    step = done.step("tests", "tests")
    assert step["origin"]["started_at"]
    assert step["origin"]["duration"] > 0
    files = [(done.reports / name).read_text() for name in ("summary.md", "report.html")]
    for text in (done.stdout, *files):
        assert "replayed from the run of" in text
        assert "saved" in text
    log = (done.reports / "logs" / "tests.tests.log").read_text()
    assert log == (original.reports / "logs" / "tests.tests.log").read_text()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shop/models.py": "\n"}, {"base", "lint", "tests", "integration"}),
        ({"new.py": "X = 1\n"}, {"base", "lint", "tests", "integration"}),
        ({"pyproject.toml": "\n[tool.heroci.tests]\nparallel = 2\n"}, {"tests"}),
    ],
)
def test_a_change_runs_what_it_may_affect(
    copy: tuple[Path, Path], change: Mapping[str, str], expected: set[str]
) -> None:
    project, cache = copy
    for name, text in change.items():
        with (project / name).open("a") as stream:
            stream.write(text)
    done = start(project, cache, "--stages", "tests")
    assert {name for name, hit in replayed(done).items() if not hit} >= expected & {"base", "tests"}


def test_options_decide_what_is_read_and_written(copy: tuple[Path, Path], tmp_path: Path) -> None:
    project, cache = copy
    assert not any(replayed(start(project, cache, "--stages", "lint", "--refresh")).values())
    assert all(replayed(start(project, cache, "--stages", "lint")).values())
    empty = tmp_path / "empty"
    assert not any(replayed(start(project, empty, "--stages", "lint", "--no-cache")).values())
    assert not (empty / "results").exists()


def test_failures_and_runs_whose_gate_failed_are_never_replayed(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    failing = write(tmp_path / "failing", {"shop/test_bad.py": "import nothing_like_this\n"})
    gated = write(tmp_path / "gated")
    for _ in range(2):
        done = start(failing, cache, "--stages", "tests")
        assert done.exit_code == 1
        assert not replayed(done)["tests"]
        done = start(gated, cache, "--stages", "tests", "--coverage-minimum", "100")
        assert done.exit_code == 1
        assert not any(replayed(done).values())


def test_damaged_results_are_not_used(copy: tuple[Path, Path]) -> None:
    project, cache = copy
    for path in (cache / "results").glob("??/*"):
        path.write_bytes(path.read_bytes()[:-20])
    done = start(project, cache, "--stages", "lint")
    assert done.exit_code == 0
    assert not any(replayed(done).values())
