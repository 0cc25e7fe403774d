"""What HeroCI writes, HeroCI's own readers read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heroci_action.engines.base import ReportFile
from heroci_action.readers import PathResolver, Readings, read
from heroci_action.reports import coverage, junit
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import Result, Status
from tests.unit.builders import case, finding, run, run_of, stage, step

paths = st.lists(
    st.from_regex(r"[a-zA-Z_][\w\-]{0,8}", fullmatch=True), min_size=1, max_size=3
).map(lambda parts: "/".join(parts) + ".py")


@st.composite
def files(draw: st.DrawFn) -> FileCoverage:
    """A file as a source with branches by line tells of it."""
    lines = draw(st.dictionaries(st.integers(1, 200), st.booleans(), max_size=12))
    branches = draw(st.lists(st.sampled_from(sorted(lines)), unique=True) if lines else st.just([]))
    counts = {line: draw(st.integers(0, 3)) for line in branches}
    return FileCoverage(
        path=draw(paths),
        covered=tuple(sorted(line for line, ran in lines.items() if ran)),
        missing=tuple(sorted(line for line, ran in lines.items() if not ran)),
        covered_branches=sum(counts.values()),
        missing_branches=sum(3 - taken for taken in counts.values()),
        branches=tuple((line, counts[line], 3) for line in sorted(counts)),
    )


coverages = st.lists(files(), min_size=1, max_size=4, unique_by=lambda file: file.path).map(
    lambda found: Coverage(files=tuple(sorted(found, key=lambda file: file.path)))
)


def readings(kind: str, content: bytes | None) -> Readings:
    assert content is not None
    found = read([ReportFile(kind=kind, path="report", content=content)], tree=PathResolver())
    assert found.problems == ()
    return found


@given(coverages)
def test_cobertura_comes_back_as_it_was(measured: Coverage) -> None:
    document = coverage.render_xml(run(coverage=measured))

    assert readings("cobertura", document).coverage == (measured,)


@given(coverages)
def test_json_comes_back_with_all_but_the_places_of_branches(measured: Coverage) -> None:
    document = coverage.render_json(run(coverage=measured))

    (found,) = readings("coverage-json", document).coverage

    assert found.percent == measured.percent
    assert [(file.path, file.covered, file.missing) for file in found.files] == [
        (file.path, file.covered, file.missing) for file in measured.files
    ]


def test_tests_come_back_as_they_were() -> None:
    cases = (
        case("test_a", duration=0.25, file="t.py", line=3),
        case("test_b", Status.FAILED, file="t.py", line=9, message="1 != 2", details="1 != 2"),
        case("test_c", Status.ERRORED, message="KeyError", details="KeyError"),
        case("test_d", Status.SKIPPED, message="later"),
    )

    found = readings("junit", junit.render(run_of(*cases))).tests

    assert sorted(found, key=lambda test: test.name) == list(cases)


def test_what_failed_besides_the_tests_is_read_as_failed() -> None:
    result: Result = run(
        stage("lint", step("flake8", Status.FAILED, diagnostics=(finding(file="a.py", line=2),))),
        stage("tests", step("migrate", Status.FAILED, reason="no database")),
        stage("image", step("build", Status.ERRORED, reason="disk full")),
    )

    found = readings("junit", junit.render(result)).tests

    assert [(test.id, test.status, test.file, test.line) for test in found] == [
        ("lint.flake8.a.py", Status.FAILED, "a.py", 2),
        ("tests.migrate", Status.FAILED, None, None),
        ("image.build", Status.ERRORED, None, None),
    ]
