"""What linters and formatters print becomes diagnostics; the texts are those of the tools themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heroci_action.readers import PathResolver, Readings, Source, read
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.results.records import Diagnostic, Severity

TREE = PathResolver(
    tracked=frozenset({"pkg/ugly.py", "pkg/we ird:1.py", "pkg/syntax.py"}), roots=("/src",)
)

# A tilde stands for the blank of an empty line.
BLACK = """--- /src/pkg/ugly.py\t2026-11-24 12:40:48.505866+00:00
+++ /src/pkg/ugly.py\t2026-11-24 12:40:48.708349+00:00
@@ -1,13 +1,14 @@
 import sys
 import os
-x = { "a":1 }
+
+x = {"a": 1}
~
~
 y = 2
~
~
+z = 3
~
~
-z   =  3
-def f( ):
-  return 1
+def f():
+    return 1
--- /src/pkg/we ird:1.py\t2026-11-24 12:40:48.505866+00:00
+++ /src/pkg/we ird:1.py\t2026-11-24 12:40:48.710864+00:00
@@ -1,3 +1 @@
-
-
 x = 1
""".replace("~", " ")

ISORT = """--- /src/pkg/ugly.py:before\t2026-11-24 12:40:48.505866
+++ /src/pkg/ugly.py:after\t2026-11-24 12:40:48.809258
@@ -1,5 +1,6 @@
+import os
 import sys
-import os
+
 x = { "a":1 }


Skipped 1 files
""".replace("~", " ")


def readings(kind: str, out: str, err: str = "") -> Readings:
    source = Source(kind=kind, path="its output", content=out.encode(), errors=err.encode())
    return read([], tree=TREE, printed=[source])


def found(kind: str, out: str, err: str = "") -> tuple[Diagnostic, ...]:
    said = readings(kind, out, err)
    assert said.warnings == ()
    return said.diagnostics


def places(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str | None, int | None, int | None]]:
    return [(finding.file, finding.line, finding.end_line) for finding in diagnostics]


def test_each_group_of_lines_that_black_would_change_is_a_finding() -> None:
    findings = found("black", BLACK)
    assert places(findings) == [
        ("pkg/ugly.py", 3, 3),
        ("pkg/ugly.py", 9, 9),
        ("pkg/ugly.py", 11, 13),
        ("pkg/we ird:1.py", 1, 2),
    ]
    assert findings[2].message == "black would write:\ndef f():\n    return 1"
    assert findings[1].message == "black would insert before this line:\nz = 3"
    assert findings[3].message == "black would remove this"
    assert {finding.tool for finding in findings} == {"black"}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            "error: cannot parse: /src/pkg/syntax.py:1:11\n    def broken(:\nParseError: bad input\n",
            1,
        ),
        (
            "error: cannot format /src/pkg/syntax.py: Cannot parse for target version Python 3.13: 1:11: def x(:\n",
            1,
        ),
        (
            "error: cannot format /src/pkg/syntax.py: INTERNAL ERROR: Black produced invalid code\n",
            None,
        ),
    ],
)
def test_a_file_that_black_cannot_read_is_a_finding_of_its_own(
    error: str, line: int | None
) -> None:
    findings = found("black", BLACK, error)
    assert (findings[-1].file, findings[-1].line) == ("pkg/syntax.py", line)
    assert len(findings) == 5


def test_errors_in_the_middle_of_a_diff_do_not_disturb_it() -> None:
    mixed = BLACK.replace("-z   =", "error: cannot parse: /src/pkg/syntax.py:1:11\n-z   =")
    assert ("pkg/ugly.py", 11, 13) in places(found("black", mixed))


def test_isort_names_the_lines_once_although_it_says_it_twice() -> None:
    error = "ERROR: /src/pkg/ugly.py Imports are incorrectly sorted and/or formatted.\n"
    findings = found("isort", ISORT, error)
    assert places(findings) == [("pkg/ugly.py", 1, 1), ("pkg/ugly.py", 2, 2)]
    assert findings[1].message == "isort would write: an empty line"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (
            "black",
            "would reformat /src/pkg/ugly.py\n\nOh no!\n1 file would be reformatted.\n",
        ),
        (
            "isort",
            "ERROR: /src/pkg/ugly.py Imports are incorrectly sorted and/or formatted.\n",
        ),
    ],
)
def test_without_a_diff_the_file_is_named_as_a_whole(kind: str, error: str) -> None:
    assert places(found(kind, "", error)) == [("pkg/ugly.py", None, None)]


def test_ruff_format_is_read_as_black_is() -> None:
    out = "--- pkg/ugly.py\n+++ pkg/ugly.py\n@@ -3 +3 @@\n-x = { 1 }\n+x = {1}\n\n"
    error = "error: Failed to parse pkg/syntax.py:1:12: Expected `)`\n1 file would be reformatted\n"
    findings = found("ruff-format", out, error)
    assert places(findings) == [("pkg/ugly.py", 3, 3), ("pkg/syntax.py", 1, None)]
    assert findings[0].tool == "ruff-format"
    assert findings[1].message == "Failed to parse: Expected `)`"


def test_a_removed_line_that_looks_like_a_header_is_a_line() -> None:
    out = "--- pkg/ugly.py\n+++ pkg/ugly.py\n@@ -1,2 +1,2 @@\n--- a/b.py\n+++ a/b.py\n x = 1\n"
    assert places(found("black", out)) == [("pkg/ugly.py", 1, 1)]


def test_a_hunk_without_lines_around_it_inserts_behind_the_line_it_names() -> None:
    out = "--- pkg/ugly.py\n+++ pkg/ugly.py\n@@ -2,0 +3 @@\n+x = 1\n"
    assert places(found("black", out)) == [("pkg/ugly.py", 3, 3)]


def test_many_lines_are_cut_and_counted() -> None:
    added = "".join(f"+line {number}\n" for number in range(20))
    out = f"--- pkg/ugly.py\n+++ pkg/ugly.py\n@@ -1 +1,20 @@\n-x\n{added}"
    (finding,) = found("black", out)
    assert finding.message.endswith("line 7\n… and 12 more lines")


LINES = [
    (
        "flake8",
        "./pkg/ugly.py:3:6: E201 whitespace after '{'",
        ("pkg/ugly.py", 3, 6, "E201", "whitespace after '{'"),
    ),
    (
        "flake8",
        "pkg/we ird:1.py:1:1: W391 blank",
        ("pkg/we ird:1.py", 1, 1, "W391", "blank"),
    ),
    ("flake8", "pkg/ugly.py:3: ABC123 x", ("pkg/ugly.py", 3, None, "ABC123", "x")),
    (
        "ruff",
        "pkg/ugly.py:1:8: F401 [*] `sys` imported but unused",
        ("pkg/ugly.py", 1, 8, "F401", "`sys` imported but unused"),
    ),
    (
        "ruff",
        "pkg/syntax.py:1:12: invalid-syntax: Expected `)`",
        ("pkg/syntax.py", 1, 12, "invalid-syntax", "Expected `)`"),
    ),
    (
        "ruff",
        "F401 [*] `os` imported but unused\n --> pkg/ugly.py:2:8\n  |\n1 | import sys",
        ("pkg/ugly.py", 2, 8, "F401", "`os` imported but unused"),
    ),
    (
        "mypy",
        'pkg/ugly.py:1:5: error: Name "x" is not defined  [name-defined]',
        ("pkg/ugly.py", 1, 5, "name-defined", 'Name "x" is not defined'),
    ),
    ("mypy", "pkg/ugly.py: error: too big", ("pkg/ugly.py", None, None, None, "too big")),
    (
        "pylint",
        "pkg/ugly.py:13:0: E0602: Undefined variable 'x' (undefined-variable)",
        ("pkg/ugly.py", 13, None, "E0602", "Undefined variable 'x' (undefined-variable)"),
    ),
]


@pytest.mark.parametrize(("kind", "line", "wanted"), LINES)
def test_a_line_of_a_linter_is_a_finding(kind: str, line: str, wanted: tuple[object, ...]) -> None:
    (finding,) = found(kind, f"{line}\nFound 1 error.\n[*] 1 fixable\nSuccess: no issues\n")
    where = (finding.file, finding.line, finding.column, finding.rule, finding.message)
    assert where == wanted
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(("kind", "line", "wanted"), LINES)
def test_colours_and_carriage_returns_make_no_difference(
    kind: str, line: str, wanted: tuple[object, ...]
) -> None:
    coloured = "\r\n".join(f"\x1b[1m{part}\x1b[0m" for part in line.split("\n"))
    assert [finding.message for finding in found(kind, coloured + "\r\n")] == [wanted[-1]]


def test_mypys_notes_belong_to_the_finding_before_them() -> None:
    (finding,) = found(
        "mypy",
        "pkg/ugly.py:1: error: wrong  [misc]\npkg/ugly.py:1: note: because\npkg/syntax.py:9: note: alone\n",
    )
    assert finding.message == "wrong\nbecause"


def test_what_pylint_does_not_call_an_error_is_a_warning() -> None:
    out = "pkg/ugly.py:1:0: C0114: Missing module docstring (missing-module-docstring)\n"
    assert found("pylint", out)[0].severity is Severity.WARNING


def test_a_finding_outside_of_the_repository_keeps_its_path_in_the_message() -> None:
    (finding,) = found("flake8", "/usr/lib/x.py:3:1: E999 bad\n")
    assert (finding.file, finding.line, finding.message) == (None, None, "/usr/lib/x.py:3: bad")


@pytest.mark.parametrize("kind", [kind for kind, _, _ in LINES] + ["black", "isort"])
def test_no_output_is_no_finding(kind: str) -> None:
    assert found(kind, "") == ()


@pytest.mark.parametrize("kind", ["flake8", "ruff", "mypy", "black"])
def test_a_megabyte_on_one_line_is_read_in_time(kind: str) -> None:
    assert found(kind, ("a" * 1_000_000) + ":1:") == ()


def ruff_json(**more: Any) -> str:
    entry = {
        "code": "I001",
        "filename": "/src/pkg/ugly.py",
        "location": {"row": 1, "column": 2},
        "end_location": {"row": 4, "column": 1},
        "message": "unsorted",
    }
    return json.dumps([{**entry, **more}])


def test_ruffs_json_has_the_end_of_the_range() -> None:
    (finding,) = found("ruff", ruff_json())
    assert places((finding,)) == [("pkg/ugly.py", 1, 4)]
    assert (finding.rule, finding.message, finding.column) == ("I001", "unsorted", 2)
    assert found("ruff", ruff_json(code=None))[0].rule is None
    assert found("ruff", "[]\n") == ()


@pytest.mark.parametrize("out", ["[{]", '[{"code": 1}]', "[1]", ruff_json(location=None)])
def test_broken_json_of_ruff_is_a_problem(out: str) -> None:
    assert readings("ruff", out).problems[0].startswith("its output: not a complete ruff report")


def sarif(*results: dict[str, Any], **run: Any) -> str:
    driver = {
        "name": "bandit",
        "rules": [
            {
                "id": "B1",
                "defaultConfiguration": {"level": "error"},
                "messageStrings": {"m": {"text": "bad {0}"}},
            }
        ],
    }
    return json.dumps(
        {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results, **run}]}
    )


def result(uri: str = "pkg/ugly.py", **more: Any) -> dict[str, Any]:
    region = {"startLine": 2, "endLine": 3, "startColumn": 4}
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    return {"ruleId": "B2", "message": {"text": "no"}, "locations": [location], **more}


def test_sarif_gives_place_rule_and_level() -> None:
    (finding,) = found("sarif", sarif(result(level="note")))
    assert places((finding,)) == [("pkg/ugly.py", 2, 3)]
    assert (finding.tool, finding.rule, finding.column) == ("bandit", "B2", 4)
    assert finding.severity is Severity.NOTICE


def test_sarif_takes_level_and_message_from_the_rule() -> None:
    (finding,) = found(
        "sarif", sarif(result(ruleId="B1", message={"id": "m", "arguments": ["luck"]}))
    )
    assert (finding.severity, finding.message) == (Severity.ERROR, "bad luck")
    assert found("sarif", sarif(result()))[0].severity is Severity.WARNING


def test_sarif_leaves_out_what_is_no_open_problem() -> None:
    out = sarif(
        result(suppressions=[{"kind": "inSource"}]),
        result(kind="pass"),
        result(level="none"),
        result(suppressions=[{"kind": "external", "status": "rejected"}], message={"text": "open"}),
    )
    assert [finding.message for finding in found("sarif", out)] == ["open"]


def test_sarif_paths_may_be_uris_with_bases_and_escapes() -> None:
    assert (
        found("sarif", sarif(result("file:///src/pkg/we%20ird%3A1.py")))[0].file
        == "pkg/we ird:1.py"
    )
    based = result("ugly.py")
    based["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] = "R"
    out = sarif(based, originalUriBaseIds={"R": {"uri": "file:///src/pkg/"}})
    assert found("sarif", out)[0].file == "pkg/ugly.py"
    assert found("sarif", sarif({"message": {"text": "x"}}))[0].file is None


@pytest.mark.parametrize(
    "out", ["", "{}", "[]", '{"runs": [{}, 1]}', '{"runs": [{"results": [1]}]}']
)
def test_broken_sarif_is_a_problem(out: str) -> None:
    assert len(readings("sarif", out).problems) == 1


@pytest.mark.parametrize(
    "run", [{"results": None}, {"invocations": [{"executionSuccessful": False}]}]
)
def test_a_tool_that_did_not_scan_is_a_problem(run: dict[str, Any]) -> None:
    (problem,) = readings("sarif", sarif(**run)).problems
    assert "bandit did not" in problem


def test_sarif_without_a_run_is_a_problem() -> None:
    (problem,) = readings("sarif", '{"version": "2.1.0", "runs": []}').problems
    assert "it contains no run of a tool" in problem


@pytest.mark.parametrize(
    ("kind", "out", "hidden"),
    [
        ("mypy", "pkg/ugly.py:1: note: see\nFound 2 errors in 1 file (checked 3 source files)", 2),
        ("mypy", "pkg/ugly.py:1: error: a\nFound 1 error in 1 file (checked 1 source file)", 0),
        ("mypy", "Success: no issues found in 3 source files", 0),
        ("ruff", "pkg/ugly.py:1:1: F401 unused\nFound 3 errors.", 2),
        ("ruff", "pkg/ugly.py:1:1: F401 unused\nFound 3 errors (2 fixed, 1 remaining).", 0),
        ("ruff", "Found 3 errors (3 fixed, 0 remaining).", 0),
    ],
)
def test_errors_that_a_linter_counted_but_does_not_show_are_a_finding(
    kind: str, out: str, hidden: int
) -> None:
    messages = [finding.message for finding in found(kind, out)]
    assert [int(text[0]) for text in messages if "does not show" in text] == [hidden][
        : bool(hidden)
    ]


CHECKSTYLE = """<?xml version="1.0"?><checkstyle version="4.3"><file name="/src/pkg/ugly.py">
<error line="3" column="7" severity="warning" message="a &lt; b" source="com.x.checks.LineLength"/>
<error line="4" severity="ignore" message="no"/></file></checkstyle>"""


def test_checkstyle_gives_place_rule_and_severity() -> None:
    (finding,) = found("checkstyle", CHECKSTYLE)
    assert (finding.file, finding.line, finding.column) == ("pkg/ugly.py", 3, 7)
    assert (finding.rule, finding.message, finding.severity) == (
        "LineLength",
        "a < b",
        Severity.WARNING,
    )


def test_a_file_that_checkstyle_could_not_check_is_a_finding() -> None:
    document = CHECKSTYLE.replace(
        "</file>", "<exception><![CDATA[Cannot parse it]]></exception></file>"
    )

    assert [finding.message for finding in found("checkstyle", document)] == [
        "a < b",
        "Cannot parse it",
    ]


def test_a_tool_that_did_not_run_to_its_end_is_a_problem_beside_its_findings() -> None:
    notification = {"level": "error", "message": {"text": "out of memory"}}
    invocation = {"executionSuccessful": False, "toolExecutionNotifications": [notification]}

    said = readings("sarif", sarif(result(), invocations=[invocation]))

    assert len(said.diagnostics) == 1
    assert said.problems[0].endswith("bandit did not run successfully: out of memory")


def test_the_diff_of_one_file_that_is_cut_off_loses_only_that_file() -> None:
    cut = BLACK.replace("-def f( ):\n-  return 1\n+def f():\n+    return 1\n", "")

    said = readings("black", cut)

    assert places(said.diagnostics) == [("pkg/we ird:1.py", 1, 2)]
    assert "its diff is incomplete" in said.problems[0]


def test_findings_of_a_container_are_placed_by_one_prefix() -> None:
    tree = PathResolver(
        tracked=frozenset({"backend/shop/a.py", "backend/m.py", "m.py"}),
        roots=("/x",),
        foreign=True,
    )
    out = "/app/shop/a.py:1:1: E1 x\n/app/m.py:2:1: E1 x\n/usr/lib/python3/m.py:3:1: E1 x\n"
    source = Source(kind="flake8", path="flake8.txt", content=out.encode())

    said = read([], tree=tree, printed=[source])

    assert places(said.diagnostics)[:2] == [
        ("backend/shop/a.py", 1, None),
        ("backend/m.py", 2, None),
    ]
    assert said.diagnostics[2].file is None
    assert said.diagnostics[2].message == "/usr/lib/python3/m.py:3: x"


def test_a_truncated_checkstyle_file_keeps_what_it_had() -> None:
    said = readings("checkstyle", CHECKSTYLE[:-20])
    assert len(said.diagnostics) == len(said.problems) == 1


@pytest.mark.parametrize("setting", ["fix", "fix-only"])
def test_ruff_repairs_nothing_whatever_its_settings_say(tmp_path: Path, setting: str) -> None:
    (tmp_path / "ruff.toml").write_text(f"{setting} = true\n")
    module = tmp_path / "module.py"
    module.write_text("import os\n")
    command = (sys.executable, "-m", *LINT_TOOLS["ruff"].command)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert module.read_text() == "import os\n"
