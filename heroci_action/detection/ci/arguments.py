"""Keep the arguments of a test command that choose and configure tests.

How a run reports, repeats, connects and splits is up to HeroCI. What may change an outcome is kept: plugins, warnings
that are errors, overrides of pytest's configuration, and which tests share a process.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.records import UNKNOWN

# Options that are dropped together with a value that follows them.
_DROPPED_WITH_VALUE = re.compile(
    r"--(settings|ds|verbosity|numprocesses|maxprocesses|color|tb|maxfail|cov|cov-report|cov-config|cov-fail-under|"
    r"junit-?xml|junit-prefix|html|log-[\w-]+|durations|durations-min|reruns|reruns-delay|only-rerun|count|"
    r"report-log|basetemp|debug-mode|testrunner|"
    # The options of pytest-split, pytest-shard and pytest-test-groups, which run a part of the tests.
    r"splits|group|splitting-algorithm|durations-path|num-shards|shard-id|test-group-count|test-group)|-[nr]"
)
# `--splits`
_SPLITS = re.compile(r"--(splits|num-shards|test-group-count)")
# `--cov=shop`, `--reuse-db`, `-v`
_DROPPED = re.compile(
    r"--(keepdb|no-?input|failfast|cov[\w-]*|junit[\w-]*|reuse-db|create-db|timing|force-color|no-color|exitfirst|"
    r"html[\w-]*|self-contained-html|force-sugar|verbose|quiet|no-header|no-summary|warn[\w-]*|ci|snapshot[\w-]*|"
    r"store-durations|circleci-parallelize|codecov[\w-]*|"
    # The records of an earlier run, or git, would choose the tests.
    r"testmon[\w-]*|picked|lf|last-failed|sw|stepwise[\w-]*|"
    r"buffer|debug-sql|traceback|no-cov[\w-]*|parallel)(=.*)?|-[vqxsbl]+\d*|-[nr].+"
)
# Values of options that are kept otherwise: they concern pytest's cache, log and report file.
_DROPPED_VALUE = re.compile(
    r"-p ?no:cacheprovider|(-o|--override-ini)[ =]?(junit_|log_|console_output_style|cache_dir)[\w-]*=.*"
)
# `-n 4`, `--parallel=2`
_PROCESSES = frozenset({"-n", "--numprocesses", "--parallel"})
# Options of the runners whose value is the next word.
_KEPT_WITH_VALUE = re.compile(
    r"-[mkctpoW]|--(tag|exclude-tag|ignore|ignore-glob|deselect|pattern|rootdir|confcutdir|top-level-directory|"
    r"pythonpath|dc|import-mode|shuffle-seed|seed|p|override-ini|pythonwarnings|dist)"
)
# Options that select a part of the tests, or leave a part out.
SELECTING = frozenset({"-k", "-m", "--tag"})
_CHOOSING = SELECTING | {"--exclude-tag", "--ignore", "--ignore-glob", "--deselect"}
# Flags of the runners; any other option that an unknown word follows may take it as its value.
_FLAG = re.compile(
    r"--(nomigrations|no-migrations|migrations|reverse|shuffle|ff|failed-first|strict[\w-]*|runslow|"
    r"doctest-modules|runxfail|no-randomly|disable-warnings|showlocals)|-[a-z]{2,}"
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word and the next one."""

    text: str
    following: str | None

    @property
    def has_value(self) -> bool:
        """Whether the next word is the value of this one."""
        if self.following is None:
            return False
        if self._drops_value:
            return not self.following.startswith("-")
        kept = _KEPT_WITH_VALUE.fullmatch(self.text) is not None
        return not self._is_dropped and (kept or self._takes_unknown)

    @property
    def is_kept(self) -> bool:
        """Whether HeroCI passes the word on, with its value."""
        if self._drops_value or self._is_dropped:
            return False
        if _KEPT_WITH_VALUE.fullmatch(self.text):
            pair = f"{self.text} {self.following}"
            known = bool(self.following) and not self._unknown_follows
            return known and not _DROPPED_VALUE.fullmatch(pair)
        return not self._takes_unknown

    @property
    def is_unknown_choice(self) -> bool:
        """Whether the word is a label, or an option that chooses tests, of which only the CI knows the value."""
        if self.text in _CHOOSING:
            return self._unknown_follows
        name, sign, value = self.text.partition("=")
        label = value if sign and name in _CHOOSING else self.text
        return UNKNOWN in label and not label.startswith("-")

    @property
    def _drops_value(self) -> bool:
        """Whether the word is dropped with its value, which is optional in `--parallel 4` and `-v 2`."""
        if self.text in {"--parallel", "-v"}:
            return re.fullmatch(rf"\d+|auto|{UNKNOWN}", self.following or "") is not None
        return _DROPPED_WITH_VALUE.fullmatch(self.text) is not None

    @property
    def _is_dropped(self) -> bool:
        if self.text in {"", "--"} or UNKNOWN in self.text or _DROPPED.fullmatch(self.text):
            return True
        if _DROPPED_VALUE.fullmatch(self.text):
            return True
        name, sign, _ = self.text.partition("=")
        return bool(sign and _DROPPED_WITH_VALUE.fullmatch(name))

    @property
    def _unknown_follows(self) -> bool:
        return UNKNOWN in (self.following or "")

    @property
    def _takes_unknown(self) -> bool:
        """Whether the next word is the unknown value of this option."""
        option = self.text.startswith("-") and "=" not in self.text
        return self._unknown_follows and option and not _FLAG.fullmatch(self.text)


def _words(words: tuple[str, ...]) -> Iterator[_Word]:
    """Yield every word except the values of options."""
    pending = iter(itertools.pairwise((*words, None)))
    for text, following in pending:
        word = _Word(text or "", following)
        if word.has_value:
            next(pending, None)
        yield word


def keep(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the arguments that HeroCI passes on. Drop an unknown word together with its option."""
    for word in _words(words):
        if word.is_kept:
            yield from filter(None, (word.text, word.following if word.has_value else None))


def chooses_unknown_tests(words: tuple[str, ...]) -> bool:
    """Return whether only the CI knows which tests a command selects: `pytest $(python split.py)`."""
    return any(word.is_unknown_choice for word in _words(words))


def is_split(words: tuple[str, ...]) -> bool:
    """Return whether a test command runs one of several equal parts of the tests."""
    return any(_SPLITS.fullmatch(word.partition("=")[0]) for word in words)


def is_parallel(words: tuple[str, ...]) -> bool | None:
    """Return whether a test command asks for several processes, or for one (`-n 0`); None if it asks for neither."""
    for word, following in itertools.pairwise((*words, "")):
        name, sign, value = word.partition("=")
        attached = re.fullmatch(r"-n(\w+)", word)
        if attached or name in _PROCESSES:
            return (attached[1] if attached else value if sign else following) not in {"0", "1"}
    return None
