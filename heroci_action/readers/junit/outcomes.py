"""The vocabulary for outcomes: elements of test cases, and words in their attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
# Attributes of test cases that name the outcome, and those that are true or false with what follows from either.
_NAMED = frozenset({"status", "result", "outcome", "state"})
_BOOLEAN: Mapping[str, tuple[Status, Status]] = {
    **dict.fromkeys(
        ("success", "successful", "succeeded", "passed"), (Status.PASSED, Status.FAILED)
    ),
    **dict.fromkeys(("failed", "failure"), (Status.FAILED, Status.PASSED)),
    **dict.fromkeys(("errored", "error"), (Status.ERRORED, Status.PASSED)),
    **dict.fromkeys(("skipped", "ignored", "disabled"), (Status.SKIPPED, Status.PASSED)),
    "executed": (Status.PASSED, Status.SKIPPED),
}
_STATED = _NAMED | _BOOLEAN.keys()
_FALSE = frozenset({"", "false", "0", "no"})
_USUAL = frozenset({"name", "classname", "class", "time", "duration", "file", "line", "id"})
_RANK = {Status.PASSED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.ERRORED: 2}

Row = Mapping[str, str]


says_nothing: Callable[[Row], bool] = _USUAL.issuperset
"""Whether a test case has only the usual attributes, which say nothing about its outcome."""


states_nothing: Callable[[Iterable[str]], bool] = _STATED.isdisjoint
"""Whether none of these attributes names the outcome of a test case."""


def status_of(row: Row) -> Status:
    """Return the status by the attributes of a test case; an unknown word is an error, never a pass."""
    if says_nothing(row):
        return Status.PASSED
    return worst(_status(name, value) for name, value in row.items() if name in _STATED)


def describe_status(row: Row) -> str:
    """Return why `status_of` is neither passed nor skipped, such as `status="broken"`."""
    bad = (
        f'{name}="{value}"'
        for name, value in row.items()
        if name in _STATED and _status(name, value).is_failure
    )
    return ", ".join(bad)


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
