"""The page as bytes; how it looks and behaves is tested in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from heroci_action.reports import html
from heroci_action.reports.html import SOURCE_LINES, render
from heroci_action.reports.links import CodeLinks
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.provenance import LeftOutLine
from heroci_action.results.records import Attempt, Result, Status
from tests.unit.builders import case, failures, run, run_of, stage, step
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


def test_a_page_shows_names_and_counts_failures_up_to_its_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html, "FAILURES", 100)
    monkeypatch.setattr(html, "NAMED", 5_000)

    page = page_of(run_of(*failures(6_100, causes=40)))

    assert len(re.findall(r'<details id="test-', page)) == 100
    assert page.count('<li data-status="failed" data-item>') == 5_000
    assert "6,100 failed tests" in page
    assert "And 1,000 more failed tests in junit.xml" in page


def test_everything_that_a_failed_test_printed_is_there() -> None:
    bad = case(
        "a",
        Status.FAILED,
        message=f"first line\nsecond line\n{'m' * 1_000}end of message",
        details=f"{'d' * 1_000_000}end of details",
        output=f"{'o' * 1_000_000}end of output",
        attempts=(Attempt(status=Status.ERRORED, message="attempted", details="why"),),
    )

    page = page_of(run_of(bad))

    for text in ("second line", "end of message", "end of details", "end of output", "attempted"):
        assert text in page, text


def test_texts_stop_where_there_is_no_room_and_the_other_tests_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html, "TEXTS", 100_000)
    texts = {"details": "d" * 1_000, "output": "o" * 1_000}
    tests = [case(f"t{n}", Status.FAILED, **texts) for n in range(80)]

    page = page_of(run_of(*tests))

    assert 100_000 < len(page) < 140_000
    assert "80 failed tests" in page
    assert "30 more failed tests" in page
    assert "pkg.Tests.t79" in page


def test_a_failure_says_which_job_it_is_from_and_where_it_passed() -> None:
    bad = case("a", Status.FAILED, passed_in=("py312",))
    steps = (step("py311", tests=(bad,)), step("py312", tests=(case("a"),)))

    assert "(failed in py311, passed in py312)" in page_of(run(stage("tests", *steps)))


def test_sources_stop_where_there_is_no_room() -> None:
    files = tuple(FileCoverage(path=name, missing=(1,)) for name in ("a", "b"))
    text = "x\n" * (SOURCE_LINES - 10)

    page = page_of(run(coverage=Coverage(files=files)), a=text, b=text)

    assert page.count('class="source"') == 1
    assert "Source not included." in page


def test_places_link_to_the_code_and_complete_files_are_folded() -> None:
    bad = case("a", Status.FAILED, file="a.py", line=3)
    files = (
        FileCoverage(path="a.py", covered=(1,), missing=(2,)),
        *(FileCoverage(path=name, covered=(1,)) for name in ("b.py", "c.py")),
    )
    result = run(
        stage("tests", step("tests", Status.FAILED, tests=(bad,))), coverage=Coverage(files=files)
    )
    links = CodeLinks(address="https://github.com/o/r/blob/abc", tracked={"a.py"})

    page = render(result, sources={}, links=links).decode()

    assert (
        '<a href="https://github.com/o/r/blob/abc/a.py#L3"><code class="whole">a.py:3</code></a>'
        in page
    )
    assert "<b>75.00 %</b> of 3 files: 3 lines ran, 1 line never ran." in page
    assert "<summary>2 files at 100 %</summary>" in page


def test_link_to_a_test_is_the_same_in_every_run_and_unique() -> None:
    one, other = case("a", Status.FAILED), case("b", Status.FAILED)

    before = re.findall(r'id="(test-[^"]+)"', page_of(run_of(one)))
    now = re.findall(r'id="(test-[^"]+)"', page_of(run_of(other, one, one)))

    assert before[0] == now[1]
    assert len(set(now)) == 3


@pytest.mark.parametrize("total", [0.003, 0.4, 7, 61, 1_000, 30_000])
def test_time_axis_has_few_marks(total: float) -> None:
    ended = run(stage("tests", step(), started=0.0, duration=total), duration=total)

    marks = re.findall(r"<text[^>]*>([^<]+)</text>", page_of(ended))

    assert marks[0] == "0 s"
    assert 1 <= len(marks) <= 6
    assert len(set(marks)) == len(marks)


def test_lines_of_the_ci_that_did_not_run_are_listed_with_their_reasons() -> None:
    left_out = LeftOutLine(line="make <x>", source="ci.yml", reason="it checks something")
    page = page_of(run(stage("tests"), left_out=(left_out,)))

    assert "1 line of its test job did not run here" in page
    assert "<code>make &lt;x&gt;</code> it checks something" in page


def test_stages_that_did_not_run_are_named_with_their_reasons() -> None:
    skipped = stage("image", status=Status.SKIPPED, reason="the project has no Dockerfile")

    assert "image skipped: the project has no Dockerfile" in page_of(run(stage("base"), skipped))


def test_a_stage_that_failed_without_failing_the_run_is_optional() -> None:
    lint = stage("lint", step("flake8", Status.FAILED), optional=True, duration=2.0)

    assert "failed (optional) in 2.0 s" in page_of(run(lint, status=Status.PASSED))


def test_the_start_of_the_run_is_in_words() -> None:
    page = page_of(run(stage("base"), started_at="2026-11-27T18:24:15+00:00"))

    assert "2026-11-27 18:24 UTC" in page
