"""`heroci report` on files of other tools."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.program import Run, call, environment
from tests.unit.reports import junit_schema

CODE = "def total(prices):\n    if not prices:\n        return 0\n    return sum(prices)\n"
TEST = "def test_total():\n    assert 1 == 2\n\n\ndef test_empty():\n    pass\n"
FAILURE = """def test_total():
&gt;       assert 1 == 2
E       assert 1 == 2

tests/test_cart.py:2: AssertionError"""


def junit(*cases: str) -> str:
    return f'<testsuites><testsuite name="pytest">{"".join(cases)}</testsuite></testsuites>'


def passed(name: str, time: str = "0.1") -> str:
    return f'<testcase classname="tests.test_cart" name="{name}" time="{time}"/>'


def failed(name: str = "test_total", element: str = "failure") -> str:
    return (
        f'<testcase classname="tests.test_cart" name="{name}" time="0.2">'
        f'<{element} message="assert 1 == 2">{FAILURE}</{element}></testcase>'
    )


COBERTURA = """<?xml version="1.0"?><coverage><sources><source>.</source></sources><packages><package><classes>
<class filename="cart.py"><lines><line number="1" hits="1"/><line number="2" hits="1"/><line number="3" hits="0"/>
<line number="4" hits="0"/></lines></class></classes></package></packages></coverage>"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Create a repository with one module, one test and no reports."""
    root = tmp_path / "shop"
    (root / "tests").mkdir(parents=True)
    (root / "cart.py").write_text(CODE)
    (root / "tests/test_cart.py").write_text(TEST)
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", "cart.py", "tests")
    git(root, "commit", "-qm", "a change")


def report(root: Path, *arguments: str, **variables: str) -> Run:
    return call("report", *arguments, directory=root, env=environment(**variables))


def test_files_of_other_tools_produce_every_report(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty"), failed()))
    (checkout / "coverage.xml").write_text(COBERTURA)

    done = report(checkout, "a.xml", "--coverage", "coverage.xml")

    assert done.exit_code == 1, done.stderr
    assert done.statuses == {"tests": "failed", "coverage": "passed"}
    junit_schema.check((done.reports / "junit.xml").read_bytes())
    summary = (done.reports / "summary.md").read_text()
    assert "2 tests" in summary
    assert "50.00 %" in summary
    assert "tests/test_cart.py:2" in summary
    assert (done.reports / "coverage.xml").exists()


def test_exit_code_is_0_if_everything_passed(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))

    assert report(checkout, "*.xml").exit_code == 0


@pytest.mark.promise(
    "every test of the files of `heroci report` was skipped", "the report fails with the reason"
)
def test_skipped_tests_alone_are_not_a_pass(checkout: Path) -> None:
    def skipped(kind: str) -> str:
        return f'<testcase name="t"><skipped type="pytest.{kind}" message="no server"/></testcase>'

    (checkout / "a.xml").write_text(junit(skipped("skip")))
    (checkout / "b.xml").write_text(junit(skipped("skip")))
    (checkout / "c.xml").write_text(junit(skipped("xfail")))

    done = report(checkout, "a.xml", "b.xml")
    assert done.exit_code == 1
    assert "no test ran: all 2 tests were skipped (no server)" in done.stdout
    # An expected failure ran.
    assert report(checkout, "a.xml", "b.xml", "c.xml").exit_code == 0


def test_globs_match_any_depth_and_each_file_counts_once(checkout: Path) -> None:
    for name in ("one", "two/deep"):
        (checkout / "results" / name).mkdir(parents=True)
        test = f"test_{name[:3]}"
        (checkout / "results" / name / "junit.xml").write_text(junit(passed(test)))

    done = report(checkout, "results/**/*.xml", "results/one/junit.xml")

    names = [step["name"] for step in done.stage("tests")["steps"]]
    assert sorted(names) == ["results/one/junit.xml", "results/two/deep/junit.xml"]


@pytest.mark.promise(
    "a glob or a coverage or lint file of `heroci report` does not exist",
    "everything else is reported in full, and then the report fails and names it",
)
def test_existing_files_are_reported_although_others_are_missing(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty"), failed()))

    done = report(
        checkout, "a.xml", "nowhere/**/*.xml", "--coverage", "no.json", "--lint", "[x].txt"
    )

    assert done.exit_code == 1
    assert done.statuses == dict.fromkeys(("tests", "lint", "coverage"), "errored")
    assert [step["reason"] for step in done.stage("tests")["steps"]] == [
        "1 failed test",
        "no file matches 'nowhere/**/*.xml'",
    ]
    for text in (done.stdout, (done.reports / "summary.md").read_text()):
        for pattern in ("nowhere/**/*.xml", "no.json", "[x].txt"):
            assert f"no file matches '{pattern}'" in text.replace("\\", "")
    assert len(done.junit().findall(".//error")) == 3
    assert report(checkout).exit_code == 2


@pytest.mark.promise(
    "a glob matches a symbolic link without a target",
    "the report fails and names it; the other files are reported",
)
def test_a_symbolic_link_without_a_target_is_a_file_that_cannot_be_read(checkout: Path) -> None:
    (checkout / "out").mkdir()
    (checkout / "out/a.xml").write_text(junit(passed("test_empty")))
    (checkout / "out/b.xml").symlink_to("gone.xml")

    done = report(checkout, "out/*.xml")

    assert done.exit_code == 1
    assert "out/b.xml: No such file or directory" in done.stdout
    assert len(done.junit().findall(".//testcase[@name='test_empty']")) == 1


@pytest.mark.promise(
    "none of the files of `heroci report` can be read",
    "the report fails, and the reports of the previous call are kept",
)
def test_unreadable_input_keeps_the_previous_reports(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    (checkout / "notes.xml").write_text("no xml")
    before = report(checkout, "a.xml").result

    for wrong in ("b.xml", "notes.xml"):
        done = report(checkout, wrong)
        assert done.exit_code == 1
        assert wrong in done.stdout
        assert "Reports in" not in done.stdout
        assert done.result == before
    assert report(checkout, "b.xml", "--output", "new").result == before
    assert (checkout / "new/heroci-result.json").exists()


@pytest.mark.promise("a glob matches the reports that HeroCI wrote", "they are not read")
def test_own_reports_are_never_an_input(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))

    for output in ("heroci-reports", "elsewhere", "heroci-reports"):
        done = report(checkout, "**/*.xml", "--output", output)
        assert done.exit_code == 0, done.stdout
        assert [step["name"] for step in done.stage("tests")["steps"]] == ["a.xml"]


def test_the_output_directory_is_never_an_input_whoever_created_it(checkout: Path) -> None:
    (checkout / "results").mkdir()
    (checkout / "results" / "notes.txt").touch()
    (checkout / "a.xml").write_text(junit(passed("test_empty")))

    for _ in range(2):
        done = report(checkout, "**/*.xml", "--output", "results")
        steps = json.loads((checkout / "results" / "heroci-result.json").read_text())["stages"][0]
        assert done.exit_code == 0, done.stdout
        assert [step["name"] for step in steps["steps"]] == ["a.xml"]


@pytest.mark.promise(
    "a result file is cut off",
    "the report fails and names it; the tests of the other files are counted",
)
def test_broken_file_fails_the_report_and_others_are_counted(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    (checkout / "broken.xml").write_text("<testsuite><testca")
    (checkout / "empty.xml").touch()

    done = report(checkout, "*.xml")

    assert done.exit_code == 1
    steps = {step["name"]: step["status"] for step in done.stage("tests")["steps"]}
    assert steps == {"a.xml": "passed", "broken.xml": "errored", "empty.xml": "errored"}
    assert "broken.xml" in done.stdout


def test_report_fails_if_no_file_can_be_read(checkout: Path) -> None:
    (checkout / "broken.xml").write_text("no xml")

    done = report(checkout, "broken.xml")

    assert done.exit_code == 1
    assert done.statuses == {"tests": "errored"}


def test_file_without_tests_is_a_warning_and_does_not_pass_alone(checkout: Path) -> None:
    (checkout / "none.xml").write_text(junit())
    (checkout / "a.xml").write_text(junit(passed("test_empty")))

    beside, alone = report(checkout, "none.xml", "a.xml"), report(checkout, "none.xml")

    assert (beside.exit_code, alone.exit_code) == (0, 1)
    assert beside.result["warnings"] == ["none.xml: contains no test"]


def test_compressed_and_utf16_files_are_read(checkout: Path) -> None:
    (checkout / "a.xml.gz").write_bytes(gzip.compress(junit(failed()).encode()))
    wide = '<?xml version="1.0" encoding="UTF-16"?>' + junit(passed("test_empty"))
    (checkout / "b.xml").write_bytes(wide.encode("utf-16"))

    done = report(checkout, "a.xml.gz", "b.xml")

    assert [len(step["tests"]) for step in done.stage("tests")["steps"]] == [1, 1]


def test_annotations_outputs_and_summary_are_written_on_github(checkout: Path) -> None:
    hostile = failed().replace("assert 1 == 2", "::set-output name=a::b%0A##[error]x")
    (checkout / "a.xml").write_text(junit(hostile))
    files = {"GITHUB_OUTPUT": "o", "GITHUB_STEP_SUMMARY": "s"}

    done = report(
        checkout,
        "a.xml",
        GITHUB_ACTIONS="true",
        GITHUB_WORKSPACE=str(checkout),
        **{name: str(checkout / file) for name, file in files.items()},
    )

    (annotation,) = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert annotation.startswith("::error ")
    assert "file=tests/test_cart.py,line=2" in annotation
    assert "##[" not in done.stdout.replace(annotation, "")
    assert "failed<<" in (checkout / "o").read_text()
    assert (checkout / "s").read_text().startswith("# ❌ shop")


def test_untracked_file_is_not_annotated_but_named(checkout: Path) -> None:
    finding = "gone.py:3:1: F401 unused import\ncart.py:1:1: E999 wrong\n"
    (checkout / "flake8.txt").write_text(finding)

    done = report(checkout, "--lint", "flake8.txt", GITHUB_ACTIONS="true")

    assert done.exit_code == 1
    assert "file=gone.py" not in done.stdout
    assert "::gone.py:3: unused import" in done.stdout
    assert "file=cart.py,line=1" in done.stdout


@pytest.mark.parametrize(
    ("fail_on", "cases", "exit_code"),
    [
        ("failures", (failed(),), 1),
        ("failures", (failed("test_total", "error"),), 1),
        ("errors", (failed(),), 0),
        ("errors", (failed("test_total", "error"),), 1),
        ("nothing", (failed("test_total", "error"),), 0),
        ("new-failures", (failed(),), 0),
        ("new-failures", (failed(), failed("test_empty")), 1),
    ],
)
def test_fail_on(checkout: Path, fail_on: str, cases: tuple[str, ...], exit_code: int) -> None:
    (checkout / "old.xml").write_text(junit(failed(), passed("test_empty")))
    report(checkout, "old.xml", "--output", "before")
    (checkout / "new.xml").write_text(junit(*cases))

    baseline = "before/heroci-result.json"
    done = report(checkout, "new.xml", "--baseline", baseline, "--fail-on", fail_on)

    assert done.exit_code == exit_code, done.stdout


def test_every_failure_is_new_without_a_baseline(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(failed()))

    done = report(checkout, "a.xml", "--baseline", "none.json", "--fail-on", "new-failures")

    assert done.exit_code == 1
    assert "none.json" in done.result["warnings"][0]


def test_damaged_baseline_is_a_warning(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    (checkout / "old.json").write_text("{")

    done = report(checkout, "a.xml", "--baseline", "old.json")

    assert done.exit_code == 0
    assert "old.json" in done.result["warnings"][0]


def test_age_of_a_failure_grows_from_run_to_run(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(failed()))
    report(checkout, "a.xml", "--output", "1")
    first = json.loads((checkout / "1/heroci-result.json").read_text())
    report(checkout, "a.xml", "--output", "2", "--baseline", "1/heroci-result.json")
    report(checkout, "a.xml", "--output", "3", "--baseline", "2/heroci-result.json")

    third = json.loads((checkout / "3/heroci-result.json").read_text())

    (age,) = third["comparison"]["known"]
    assert (age["runs"], age["since"]) == (3, first["started_at"])
    assert "3 runs in a row" in (checkout / "3/summary.md").read_text()


@pytest.mark.parametrize(
    ("option", "value", "exit_code", "words"),
    [
        ("--coverage-minimum", "50", 0, ""),
        ("--coverage-minimum", "50.01", 1, "coverage is 50.00 %, below 50.01 %"),
        ("--coverage-minimum-diff", "40", 1, "the coverage of changed lines is 0.00 %, below 40 %"),
        ("--max-duration", "0.15", 1, "the tests took 0.20 s, more than 0.15 s"),
        ("--max-duration", "1m", 0, ""),
    ],
)
def test_limits_are_gates(
    checkout: Path, option: str, value: str, exit_code: int, words: str
) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty", "0.2")))
    (checkout / "coverage.xml").write_text(COBERTURA)
    (checkout / "cart.py").write_text(CODE.replace("sum(prices)", "sum(prices, 0)"))
    commit(checkout)

    done = report(checkout, "a.xml", "--coverage", "coverage.xml", option, value)

    assert done.exit_code == exit_code, done.stdout
    assert words in (done.reports / "summary.md").read_text()


def test_only_changed_lines_of_the_branch_count(checkout: Path) -> None:
    git(checkout, "checkout", "-qb", "topic")
    (checkout / "cart.py").write_text(CODE.replace("return 0", "return 0.0"))
    commit(checkout)
    git(checkout, "checkout", "-q", "main")
    (checkout / "tests/test_cart.py").write_text(f"{TEST}\n# main went on\n")
    commit(checkout)
    git(checkout, "checkout", "-q", "topic")
    (checkout / "coverage.xml").write_text(COBERTURA)

    done = report(checkout, "--coverage", "coverage.xml", "--base", "main", GITHUB_ACTIONS="true")

    (file,) = done.result["changed"]["files"]
    assert (file["path"], file["covered"], file["missing"]) == ("cart.py", [], [3])
    assert "::notice title=Not covered,file=cart.py,line=3,endLine=3::" in done.stdout


def test_shallow_clone_explains_how_to_fetch_the_base(checkout: Path, tmp_path: Path) -> None:
    (checkout / "cart.py").write_text(f"{CODE}\n")
    commit(checkout)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{checkout}", "shallow")
    shallow = tmp_path / "shallow"
    (shallow / "coverage.xml").write_text(COBERTURA)

    done = report(shallow, "--coverage", "coverage.xml", "--base", "origin/other")

    assert done.exit_code == 0
    assert "fetch-depth: 0" in done.result["warnings"][0]
    assert "'origin/other'" in done.result["warnings"][0]


@pytest.mark.promise(
    "a test fails in one file and passes in another", "it failed, and is not flaky"
)
def test_pass_in_another_file_does_not_forgive_a_failure(checkout: Path) -> None:
    (checkout / "1.xml").write_text(junit(failed()))
    (checkout / "2.xml").write_text(junit(passed("test_total")))

    done = report(checkout, "1.xml", "2.xml")

    assert done.exit_code == 1
    tests = [test for step in done.stage("tests")["steps"] for test in step["tests"]]
    assert [test["status"] for test in tests] == ["failed", "passed"]
    assert "flaky" not in (done.reports / "summary.md").read_text()


def test_it_works_without_git_and_from_a_directory_below_the_root(
    checkout: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for directory in (plain, checkout / "tests"):
        (directory / "a.xml").write_text(junit(failed()))
        done = report(directory, "a.xml")
        (test,) = done.stage("tests")["steps"][0]["tests"]
        assert (test["file"], test["line"]) == ("tests/test_cart.py", 2)


def test_many_passed_tests_are_an_index_of_names_that_a_baseline_knows(checkout: Path) -> None:
    many = [f"test_{number}" for number in range(10_001)]
    old, new = (*many, "test_a", "test_gone"), (*many, "test_x")
    (checkout / "old.xml").write_text(junit(failed(), *map(passed, old)))
    (checkout / "new.xml").write_text(junit(failed("test_a"), *map(passed, new)))

    before = report(checkout, "old.xml", "--output", "before")
    saved = json.loads((checkout / "before/heroci-result.json").read_text())
    done = report(checkout, "new.xml", "--baseline", "before/heroci-result.json")

    assert before.exit_code == 1
    (step,) = saved["stages"][0]["steps"]
    assert [test["name"] for test in step["tests"]] == ["test_total"]
    assert step["passed"]["count"] == len(old)
    comparison = done.result["comparison"]
    assert comparison["new"] == ["tests.test_cart.test_a"]
    assert comparison["added_names"] == ["tests.test_cart.test_x"]
    assert comparison["removed_names"] == [
        "tests.test_cart.test_total",
        "tests.test_cart.test_gone",
    ]
    assert (done.reports / "junit.xml").read_text().count("<testcase ") == len(new) + 1


def test_many_large_files_are_read_in_several_processes(checkout: Path) -> None:
    noise = "x" * 400
    for file in range(4):
        cases = [
            f'<testcase classname="k{file % 2}" name="t{n}" time="0.001"><system-out>{noise}</system-out></testcase>'
            for n in range(6_000)
        ]
        (checkout / f"{file}.xml").write_text(junit(failed(f"test_{file}"), *cases))
    (checkout / "4.xml").write_text(junit(passed("test_0"), "<testcase"))

    done = report(checkout, "*.xml")

    counts = [
        (len(step["tests"]), (step["passed"] or {"count": 0})["count"])
        for step in done.stage("tests")["steps"]
    ]
    assert counts == [*[(1, 6_000)] * 4, (0, 1)]
    assert "4.xml: " in done.stage("tests")["steps"][4]["reason"]
    junit_schema.check((done.reports / "junit.xml").read_bytes())


@pytest.mark.promise(
    "a result file is larger than `largest-file`, unpacked", "the report fails and names it"
)
def test_a_file_above_the_limit_fails_the_report_and_is_named(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    (checkout / "large.xml").write_text(junit(*map(passed, map(str, range(99)))))

    done = report(checkout, "*.xml", "--largest-file", "2kB")

    assert done.exit_code == 1
    reason = done.stage("tests")["reason"]
    assert reason == "large.xml: it has more than 2,000 bytes"
    assert report(checkout, "a.xml", "--largest-file", "big").exit_code == 2


def test_limits_of_the_configuration_hold_and_those_of_the_call_win(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text("[tool.heroci.report]\nlargest-file = '2kB'\n")
    (checkout / "a.xml").write_text(junit(*map(passed, ("test_empty", "test_more"))))
    (checkout / "large.xml").write_text(junit(*map(passed, map(str, range(99)))))

    def exit_code(*options: str, directory: Path = checkout) -> int:
        return report(directory, *options).exit_code

    assert exit_code("a.xml", "large.xml") == 1
    assert exit_code("a.xml", "large.xml", "--largest-file", "1MB") == 0
    assert exit_code("../large.xml", directory=checkout / "tests") == 1


def test_a_wrong_limit_in_the_configuration_is_told_and_nothing_is_written(checkout: Path) -> None:
    (checkout / "heroci.toml").write_text("[report]\nlargest-file = 'big'\n")
    (checkout / "a.xml").write_text(junit(passed("test_empty")))

    done = report(checkout, "a.xml")

    assert done.exit_code == 2
    assert "report.largest-file: must be bytes as a whole number" in done.stderr
    assert not done.reports.exists()


@pytest.mark.promise(
    "a coverage file is broken, and `unreadable` is `warn`", "a minimum for the coverage is not met"
)
def test_a_broken_file_can_be_a_warning_but_meets_no_minimum(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    (checkout / "empty.xml").write_text("")
    (checkout / "coverage.xml").write_text(COBERTURA)
    (checkout / "cut.xml").write_text(COBERTURA[:-40])
    coverage = ("--coverage", "coverage.xml", "--coverage", "cut.xml")

    assert report(checkout, "a.xml", "empty.xml", *coverage).exit_code == 1

    warning = report(checkout, "a.xml", "empty.xml", *coverage, "--unreadable", "warn")

    assert warning.exit_code == 0
    assert {text.split(":")[0] for text in warning.result["warnings"]} == {"empty.xml", "cut.xml"}

    gated = report(checkout, "a.xml", *coverage, "--unreadable", "warn", "--coverage-minimum", "10")

    assert gated.exit_code == 1
    reason = gated.stage("gates")["steps"][0]["reason"]
    assert reason == "coverage was not measured: cut.xml could not be read"

    (checkout / "heroci.toml").write_text("[report]\nunreadable = 'warn'\n")
    assert report(checkout, "a.xml", "empty.xml").exit_code == 0


@pytest.mark.promise(
    "the paths of a coverage report fit no tracked file",
    "a warning counts and names them, and a minimum is not met",
)
def test_paths_that_fit_nothing_are_named_and_can_be_mapped(checkout: Path) -> None:
    (checkout / "lib").mkdir()
    (checkout / "lib/cart.py").write_text(CODE)
    (checkout / "app").mkdir()
    (checkout / "app/cart.py").write_text(CODE)
    (checkout / "coverage.xml").write_text(
        COBERTURA.replace("<source>.</source>", "<source>/srv/shop/src</source>")
    )
    (checkout / "lcov.info").write_text("SF:/srv/legacy/old.py\nDA:1,1\nend_of_record\n")
    named = ("--coverage", "coverage.xml", "--coverage", "lcov.info")

    def measured(*options: str) -> list[str]:
        files = report(checkout, *named, *options).result["coverage"]["files"]
        return [file["path"] for file in files]

    assert report(checkout, *named).result["warnings"][-1] == (
        "lcov.info: 1 measured file of 1 is not in the repository: /srv/legacy/old.py"
    )
    assert measured("--path-prefix", "/srv/shop/src=lib") == ["lib/cart.py"]
    (checkout / "heroci.toml").write_text("[report.paths]\n'/srv/shop/src' = 'app'\n")
    assert measured() == ["app/cart.py"]
    assert report(checkout, *named, "--path-prefix", "../x").exit_code == 2


def test_each_report_of_a_monorepo_has_its_own_prefix(checkout: Path) -> None:
    for package in ("web", "api"):
        (checkout / package).mkdir()
        (checkout / package / "cart.py").write_text(CODE)
        (checkout / f"{package}.xml").write_text(
            COBERTURA.replace("<source>.</source>", "<source>/app</source>")
        )
    named = ("--coverage", "web.xml", "--coverage", "api.xml")
    options = ("--path-prefix", "web.xml::/app=web", "--path-prefix", "api.xml::/app=api")

    def measured(*options: str) -> list[str]:
        files = report(checkout, *named, *options).result["coverage"]["files"]
        return [file["path"] for file in files]

    assert measured(*options) == ["api/cart.py", "web/cart.py"]
    (checkout / "heroci.toml").write_text(
        "[report.paths-by-report]\n'web.*' = { '/app' = 'web' }\n'api.*' = { '/app' = 'api' }\n"
    )
    assert measured() == ["api/cart.py", "web/cart.py"]


def test_a_pattern_with_an_exclamation_mark_excludes_files(checkout: Path) -> None:
    for name in ("results/a.xml", "results/node_modules/b.xml", "results/old/c.xml"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(junit(passed("test_empty")))

    def names(*patterns: str) -> list[str]:
        stages = report(checkout, *patterns).result["stages"]
        return [step["name"] for stage in stages for step in stage["steps"]]

    assert names("**/*.xml", "!**/node_modules") == ["results/a.xml", "results/old/c.xml"]
    assert names("!results/old/c.xml", "!**/b.xml", "results/**/*.xml") == ["results/a.xml"]

    nothing = report(checkout, "results/old/*.xml", "!results/old/")
    assert nothing.exit_code == 1
    assert "no file matches 'results/old/*.xml'" in nothing.stdout + nothing.stderr
    assert report(checkout, "!results").exit_code == 2


def test_a_title_replaces_the_name_of_the_project(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))

    done = report(checkout, "a.xml", "--title", "Browser tests")

    assert (done.reports / "summary.md").read_text().startswith("# ✅ Browser tests: passed")
    assert "<h1>✅ Browser tests: passed</h1>" in (done.reports / "report.html").read_text()
    assert "Browser tests: passed" in done.stdout + done.stderr


def test_a_drop_against_the_baseline_is_a_gate(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    (checkout / "coverage.xml").write_text(COBERTURA.replace('hits="0"', 'hits="1"', 1))
    call = ("a.xml", "--coverage", "coverage.xml", "--coverage-maximum-drop", "20")
    first = report(checkout, *call)
    assert first.exit_code == 0
    assert first.stage("gates")["reason"] == "no baseline to compare with: none was read"
    shutil.copy(first.reports / "heroci-result.json", checkout / "old.json")
    (checkout / "coverage.xml").write_text(COBERTURA)

    second = report(checkout, *call, "--baseline", "old.json")

    words = "coverage is 50.00 %, 25.00 percentage points below the baseline (75.00 %); at most 20 are allowed"
    assert second.exit_code == 1
    assert second.step("gates", "coverage-maximum-drop")["reason"] == words
    assert words in (second.reports / "summary.md").read_text()


@pytest.mark.promise(
    "no coverage report contains a new file",
    "its lines are not covered, and the minimum for changed lines is not met",
)
def test_a_change_that_no_report_contains_fails_its_minimum(checkout: Path) -> None:
    (checkout / "refunds.py").write_text("def refund():\n    return 1\n")
    git(checkout, "add", "refunds.py")
    git(checkout, "commit", "-qm", "refunds")
    (checkout / "coverage.xml").write_text(COBERTURA)

    done = report(
        checkout, "--coverage", "coverage.xml", "--base", "HEAD^", "--coverage-minimum-diff", "80"
    )

    assert done.exit_code == 1
    reason = done.stage("gates")["steps"][0]["reason"]
    assert reason == (
        "the coverage of changed lines is 0.00 %, below 80 %; no report contains refunds.py"
    )
    assert reason in done.stdout
    assert "refunds.py" in (done.reports / "summary.md").read_text()


def test_reruns_that_look_like_repeated_tests_count_if_the_user_says_so(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(failed(), passed("test_total")))

    stated, assumed = report(checkout, "a.xml"), report(checkout, "a.xml", "--reruns", "assume")
    (checkout / "heroci.toml").write_text("[report]\nreruns = 'assume'\n")
    configured = report(checkout, "a.xml")

    assert [done.exit_code for done in (stated, assumed, configured)] == [1, 0, 0]
    (test,) = configured.stage("tests")["steps"][0]["tests"]
    assert test["status"] == "flaky"
