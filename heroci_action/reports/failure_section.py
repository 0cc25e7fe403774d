"""The failed tests in the summary, within a budget of bytes: messages first, then names, then tracebacks."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from heroci_action.analysis.failures import (
    Failure,
    FailureGroup,
    explanation,
    group,
    put_kinds_first,
)
from heroci_action.reports.links import NO_LINKS, CodeLinks
from heroci_action.reports.markdown import (
    code,
    fenced,
    fit,
    fold,
    html_code,
    html_prose,
    icon,
    linked,
    prose,
    size,
)
from heroci_action.results.records import TestCase
from heroci_action.text import count, place

DETAILS = 200  # failures that are shown with a traceback
FIRST_DETAILS = 10  # the tracebacks of the first failures take precedence over names


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What is added to a failed test: a link to its code, and a mark by its id, such as since when it fails."""

    links: CodeLinks = NO_LINKS
    marks: Mapping[str, str] = field(default_factory=dict)


def failure_section(failures: Sequence[Failure], budget: int, notes: Notes) -> Iterator[str]:
    """Yield the lines of the section, at most `budget` bytes; none if no test failed.

    If not everything fits, failures of different kinds keep their blocks, the tests of the others are named, and those
    that cannot be named are counted by class.
    """
    if not failures:
        return
    groups = group(failures)
    different = "" if len(groups) == len(failures) else f", {len(groups):,} different"
    yield f"## {count(len(failures), 'failed test')}{different}"
    yield ""
    budgeted = _Budget(budget - 500)
    blocks = _blocks_that_fit(groups, budgeted, notes)
    others = _outside(failures, blocks)
    details = [_details(members, budgeted) for members in blocks[:FIRST_DETAILS]]
    reserve = budgeted.left // 2 if others else 0
    names = [_names(members, budgeted, notes, keep=reserve) for members in blocks]
    rest = list(_others(others, budgeted, notes))
    details += [_details(members, budgeted) for members in blocks[FIRST_DETAILS:DETAILS]]
    padded = details + [""] * (len(blocks) - len(details))
    for members, listed, text in zip(blocks, names, padded, strict=True):
        yield _block(_title(members, notes), listed, text)
    yield from rest


def _outside(failures: Iterable[Failure], blocks: Iterable[FailureGroup]) -> list[TestCase]:
    """Return the failed tests that are in none of the blocks."""
    shown = {id(failure) for members in blocks for failure in members.failures}
    return [failure.test for failure in failures if id(failure) not in shown]


class _Budget:
    """The bytes that are left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, text: str, *, keep: int = 0) -> bool:
        """Spend the size of the text if at least `keep` bytes are left afterwards; return whether it was spent."""
        cost = size(text)
        if self.left - cost < keep:
            return False
        self.left -= cost
        return True


def _blocks_that_fit(
    groups: Sequence[FailureGroup], budget: _Budget, notes: Notes
) -> list[FailureGroup]:
    """Return all groups if their blocks fit, else as many as fit into a third of the budget, all kinds first."""
    if sum(size(_smallest(members, notes)) for members in groups) <= budget.left:
        keep = 0
    else:
        keep = 2 * budget.left // 3
        groups = put_kinds_first(groups, 0)
    fitting = itertools.takewhile(
        lambda members: budget.spend(_smallest(members, notes), keep=keep), groups
    )
    return list(fitting)


def _smallest(members: FailureGroup, notes: Notes) -> str:
    """Return the block without names and traceback."""
    return fold(_title(members, notes), _listing([_more_of(members, 0)]))


def _names(members: FailureGroup, budget: _Budget, notes: Notes, *, keep: int) -> list[str]:
    """Return the names of the tests after the first that fit; the line that counts the others is paid for already."""
    lines = [_name(test, notes) for test in members.others]
    named = list(itertools.takewhile(lambda line: budget.spend(line, keep=keep), lines))
    return named if len(named) == len(lines) else [*named, _more_of(members, len(named))]


def _more_of(members: FailureGroup, named: int) -> str:
    left = len(members.others) - named
    return (
        f"- … and {count(left, 'more test')} with the same failure, in `junit.xml`" if left else ""
    )


def _others(tests: Sequence[TestCase], budget: _Budget, notes: Notes) -> Iterator[str]:
    """Yield the tests without a block: by name while they fit, then counted by class."""
    if not tests:
        return
    yield f"And {len(tests):,} more, with their tracebacks in `junit.xml`:"
    yield ""
    keep = budget.left // 4
    lines = (_name(test, notes) for test in tests)
    named = list(itertools.takewhile(lambda line: budget.spend(line, keep=keep), lines))
    yield from named
    by_class = Counter(test.classname or test.file or "" for test in tests[len(named) :])
    counted = (
        f"- … and {count(number, 'more test')} of {code(name) or 'no class'}"
        for name, number in by_class.most_common()
    )
    yield from fit(
        counted, budget.left, lambda left: f"- … and more tests of {left:,} more classes"
    )
    budget.left = 0
    yield ""


def _name(test: TestCase, notes: Notes) -> str:
    mark = prose(notes.marks.get(test.id, ""))
    parts = ("-", code(test.id), code(place(test.file, test.line)), mark)
    return " ".join(part for part in parts if part)


def _details(members: FailureGroup, budget: _Budget) -> str:
    """Return the traceback as a block; empty if there is none or it does not fit."""
    text = explanation(members.first)
    block = fenced(text, "text") + "\n" if text.strip() else ""
    return block if block and budget.spend(block) else ""


def _listing(names: Sequence[str]) -> str:
    return "\n".join(["The same failure in:", "", *names])


def _block(title: str, names: Sequence[str], details: str) -> str:
    parts = [details] if details else []
    if names:
        parts.append(_listing(names))
    return fold(title, "\n".join(parts)) if parts else f"<p>{title}</p>\n"


def _title(members: FailureGroup, notes: Notes) -> str:
    """Return one line of HTML, because GitHub does not render Markdown in the title of a fold."""
    test = members.first
    more, similar = len(members.others), members.similar
    words = (
        icon(test.status),
        html_code(test.id),
        linked(notes.links.url(test.file, test.line), html_code(place(test.file, test.line))),
        f"<b>{html_prose(mark)}</b>:" if (mark := notes.marks.get(test.id)) else "",
        html_prose(test.message),
        html_prose(f"({origin})") if (origin := members.failures[0].origin) else "",
        f"<b>and {count(more, 'more test')}</b>" if more else "",
        f"<b>and {count(similar, 'more test')} with a similar message</b>" if similar else "",
    )
    return " ".join(word for word in words if word)
