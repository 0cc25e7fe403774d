"""When a job of GitLab runs: `rules`, `only` and `except`.

https://docs.gitlab.com/ci/jobs/job_rules/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.records import Trigger
from heroci_action.detection.ci.yaml_file import items, table, texts

MAX_DEPTH = 30  # parentheses in parentheses
# `$CI_COMMIT_BRANCH`, ` =~ `, `/^release/`
_TOKEN = re.compile(
    r"\s*(?:(\$\w+)|(\"[^\"]*\"|'[^']*')|(/(?:[^/\\]|\\.)*/i?)|(null)|(==|!=|=~|!~|&&|\|\||[()]))"
)
_SELDOM = frozenset(
    {"schedules", "tags", "web", "api", "triggers", "pipelines", "external", "chat"}
)
# Variables of a pipeline for a change; all others are unknown.
_PIPELINES: tuple[Mapping[str, str | None], ...] = (
    {
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_TAG": None,
        "CI_MERGE_REQUEST_IID": None,
        "CI_MERGE_REQUEST_ID": None,
    },
    {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_TAG": None,
        "CI_MERGE_REQUEST_IID": "1",
    }
    | {"CI_MERGE_REQUEST_ID": "1", "CI_COMMIT_BRANCH": None},
)


def trigger_of(job: Mapping[str, Any], variables: Mapping[str, str]) -> Trigger:
    """Return how a job starts, in the pipeline in which it starts most easily."""
    if "rules" in job:
        rules = [table(rule) for rule in items(job["rules"])]
        return min(_by_rules(rules, {**variables, **pipeline}) for pipeline in _PIPELINES)
    if job.get("when") in {"manual", "delayed", "on_failure", "never"}:
        return Trigger.SELDOM
    return _by_only(job)


def may_fail(job: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Return whether a job may fail with the exit code of failed tests, whatever rule lets it run for a change."""
    usual = job.get("allow_failure")
    rules = [table(rule) for rule in items(job.get("rules"))]
    applied = [
        rule.get("allow_failure", usual)
        for pipeline in _PIPELINES
        for rule in _possible(rules, {**variables, **pipeline})
    ]
    return all(map(_allows, applied or [usual]))


def find_ignored_codes(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the exit codes with which a job may fail."""
    return tuple(texts(table(job.get("allow_failure")).get("exit_codes")))


def _allows(allowed: object) -> bool:
    return allowed == "true" or "1" in texts(table(allowed).get("exit_codes"))


def _possible(
    rules: list[Mapping[str, Any]], variables: Mapping[str, str | None]
) -> Iterator[Mapping[str, Any]]:
    """Yield the rules that may be the first that holds, and that start the job then."""
    for rule in rules:
        known = _applies(rule, variables)
        if known is not False and _starts(rule):
            yield rule
        if known:
            return


def _starts(rule: Mapping[str, Any]) -> bool:
    return rule.get("when", "on_success") in {"on_success", "always"}


def _by_only(job: Mapping[str, Any]) -> Trigger:
    only = job.get("only")
    refs = texts(only if not isinstance(only, Mapping) else only.get("refs"))
    if refs and set(refs) <= _SELDOM:
        return Trigger.SELDOM
    if isinstance(only, Mapping) and {"changes", "variables"} & set(only):
        return Trigger.CONDITION
    if refs and not {"branches", "merge_requests", "pushes"} & set(refs):
        return Trigger.CONDITION
    return Trigger.SELDOM if "branches" in texts(job.get("except")) else Trigger.CHANGE


def _by_rules(rules: list[Mapping[str, Any]], variables: Mapping[str, str | None]) -> Trigger:
    """Return the effect of the first rule that holds; if that is not known, of the next one under a condition."""
    unsure = False
    for rule in rules:
        known = _applies(rule, variables)
        usual = _starts(rule)
        if known and not unsure:
            return Trigger.CHANGE if usual else Trigger.SELDOM
        if usual and known is not False:
            return Trigger.CONDITION
        if known:
            break
        unsure = unsure or known is None
    return Trigger.SELDOM


def _applies(rule: Mapping[str, Any], variables: Mapping[str, str | None]) -> bool | None:
    """Return whether a rule applies; which files have changed or exist is not known."""
    known = holds(str(rule["if"]), variables) if "if" in rule else True
    return None if known and {"changes", "exists"} & set(rule) else known


def holds(condition: str, variables: Mapping[str, str | None]) -> bool | None:
    """Return whether a condition holds; a variable that is None is unset, a missing one is unknown."""
    tokens = [next(filter(None, match.groups())) for match in _TOKEN.finditer(condition)]
    parser = _Parser(tokens, variables)
    try:
        return parser.either(0)
    except IndexError:
        return None


class _Parser:
    def __init__(self, tokens: list[str], variables: Mapping[str, str | None]) -> None:
        self.tokens = tokens
        self.variables = variables

    def either(self, depth: int) -> bool | None:
        found = [self._both(depth)]
        while self._take("||"):
            found.append(self._both(depth))
        return True if True in found else None if None in found else False

    def _both(self, depth: int) -> bool | None:
        found = [self._comparison(depth)]
        while self._take("&&"):
            found.append(self._comparison(depth))
        return False if False in found else None if None in found else True

    def _take(self, sign: str) -> bool:
        if self.tokens[:1] != [sign]:
            return False
        self.tokens = self.tokens[1:]
        return True

    def _comparison(self, depth: int) -> bool | None:
        if self._take("("):
            value = self.either(depth + 1) if depth < MAX_DEPTH else None
            self._take(")")
            return value
        known, left = self._operand()
        for sign in ("==", "!=", "=~", "!~"):
            if self._take(sign):
                right_known, right = self._operand()
                return _compare(left, sign, right) if known and right_known else None
        return bool(left) if known else None

    def _operand(self) -> tuple[bool, str | None]:
        word, self.tokens = self.tokens[0], self.tokens[1:]
        if word.startswith("$"):
            return word[1:] in self.variables, self.variables.get(word[1:])
        if word == "null":
            return True, None
        return True, word if word.startswith("/") else word[1:-1]


def _compare(left: str | None, sign: str, right: str | None) -> bool | None:
    if sign in {"==", "!="}:
        return (left == right) is (sign == "==")
    flags = re.IGNORECASE if str(right).endswith("/i") else 0
    try:
        found = re.search(str(right).strip("/").removesuffix("/i"), left or "", flags) is not None
    except re.error:
        return None
    return found is (sign == "=~")
