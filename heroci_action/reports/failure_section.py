"""The failed tests in the summary, within their bytes: causes first, then names, then tracebacks."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from heroci_action.analysis.failures import FailureGroup, group, useful_lines
from heroci_action.reports.markdown import (
    code,
    fenced,
    fit,
    fold,
    html_code,
    html_prose,
    icon,
    size,
)
from heroci_action.results.records import TestCase
from heroci_action.text import count, place

DETAILS = 200  # causes that are shown with a traceback; nobody reads more
FIRST_DETAILS = 10  # those of the most frequent causes are worth more than some names


def failure_section(tests: Sequence[TestCase], budget: int) -> Iterator[str]:
    """The lines of the section, at most `budget` bytes; none where no test failed.

    Where the bytes do not allow for all, the causes of the most tests keep their blocks, the tests of the others are
    named, and those that cannot be named are counted by class.
    """
    if not tests:
        return
    groups = group(tests)
    causes = "" if len(groups) == len(tests) else f", {count(len(groups), 'cause')}"
    yield f"## {count(len(tests), 'failed test')}{causes}"
    yield ""
    purse = _Purse(budget - 500)
    blocks = _blocks_that_fit(groups, purse)
    others = [test for members in groups[len(blocks) :] for test in members.tests]
    details = [_details(members, purse) for members in blocks[:FIRST_DETAILS]]
    reserve = purse.left // 2 if others else 0
    names = [_names(members, purse, keep=reserve) for members in blocks]
    rest = list(_others(others, purse))
    details += [_details(members, purse) for members in blocks[FIRST_DETAILS:DETAILS]]
    padded = details + [""] * (len(blocks) - len(details))
    for members, listed, shown in zip(blocks, names, padded, strict=True):
        yield _block(members, listed, shown)
    yield from rest


class _Purse:
    """The bytes that are left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def buy(self, text: str, *, keep: int = 0) -> bool:
        """Spend what the text costs, if `keep` bytes are left behind it."""
        cost = size(text)
        if self.left - cost < keep:
            return False
        self.left -= cost
        return True


def _blocks_that_fit(groups: Sequence[FailureGroup], purse: _Purse) -> list[FailureGroup]:
    """All groups if their blocks fit, else as many as a third of the bytes allow."""
    bare = [_bare(members) for members in groups]
    keep = 0 if sum(map(size, bare)) <= purse.left else 2 * purse.left // 3
    paid = itertools.takewhile(lambda text: purse.buy(text, keep=keep), bare)
    return list(groups[: sum(1 for _ in paid)])


def _bare(members: FailureGroup) -> str:
    """The block at its smallest, in full dress; names and traceback are bought besides."""
    return fold(_title(members), _listing([_more_of(members, 0)]))


def _names(members: FailureGroup, purse: _Purse, *, keep: int) -> list[str]:
    """The tests besides the first as far as the bytes go; the words about the others are paid for already."""
    lines = [_name(test) for test in members.tests[1:]]
    named = list(itertools.takewhile(lambda line: purse.buy(line, keep=keep), lines))
    return named if len(named) == len(lines) else [*named, _more_of(members, len(named))]


def _more_of(members: FailureGroup, named: int) -> str:
    left = len(members.tests) - 1 - named
    return f"- … and {count(left, 'more test')} with the same cause, in `junit.xml`" if left else ""


def _others(tests: Sequence[TestCase], purse: _Purse) -> Iterator[str]:
    """The tests whose causes have no block: by name as far as the bytes go, then counted by class."""
    if not tests:
        return
    yield f"And {len(tests):,} more, with their tracebacks in `junit.xml`:"
    yield ""
    keep = purse.left // 4
    named = list(itertools.takewhile(lambda line: purse.buy(line, keep=keep), map(_name, tests)))
    yield from named
    by_class = Counter(test.classname or test.file or "" for test in tests[len(named) :])
    lines = (
        f"- … and {count(number, 'more test')} of {code(name) or 'no class'}"
        for name, number in by_class.most_common()
    )
    yield from fit(lines, purse.left, lambda left: f"- … and those of {left:,} more classes")
    purse.left = 0
    yield ""


def _name(test: TestCase) -> str:
    where = code(place(test.file, test.line))
    return f"- {code(test.id)} {where}".rstrip()


def _details(members: FailureGroup, purse: _Purse) -> str:
    """The traceback in a block, nothing where there is none or no room for it."""
    if not members.first.details.strip():
        return ""
    block = fenced(useful_lines(members.first.details), "text") + "\n"
    return block if purse.buy(block) else ""


def _listing(names: Sequence[str]) -> str:
    return "\n".join(["The same cause in:", "", *names])


def _block(members: FailureGroup, names: Sequence[str], details: str) -> str:
    parts = [details] if details else []
    if names:
        parts.append(_listing(names))
    return fold(_title(members), "\n".join(parts)) if parts else f"<p>{_title(members)}</p>\n"


def _title(members: FailureGroup) -> str:
    """One line of HTML: Markdown is not read in the title of a fold."""
    test = members.first
    where = place(test.file, test.line)
    more = len(members.tests) - 1
    words = (
        icon(test.status),
        html_code(test.id),
        html_code(where),
        html_prose(test.message),
        f"<b>and {count(more, 'more test')}</b>" if more else "",
    )
    return " ".join(word for word in words if word)
