"""Keep the arguments of a test command that choose and configure tests.

How a run reports, repeats, connects and splits is up to HeroCI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.records import UNKNOWN

# Options that are dropped together with a value that follows them.
_DROPPED_WITH_VALUE = re.compile(
    r"--(settings|ds|verbosity|numprocesses|dist|maxprocesses|color|tb|maxfail|cov-report|cov-config|cov-fail-under|"
    r"junit-?xml|junit-prefix|html|log-[\w-]+|durations|durations-min|reruns|reruns-delay|only-rerun|count|"
    r"pythonwarnings|report-log|basetemp|debug-mode|testrunner|timing|"
    # The options of pytest-split, pytest-shard and pytest-test-groups, which run a part of the tests.
    r"splits|group|splitting-algorithm|durations-path|num-shards|shard-id|test-group-count|test-group)|-[vnpoWr]"
)
_DROPPED = re.compile(
    r"--(keepdb|no-?input|failfast|cov[\w-]*|junit[\w-]*|reuse-db|create-db|timing|force-color|no-color|exitfirst|"
    r"html[\w-]*|self-contained-html|force-sugar|verbose|quiet|no-header|no-summary|warn[\w-]*|ci|snapshot[\w-]*|"
    r"store-durations|circleci-parallelize|"
    r"buffer|debug-sql|traceback|no-cov[\w-]*|parallel)(=.*)?|-[vqxsbl]+\d*|-[nprW].+"
)
_PARALLEL = re.compile(r"-n(?!0|1$).*|--(numprocesses|parallel)(=.*)?")
# Options of the runners whose value is the next word.
_KEPT_WITH_VALUE = re.compile(
    r"-[mkct]|--(tag|exclude-tag|ignore|ignore-glob|deselect|pattern|rootdir|confcutdir|top-level-directory|pythonpath|"
    r"dc|import-mode|shuffle-seed|seed|p)"
)
# Flags of the runners; any other option that an unknown word follows may take it as its value.
_FLAG = re.compile(
    r"--(nomigrations|no-migrations|migrations|reverse|shuffle|lf|ff|sw|last-failed|failed-first|strict[\w-]*|runslow|"
    r"doctest-modules|runxfail|no-randomly|disable-warnings|showlocals)|-[a-z]{2,}"
)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    following: str | None

    @property
    def is_unknown(self) -> bool:
        return UNKNOWN in self.text

    @property
    def takes_unknown(self) -> bool:
        """Return whether the next word is the unknown value of this option."""
        unknown = self.following is not None and UNKNOWN in self.following
        option = self.text.startswith("-") and "=" not in self.text
        return unknown and option and not _FLAG.fullmatch(self.text)


def keep(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the arguments that HeroCI passes on. Drop an unknown word together with its option."""
    pending = iter(range(len(words)))
    for index in pending:
        word = _Word(words[index], words[index + 1] if index + 1 < len(words) else None)
        if word.text in {"", "--"}:
            continue
        if _DROPPED_WITH_VALUE.fullmatch(word.text) or _takes_count(word):
            _skip_value(word, pending)
        elif word.is_unknown or _DROPPED.fullmatch(word.text) or _dropped_name(word.text):
            continue
        elif _KEPT_WITH_VALUE.fullmatch(word.text):
            next(pending, None)
            if word.following and UNKNOWN not in word.following:
                yield from (word.text, word.following)
        elif word.takes_unknown:
            next(pending, None)
        else:
            yield word.text


def _dropped_name(text: str) -> bool:
    """Return whether an option with its value in one word, `--tb=short`, is dropped."""
    name, sign, _ = text.partition("=")
    return bool(sign and _DROPPED_WITH_VALUE.fullmatch(name))


def _takes_count(word: _Word) -> bool:
    """Return whether this is `--parallel 4`, whose value is optional."""
    return word.text == "--parallel" and bool(
        re.fullmatch(r"\d+|auto|" + UNKNOWN, word.following or "")
    )


def _skip_value(word: _Word, pending: Iterator[int]) -> None:
    if word.following is not None and not word.following.startswith("-"):
        next(pending, None)


def is_parallel(words: tuple[str, ...]) -> bool:
    """Return whether a test command uses several processes."""
    for index, word in enumerate(words):
        if word in {"-n", "--numprocesses"}:
            return words[index + 1 : index + 2] not in {("0",), ("1",)}
        if _PARALLEL.fullmatch(word):
            return word.partition("=")[2] not in {"0", "1"}
    return False
