"""The vocabulary for outcomes: elements of test cases, and words in their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
_RANK = {Status.PASSED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.ERRORED: 2}

Row = Mapping[str, str]


def has_status(row: Row) -> bool:
    """Return whether a test case has an attribute for its outcome."""
    return "status" in row or "result" in row or "outcome" in row


def status_of(row: Row) -> Status:
    """Return the status by the attributes of a test case; an unknown word is an error, never a pass."""
    return _worst_word(row.get("status", ""), row.get("result", ""), row.get("outcome", ""))


def describe_status(row: Row) -> str:
    """Return why `status_of` is neither passed nor skipped, such as `status="broken"`."""
    bad = (
        f'{name}="{row[name]}"'
        for name in ("status", "result", "outcome")
        if _status(row.get(name, "")).is_failure
    )
    return ", ".join(bad)


@lru_cache(maxsize=256)
def _worst_word(*words: str) -> Status:
    return worst(map(_status, words))


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status, the first of two equally bad ones; passed if there is none."""
    return max(statuses, key=_RANK.__getitem__, default=Status.PASSED)


def _status(word: str) -> Status:
    plain = word.strip().lower().replace(" ", "").replace("-", "").replace("_", "")
    if not plain or plain in _PASSED:
        return Status.PASSED
    if plain in _SKIPPED:
        return Status.SKIPPED
    return Status.FAILED if plain in _FAILED else Status.ERRORED
