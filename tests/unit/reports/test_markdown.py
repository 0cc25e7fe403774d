from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from heroci_action.reports.markdown import (
    code,
    fenced,
    fit,
    fold,
    html_code,
    html_prose,
    prose,
    row,
    size,
    table,
)
from tests.unit.result_strategies import HOSTILE, texts

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
INLINE = [prose, code]
HTML = [html_code, html_prose]


class Page(HTMLParser):
    """The tags and the visible text of a rendered page."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.comments: list[str] = []
        self.feed(MARKDOWN.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


markup = st.lists(
    st.sampled_from(
        [*HOSTILE, *"`*_a |\\[]()<>!#&$-", "``", "~~", "&lt;", "http://x.y", "<b>", "@me", "1."]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("write", INLINE)
@given(text=texts | markup)
def test_text_in_a_line_makes_no_element_of_its_own(write: object, text: str) -> None:
    page = Page(f"before {write(text)} after")  # type: ignore[operator]

    assert set(page.tags) <= {"p", "code"}
    assert not page.comments
    assert page.text.startswith("before ")
    assert page.text.endswith(" after\n")


@pytest.mark.parametrize("write", INLINE)
@given(text=texts | markup)
def test_text_in_a_cell_stays_in_its_cell(write: object, text: str) -> None:
    lines = [*table("A", "B"), row(write(text), "last")]  # type: ignore[operator]

    page = Page("\n".join(lines))

    assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert page.tags.count("td") == 2
    assert page.text.split()[-1] == "last"


@pytest.mark.parametrize("write", HTML)
@given(text=texts | markup)
def test_text_in_a_title_makes_no_element_of_its_own(write: object, text: str) -> None:
    page = Page(fold(write(text), "content"))  # type: ignore[operator]

    assert set(page.tags) <= {"details", "summary", "code", "p"}
    assert page.tags[:2] == ["details", "summary"]


@given(texts | markup)
def test_a_block_ends_at_its_own_fence(text: str) -> None:
    page = Page(f"{fenced(text)}\n\nafter")

    assert page.tags == ["pre", "code", "p"]
    assert page.text.endswith("after\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("snake_case and *stars*", "snake_case and *stars*"),
        ("a | b", "a | b"),
        ("C:\\dir\\", "C:\\dir\\"),
        ("<b> & &amp;", "<b> & &amp;"),
        ("one\r\ntwo\tthree", "one two three"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("run `a|b` now", "run a|b now"),
        ("a ` lone one", "a ` lone one"),
    ],
)
def test_what_was_written_is_what_is_read(text: str, shown: str) -> None:
    assert Page(prose(text)).text == f"{shown}\n"
    if "`a|b`" not in text:
        assert Page(code(text)).text == f"{shown}\n"


def test_nobody_is_mentioned_and_no_issue_linked() -> None:
    assert "@everyone" not in prose("@everyone #12")
    assert "#12" not in prose("@everyone #12").replace("\\", "")
    assert "@everyone" not in html_prose("@everyone")


def test_directions_of_writing_are_not_changed() -> None:
    assert "\u202e" not in prose("exe.\u202egnp") + code("exe.\u202egnp") + fenced("\u202e")


@given(st.lists(st.text(max_size=50), max_size=30), st.integers(300, 2_000))
def test_lines_that_fit_stay_within_their_bytes(lines: list[str], budget: int) -> None:
    fitted = list(fit(lines, budget, lambda left: f"and {left} more"))

    assert sum(map(size, fitted)) <= budget
    kept = len(fitted) if fitted == lines else len(fitted) - 1
    assert fitted[:kept] == lines[:kept]
    assert fitted == lines or fitted[-1] == f"and {len(lines) - kept} more"
