"""Formats that HeroCI knows but does not read, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, field

from heroci_action.readers.format import (
    Category,
    Head,
    Recognizer,
    json_array,
    json_object,
    text_matching,
    xml_root,
)

_JUNIT = "HeroCI reads JUnit XML"
_COVERAGE = "HeroCI reads Cobertura XML, LCOV, JaCoCo XML and coverage.py's JSON"
_LINT = "HeroCI reads SARIF, Checkstyle XML and the default output of several linters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """A format that is not read; `advice` names the format to write instead, and the way to do it."""

    title: str
    category: Category
    recognize: Recognizer = field(repr=False)
    advice: str

    def __str__(self) -> str:
        return f"this is {self.title}; {self.advice}"


def _tests(title: str, recognize: Recognizer, how: str) -> Unsupported:
    return Unsupported(
        title=title, category=Category.TESTS, recognize=recognize, advice=f"{_JUNIT}: {how}"
    )


def _coverage(title: str, recognize: Recognizer, how: str) -> Unsupported:
    return Unsupported(
        title=title, category=Category.COVERAGE, recognize=recognize, advice=f"{_COVERAGE}: {how}"
    )


def _lint(title: str, recognize: Recognizer, how: str) -> Unsupported:
    return Unsupported(
        title=title, category=Category.LINT, recognize=recognize, advice=f"{_LINT}: {how}"
    )


def _is_sqlite(head: Head) -> bool:
    return head.data.startswith(b"SQLite format 3\0")


UNSUPPORTED: tuple[Unsupported, ...] = (
    _tests(
        "TRX of Visual Studio",
        xml_root("TestRun"),
        "use the logger of the package JunitXml.TestLogger, `dotnet test --logger junit`",
    ),
    _tests(
        "NUnit XML",
        xml_root("test-run", "test-results"),
        "use the package JunitXml.TestLogger, or nunit3-console's transform to JUnit",
    ),
    _tests(
        "xUnit.net XML",
        xml_root("assemblies", "assembly"),
        "use `dotnet test --logger junit` with the package JunitXml.TestLogger, or the runner's -junit",
    ),
    _tests(
        "TestNG XML", xml_root("testng-results"), "use the files in its directory junitreports/"
    ),
    _tests("Robot Framework XML", xml_root("robot"), "run `robot --xunit junit.xml`"),
    _tests("CTest XML", xml_root("Site"), "run `ctest --output-junit junit.xml`"),
    _tests("Jest JSON", json_object(r'"numTotalTests"\s*:'), "use the reporter jest-junit"),
    _tests(
        "Mocha JSON",
        json_object(r'\A\{\s*"stats"\s*:\s*\{\s*"suites"'),
        "use `--reporter xunit`, or mocha-junit-reporter",
    ),
    _tests(
        "Cucumber JSON",
        json_array(r'"elements"\s*:\s*\['),
        "use the formatter junit, `--format junit:junit.xml`",
    ),
    _tests(
        "JSON of `go test`",
        json_object(r'^\{"Time":.*"Action":', r'^\{"Action":"(?:start|run|output|pass|fail)"'),
        "run `gotestsum --junitfile junit.xml`",
    ),
    _tests(
        "TAP", text_matching(r"\ATAP version \d+", r"\A1\.\.\d+$"), "use a TAP to JUnit converter"
    ),
    _coverage(
        "Clover XML",
        xml_root("coverage", containing=r"\bclover=|<project\b"),
        "with Istanbul or c8, use the reporter cobertura or lcov; with PHPUnit, `--coverage-cobertura`",
    ),
    _coverage(
        "OpenCover XML",
        xml_root("CoverageSession"),
        "with coverlet, use `/p:CoverletOutputFormat=cobertura`",
    ),
    _coverage(
        "a coverage file of Visual Studio",
        xml_root("results", "CoverageDSPriv", containing=r"<(?:modules|Module)\b"),
        "run `dotnet-coverage merge -f cobertura`",
    ),
    _coverage(
        "generic coverage of SonarQube",
        xml_root("coverage", containing=r"<lineToCover\b"),
        "use another output of the tool that measured it",
    ),
    _coverage(
        "a coverage profile of Go",
        text_matching(r"\Amode: (?:set|count|atomic)$"),
        "run `gcov2lcov` or `gocover-cobertura`",
    ),
    _coverage(
        "coverage.py's database",
        _is_sqlite,
        "run `coverage json`, `coverage xml` or `coverage lcov`",
    ),
    _coverage(
        "coverage.py's table",
        text_matching(r"^Name +Stmts +Miss\b"),
        "run `coverage json`, `coverage xml` or `coverage lcov`",
    ),
    _coverage(
        "Istanbul JSON",
        json_object(r'"statementMap"\s*:', r'"total"\s*:\s*\{\s*"lines"\s*:'),
        "use the reporter lcov or cobertura",
    ),
    _coverage(
        "SimpleCov JSON",
        json_object(r'"(?:RSpec|Minitest|Unit Tests)"\s*:', r'"simplecov_version"\s*:'),
        "use the formatter of simplecov-lcov or simplecov-cobertura",
    ),
    _coverage(
        "JSON of llvm-cov",
        json_object(r'"llvm\.coverage\.json\.export"', r'\A\{\s*"data"\s*:\s*\[\s*\{\s*"files"'),
        "run `llvm-cov export -format=lcov`",
    ),
    _coverage("JSON of gcov", json_object(r'"gcc_version"\s*:'), "run `gcovr --cobertura` or lcov"),
    _lint("ESLint JSON", json_array(r'"filePath"\s*:'), "use a formatter for SARIF or Checkstyle"),
    _lint("Pylint JSON", json_array(r'"message-id"\s*:'), "use `--output-format=text`"),
    _lint("mypy JSON", json_object(r'^\{"file":.*"hint":'), "run mypy without `--output json`"),
    _lint("Code Quality JSON of GitLab", json_array(r'"fingerprint"\s*:'), "use SARIF"),
    _lint("PMD XML", xml_root("pmd", "pmd-cpd"), "use the renderer sarif"),
    _lint("SpotBugs XML", xml_root("BugCollection"), "use the option -sarif"),
    _lint(
        "cppcheck XML",
        xml_root("results", containing=r"<cppcheck\b"),
        "use `--output-format=sarif`",
    ),
)


def recognize_unsupported(start: bytes) -> Unsupported | None:
    """Return the format of a file by its first bytes; None if it is none of these."""
    head = Head.of(start)
    return next((one for one in UNSUPPORTED if one.recognize(head)), None)
