"""The page as bytes; how it looks and behaves is tested in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given, settings

from heroci_action.reports.html import SOURCE_LINES, TEXT, TEXTS, render
from heroci_action.results.records import Coverage, FileCoverage, Result, Status
from tests.unit.builders import case, failures, run, run_of
from tests.unit.result_strategies import results

TAGS = frozenset(
    """html head meta title style body a header h1 p code ul li b div label input span button main section h2 svg g
    text rect details summary pre h3 table thead tbody tr th td i script""".split()  # noqa: SIM905
)


class Page(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def page_of(result: Result, **sources: str) -> str:
    return render(result, sources=sources).decode()


@given(results)
@settings(max_examples=40, deadline=None)
def test_no_result_makes_markup_of_its_own(result: Result) -> None:
    page = Page(render(result, sources={}))

    assert set(page.tags) <= TAGS
    assert not page.comments
    assert page.open == []
    assert not [
        name for name in page.attributes if name.startswith("on") or name in ("src", "srcset")
    ]
    assert (page.tags.count("script"), page.tags.count("style")) == (1, 1)


def test_only_the_style_and_script_with_these_hashes_may_run() -> None:
    page = page_of(run())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        text = page.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} &#39;sha256-{digest}&#39;" in policy[1].replace("&#43;", "+")
    assert "default-src &#39;none&#39;" in policy[1]


def test_direction_marks_and_control_characters_do_not_get_in() -> None:
    page = page_of(run_of(case("a\u202egnp.exe\x1b[31m\x00", Status.FAILED)))

    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", page)


def test_a_page_of_fifty_thousand_failures_is_bounded_and_counts_them_all() -> None:
    page = page_of(run_of(*failures(53_000, causes=40)))

    assert page.count("test_") > 50_000
    assert "53,000 failed tests" in page
    assert "And 1,000 more failed tests in junit.xml" in page
    assert len(page) < 20_000_000


def test_long_texts_are_cut() -> None:
    bad = case("a", Status.FAILED, details="x" * 2_000_000, output="y" * 2_000_000)

    assert len(page_of(run_of(bad))) < 100_000


def test_texts_stop_where_there_is_no_room_and_the_other_tests_are_named() -> None:
    said = {"details": "d" * TEXT, "output": "o" * TEXT}
    tests = [case(f"t{n}", Status.FAILED, **said) for n in range(400)]

    page = render(run_of(*tests), sources={}).decode()

    assert TEXTS < len(page) < 1.2 * TEXTS
    assert "400 failed tests" in page
    assert "150 more failed tests" in page
    assert "pkg.Tests.t399" in page


def test_sources_stop_where_there_is_no_room() -> None:
    files = tuple(FileCoverage(path=name, missing=(1,)) for name in ("a", "b"))
    text = "x\n" * (SOURCE_LINES - 10)

    page = page_of(run(coverage=Coverage(files=files)), a=text, b=text)

    assert page.count('class="source"') == 1
    assert "Its source is not in this report." in page
