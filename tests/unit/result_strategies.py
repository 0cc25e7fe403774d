"""Hypothesis strategies for results, hostile text included; and a builder for the ones that a test spells out."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage
from heroci_action.results.differences import FailureAge, Slowdown
from heroci_action.results.provenance import LeftOutLine
from heroci_action.results.records import (
    Attempt,
    Comparison,
    Diagnostic,
    FixtureTimes,
    Result,
    Severity,
    Split,
    StageResult,
    Status,
    StepResult,
    TestCase,
)

HOSTILE = (
    "]]>",
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b[0m",
    "\x00",
    "\udc80",
    "::error file=a.py::pwned",
    "##[error]pwned",
    "::set-output name=a::b",
    "%0A::warning::x",
    "| a | b |",
    "```\n# title\n```",
    "\u202egnp.exe",
    "</details></summary>",
    "[x](javascript:alert(1))",
    "@everyone",
    "\r\n",
    "&amp;",
    "<!-- ",
    "\ufffe",
)
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(codec=None, categories=("Cs", "Cc", "Cf", "L", "P")), max_size=12),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
).filter(lambda text: not _PAIR.search(text))
names = texts.map(lambda text: text or "name")
optional_texts = st.none() | texts
lines = st.none() | st.integers(1, 99_999)
durations = st.floats(0, 1e5, allow_nan=False)
statuses = st.sampled_from([status for status in Status if status is not Status.FLAKY])
test_statuses = st.sampled_from(Status)

diagnostics = st.builds(
    Diagnostic,
    message=texts,
    tool=texts,
    file=optional_texts,
    line=lines,
    end_line=lines,
    column=lines,
    rule=optional_texts,
    severity=st.sampled_from(Severity),
)
attempts = st.builds(Attempt, status=statuses, message=texts, details=texts)
tests = st.builds(
    TestCase,
    name=texts,
    classname=texts,
    status=test_statuses,
    duration=durations,
    file=optional_texts,
    line=lines,
    message=texts,
    details=texts,
    output=texts,
    attempts=st.lists(attempts, max_size=2).map(tuple),
)
counts = st.integers(0, 10**6)
splits = st.builds(Split, shard=texts, tests=counts, total=counts, fingerprint=texts)
fixture_times = st.builds(
    FixtureTimes,
    total=durations,
    longest=st.lists(st.tuples(texts, durations), max_size=3).map(tuple),
)
steps = st.builds(
    StepResult,
    name=names,
    status=statuses,
    exit_code=st.none() | st.integers(0, 255),
    started=durations,
    duration=durations,
    cached=st.booleans(),
    command=texts,
    reason=optional_texts,
    remedy=optional_texts,
    output=texts,
    log=optional_texts,
    diagnostics=st.lists(diagnostics, max_size=3).map(tuple),
    tests=st.lists(tests, max_size=4).map(tuple),
    facts=st.dictionaries(texts, texts, max_size=2),
    python=optional_texts,
    splits=st.lists(splits, max_size=2).map(tuple),
    fixtures=st.none() | fixture_times,
    warnings=st.lists(texts, max_size=2).map(tuple),
)
stages = st.builds(
    StageResult,
    name=names,
    status=statuses,
    emoji=texts,
    needs=st.lists(texts, max_size=2).map(tuple),
    optional=st.booleans(),
    started=durations,
    duration=durations,
    reason=optional_texts,
    remedy=optional_texts,
    steps=st.lists(steps, max_size=3).map(tuple),
    warnings=st.lists(texts, max_size=2).map(tuple),
)


def _file(path: str, lines_: list[tuple[int, bool]], branches: tuple[int, int]) -> FileCoverage:
    return FileCoverage(
        path=path,
        covered=tuple(sorted(number for number, ran in lines_ if ran)),
        missing=tuple(sorted(number for number, ran in lines_ if not ran)),
        covered_branches=branches[0],
        missing_branches=branches[1],
    )


files = st.builds(
    _file,
    names,
    st.lists(st.tuples(st.integers(1, 500), st.booleans()), max_size=9, unique_by=lambda x: x[0]),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
coverages = st.builds(
    Coverage, files=st.lists(files, max_size=4, unique_by=lambda file: file.path).map(tuple)
)
ids = st.lists(texts, max_size=3).map(tuple)
comparisons = st.builds(
    Comparison,
    started_at=texts,
    commit=optional_texts,
    duration=durations,
    coverage=st.none() | st.floats(0, 100),
    new=ids,
    known=st.lists(
        st.builds(
            FailureAge, id=texts, runs=st.integers(2, 99), since=texts, commit=optional_texts
        ),
        max_size=2,
    ).map(tuple),
    fixed=ids,
    unstable=ids,
    slower=st.lists(
        st.builds(Slowdown, id=texts, before=durations, after=durations), max_size=2
    ).map(tuple),
    added=st.integers(0, 5),
    removed=st.integers(0, 5),
    added_names=ids,
    removed_names=ids,
    new_findings=st.lists(diagnostics, max_size=2).map(tuple),
    coverage_files=st.dictionaries(names, st.floats(0, 100), max_size=2),
    stages=st.dictionaries(texts, durations, max_size=2),
)
changes = st.builds(
    ChangedLines,
    base=texts,
    files=st.lists(files, max_size=2, unique_by=lambda file: file.path).map(tuple),
)
left_out_lines = st.builds(
    LeftOutLine, line=texts, source=texts, reason=texts, harmless=st.booleans()
)

results = st.builds(
    Result,
    status=statuses,
    exit_code=st.sampled_from((0, 1, 2, 3, 130)),
    project=texts,
    engine=texts,
    engine_reason=texts,
    commit=optional_texts,
    python=optional_texts,
    started_at=texts,
    duration=durations,
    stages=st.lists(stages, max_size=3, unique_by=lambda stage: stage.name).map(tuple),
    coverage=st.none() | coverages,
    changed=st.none() | changes,
    comparison=st.none() | comparisons,
    attempt=st.integers(1, 5),
    warnings=st.lists(texts, max_size=2).map(tuple),
    left_out=st.lists(left_out_lines, max_size=2).map(tuple),
    heroci_version=texts,
)
