"""The vocabulary for outcomes: elements of test cases, and words in their attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from heroci_action.results.records import Status

# Elements of a test case; the worst one decides.
OUTCOMES: Mapping[str, Status] = {
    "failure": Status.FAILED,
    "error": Status.ERRORED,
    "skipped": Status.SKIPPED,
    # Older versions of Robot Framework.
    "skip": Status.SKIPPED,
    "ignored": Status.SKIPPED,
    "disabled": Status.SKIPPED,
    "pending": Status.SKIPPED,
    # PHPUnit.
    "incomplete": Status.SKIPPED,
}
# Failed runs of a test that was run again: Surefire (surefire-test-report.xsd), cargo-nextest, Gradle, Bazel.
ATTEMPTS: Mapping[str, Status] = {
    "flakyFailure": Status.FAILED,
    "flakyError": Status.ERRORED,
    "rerunFailure": Status.FAILED,
    "rerunError": Status.ERRORED,
    "rerun": Status.FAILED,
}
OUTPUTS = frozenset({"system-out", "system-err"})
# Elements of a test case that describe it, but not how it ended.
DESCRIPTIONS = frozenset(
    {
        *("properties", "property", "metadata", "description", "tags", "tag", "labels", "label"),
        *("attachments", "attachment", "links", "link", "parameters", "parameter", "steps", "step"),
    }
)

_PASSED = frozenset(
    {
        *("passed", "pass", "success", "successful", "succeeded", "ok", "run", "completed"),
        *("complete", "executed", "finished", "fixed", "bpass"),
    }
)
_SKIPPED = frozenset(
    {
        *("notrun", "skipped", "skip", "disabled", "ignored", "suppressed", "pending", "todo"),
        *("incomplete", "inconclusive", "notexecuted", "untested", "excluded", "xfail"),
        # Failures of blacklisted tests in QtTest.
        *("bfail", "bxpass", "bxfail"),
    }
)
_FAILED = frozenset({"failed", "fail", "failure", "xpass", "regression"})
# Attributes of test cases that name the outcome, and boolean attributes with the outcomes for true and false; their
# names are in any case. A number of failures is true unless it is 0.
_NAMED = frozenset({"status", "result", "outcome", "state", "verdict", "conclusion"})
_BOOLEAN: Mapping[str, tuple[Status, Status]] = {
    **dict.fromkeys(
        ("success", "successful", "succeeded", "passed"), (Status.PASSED, Status.FAILED)
    ),
    **dict.fromkeys(("failed", "failure", "failures"), (Status.FAILED, Status.PASSED)),
    **dict.fromkeys(("errored", "error", "errors"), (Status.ERRORED, Status.PASSED)),
    **dict.fromkeys(("skipped", "ignored", "disabled"), (Status.SKIPPED, Status.PASSED)),
    "executed": (Status.PASSED, Status.SKIPPED),
}
_STATED = _NAMED | _BOOLEAN.keys()
_TESTS = frozenset({"testcase", "test", "case", "spec", "scenario", "unittest", "testresult"})
_ERRORS = frozenset({"error", "errored", "broken", "aborted", "crashed", "timeout"})
_TOTALS = frozenset(
    {"failed", "failures", "errored", "errors", "passed", "skipped", "ignored", "disabled"}
)
_FALSE = frozenset({"", "false", "0", "no"})
_USUAL = frozenset({"name", "classname", "class", "time", "duration", "file", "line", "id"})
_RANK = {Status.PASSED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.ERRORED: 2}

Row = Mapping[str, str]


says_nothing: Callable[[Row], bool] = _USUAL.issuperset
"""Whether a test case has only the usual attributes, which say nothing about its outcome."""


def states_nothing(names: Iterable[str]) -> bool:
    """Return whether none of these attributes names the outcome of a test case."""
    return _STATED.isdisjoint(map(str.lower, names))


def status_of(row: Row) -> Status:
    """Return the status by the attributes of a test case; an unknown word is an error, never a pass."""
    if says_nothing(row):
        return Status.PASSED
    return worst(status for _, _, status in _stated(row))


def describe_status(row: Row) -> str:
    """Return why `status_of` is neither passed nor skipped, such as `status="broken"`."""
    return ", ".join(
        f'{name}="{value}"' for name, value, status in _stated(row) if status.is_failure
    )


def describe_failed_suite(attributes: Row) -> str:
    """Return why a suite states that it failed, such as `result="failed"`, else an empty string.

    Its numbers of failures and errors are totals, and many writers have their own words for suites that passed.
    """
    return ", ".join(
        f'{name}="{value}"'
        for name, value, status in _stated(attributes)
        if (status is Status.FAILED or value.lower() in _ERRORS) and name.lower() not in _TOTALS
    )


def may_be_test(name: str, attributes: Row) -> bool:
    """Return whether an unknown element of a suite looks like a test or an outcome, or states that something failed."""
    plain = name.lower().replace("-", "").replace("_", "")
    is_test = plain in _TESTS and "name" in attributes
    is_failure = OUTCOMES.get(plain, Status.PASSED).is_failure
    return is_test or is_failure or bool(describe_failed_suite(attributes))


def _stated(row: Row) -> Iterator[tuple[str, str, Status]]:
    """Yield the attributes that name the outcome, each with the status that it names."""
    for name, value in row.items():
        if name.lower() in _STATED:
            yield name, value, _status(name.lower(), value)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status, the first of two equally bad ones; passed if there is none."""
    return max(statuses, key=_RANK.__getitem__, default=Status.PASSED)


@lru_cache(maxsize=256)
def _status(name: str, word: str) -> Status:
    plain = word.strip().lower().replace(" ", "").replace("-", "").replace("_", "")
    if name in _BOOLEAN:
        return _BOOLEAN[name][plain in _FALSE]
    if not plain or plain in _PASSED:
        return Status.PASSED
    if plain in _SKIPPED:
        return Status.SKIPPED
    return Status.FAILED if plain in _FAILED else Status.ERRORED
