"""`report.html` in a real Chromium."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.analysis.baseline import compare
from heroci_action.analysis.history import extend_history
from heroci_action.reports.html import render
from heroci_action.results.coverage import Coverage, FileCoverage
from heroci_action.results.records import FixtureTimes, Result, Status
from tests.integration.reports.browser import Browser, browser
from tests.unit.builders import case, failures, finding, run, run_of, stage, step
from tests.unit.result_strategies import HOSTILE

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome") or ""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Chromium: apt-get install chromium")

PAYLOADS = (
    *HOSTILE,
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><script>document.title='owned'</script>",
    "'-alert(1)-'",
    "{{ 7 * 7 }}",
    "</script><script src='http://127.0.0.1:9/x.js'></script>",
    "</style><link rel=stylesheet href='http://127.0.0.1:9/x.css'>",
    "<base href='http://127.0.0.1:9/'>",
)

COVERED = Coverage(
    files=(
        FileCoverage(path="shop/cart.py", covered=(1, 2), missing=(3, 4), branches=((2, 1, 2),)),
    )
)
SOURCE = (
    "def total(prices):\n    if not prices:\n        return '<b>0</b>'\n    return sum(prices)\n"
)


# The text nodes of the timeline, those outside its section, and those that a bar
# covers.
PIECES = """
const section = document.querySelector('section[aria-labelledby=timeline]');
const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
const pieces = [];
while (walker.nextNode()) {
  const node = walker.currentNode;
  if (!node.textContent.trim()) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  pieces.push({ text: node.textContent, box: range.getBoundingClientRect() });
}
"""
WORDS = f"(() => {{ {PIECES} return pieces.map(one => one.text); }})()"
CUT_OFF = f"""(() => {{ {PIECES} const whole = section.getBoundingClientRect();
return pieces.filter(({{ box }}) => box.left < whole.left - 1 || box.right > whole.right + 1)
  .map(one => one.text); }})()"""
COVERED_WORDS = f"""(() => {{ {PIECES}
const bars = [...section.querySelectorAll('rect')].map(one => one.getBoundingClientRect());
return pieces.filter(({{ box }}) => bars.some(bar => box.left < bar.right && bar.left < box.right
  && box.top + 3 < bar.bottom && bar.top < box.bottom - 3)).map(one => one.text); }})()"""


AXE = "axe-core@4.14.1"


def result() -> Result:
    lint = step("flake8", Status.FAILED, diagnostics=(finding(file="shop/cart.py", line=3),))
    cases = (
        case("test_known", Status.FAILED, message="old", file="shop/tests.py", line=4),
        case(
            "test_broken",
            Status.FAILED,
            message="assert 1 == 2",
            details="Traceback\nassert 1 == 2",
        ),
        case("test_flaky", Status.FLAKY, message="sometimes"),
        case("test_fine", duration=2.5),
        case("test_later", Status.SKIPPED, message="no network"),
    )
    tests = step(
        "unit",
        Status.FAILED,
        started=4.0,
        duration=5.0,
        tests=cases,
        fixtures=FixtureTimes(total=9, longest=(("<b>A</b>", 9),)),
    )
    whole = run(
        stage("lint", lint, started=1.0, duration=2.0),
        stage("tests", tests, started=4.0, duration=5.0),
        coverage=COVERED,
    )
    return replace(whole, comparison=compare(whole, run_of(cases[0])))


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(PROGRAM, tmp_path_factory.mktemp("profile")) as started:
        yield started


def opened(chromium: Browser, tmp_path: Path, shown: Result) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(render(shown, sources={"shop/cart.py": SOURCE}))
    chromium.call("Emulation.setEmulatedMedia", features=[])
    chromium.open(page)


def visible(chromium: Browser) -> list[str]:
    """Return the names of the visible tests among the failures."""
    names: list[str] = chromium.value(
        "[...document.querySelectorAll('section[aria-labelledby=failures] > details[data-item]')]"
        ".filter(one => one.offsetParent).map(one => one.querySelector('code').textContent)"
    )
    return names


def test_page_loads_nothing_external_and_no_script_fails(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())

    assert chromium.requested() == [(tmp_path / "report.html").as_uri()]
    assert chromium.complaints() == []
    assert chromium.value("document.title") == "project: failed"


def test_page_shows_failures_findings_times_and_sources(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())

    titles = chromium.value("[...document.querySelectorAll('h2')].map(one => one.textContent)")
    assert titles == [
        "2 failed tests",
        "1 flaky test",
        "1 finding",
        "Timeline",
        "Slowest tests",
        "1 skipped test",
        "Coverage",
    ]
    assert visible(chromium) == ["pkg.Tests.test_broken", "pkg.Tests.test_known"]
    assert chromium.value("document.querySelectorAll('.tag').length") == 2
    beside = chromium.value(
        "document.querySelector('section[aria-labelledby=slowest] p').textContent"
    )
    assert beside.endswith("took an additional 9.0 s, of which <b>A</b> 9.0 s.")
    lines = "[...document.querySelectorAll('.source span')].map(one => one.className)"
    assert chromium.value(lines) == ["c", "p", "m", "m", ""]
    third = "document.querySelectorAll('.source span')[2].textContent"
    assert chromium.value(third) == "3        return '<b>0</b>'"
    left, right = chromium.value(
        "[...document.querySelectorAll('rect:not(.step)')].map(one => one.getBoundingClientRect().x)"
    )
    assert left < right


@pytest.mark.parametrize("width", [1200, 400])
def test_timeline_text_is_neither_cut_off_nor_covered(
    chromium: Browser, tmp_path: Path, width: int
) -> None:
    long = step("test" * 20, started=4.0, duration=5.0, cached=True)
    lint = stage("lint", step("black", started=1.0, duration=2.0), started=1.0, duration=2.0)
    chromium.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    opened(chromium, tmp_path, run(lint, stage("tests", long, started=4.0, duration=5.0)))

    assert chromium.value("document.documentElement.scrollWidth") == width
    assert chromium.value(CUT_OFF) == []
    assert chromium.value(COVERED_WORDS) == []
    assert chromium.value(WORDS)[-1] == "passed (cached) in 5.0 s"
    chromium.call("Emulation.clearDeviceMetricsOverride")


def test_filter_hides_tests_that_do_not_match(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())

    chromium.press("/")
    assert chromium.value("document.activeElement.id") == "filter"
    for key in "broken 1":
        chromium.press(key)
    assert visible(chromium) == ["pkg.Tests.test_broken"]
    assert chromium.value("document.getElementById('matches').textContent") == "1 of 7"
    chromium.press("Escape")
    assert len(visible(chromium)) == 2


def test_status_filters_show_the_tests_of_a_status(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())

    words = "[...document.querySelectorAll('[data-filter]')].map(one => one.textContent)"
    assert chromium.value(words) == ["failed 2", "flaky 1", "skipped 1", "passed 1"]
    chromium.value("document.querySelector('[data-filter=skipped]').click()")
    titles = "[...document.querySelectorAll('h2')].filter(one => one.offsetParent).map(one => one.textContent)"
    assert chromium.value(titles) == ["1 skipped test"]
    assert visible(chromium) == []
    chromium.value("document.querySelector('[data-filter=failed]').click()")
    assert visible(chromium) == ["pkg.Tests.test_broken", "pkg.Tests.test_known"]


def test_link_to_a_test_opens_it(chromium: Browser, tmp_path: Path) -> None:
    many = run_of(*failures(30, causes=30))
    page = tmp_path / "report.html"
    page.write_bytes(render(many, sources={}))
    chromium.open(page)
    last = "[...document.querySelectorAll('details[id]')].at(-1)"
    assert not chromium.value(f"{last}.open")

    chromium.value(f"location.hash = {last}.id")

    chromium.value("new Promise(done => setTimeout(done, 100))")
    assert chromium.value(f"{last}.open")


def test_page_works_with_the_keyboard(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())
    focused = "document.activeElement.id || document.activeElement.tagName"
    reached = []
    for _ in range(9):
        chromium.press("Tab")
        reached.append(chromium.value(focused))

    assert reached == ["A", "filter", "open", "theme", *["BUTTON"] * 4, "SUMMARY"]
    before = chromium.value("document.activeElement.parentElement.open")
    chromium.press("Enter")
    assert chromium.value("document.activeElement.parentElement.open") is not before


def background(chromium: Browser) -> str:
    return str(chromium.value("getComputedStyle(document.body).backgroundColor"))


def test_dark_mode_follows_the_system_and_the_switch(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())
    light = background(chromium)
    chromium.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    dark = background(chromium)

    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(13, 17, 23)")
    chromium.value("document.getElementById('theme').click()")
    assert background(chromium) == light
    chromium.value("localStorage.clear()")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_injected_markup_is_executed(chromium: Browser, tmp_path: Path, payload: str) -> None:
    bad = case(
        payload,
        Status.FAILED,
        classname=payload,
        message=payload,
        details=payload,
        output=payload,
        file=payload,
        line=3,
    )
    wrong = finding(payload, payload, file=payload, rule=payload)
    hostile = run(
        stage(
            payload, step(payload, Status.FAILED, tests=(bad,), diagnostics=(wrong,), started=1.0)
        ),
        stage("x", step(payload, Status.FAILED, reason=payload, remedy=payload, output=payload)),
        coverage=Coverage(files=(FileCoverage(path="shop/cart.py", missing=(1,)),)),
        project=payload,
        engine=payload,
        warnings=(payload,),
    )
    page = tmp_path / "report.html"
    page.write_bytes(render(hostile, sources={"shop/cart.py": payload}))

    chromium.open(page)

    assert chromium.requested() == [page.as_uri()]
    assert chromium.complaints() == []
    assert chromium.value("document.querySelectorAll('script, style').length") == 2
    assert (
        chromium.value("document.querySelectorAll('img, link, base, iframe, object').length") == 0
    )
    assert chromium.value("document.title") != "owned"


def test_page_with_tens_of_thousands_of_failures_stays_usable(
    chromium: Browser, tmp_path: Path
) -> None:
    opened(chromium, tmp_path, run_of(*failures(20_000, causes=50)))

    assert chromium.value("document.querySelectorAll('[data-item]').length") == 20_000
    took = chromium.value(
        "(() => { const box = document.getElementById('filter'); box.value = 'test_00017';"
        "const start = performance.now(); box.dispatchEvent(new Event('input'));"
        "return performance.now() - start; })()"
    )
    assert took < 2_000
    assert visible(chromium) == ["tests.test_17.ManyTests.test_00017"]


def test_screenshot_is_not_blank(chromium: Browser, tmp_path: Path) -> None:
    opened(chromium, tmp_path, result())

    png = base64.b64decode(chromium.call("Page.captureScreenshot", format="png")["data"])

    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000


def test_a_dark_page_is_printed_dark_on_white_without_its_controls(
    chromium: Browser, tmp_path: Path
) -> None:
    opened(chromium, tmp_path, result())
    chromium.value("document.documentElement.dataset.theme = 'dark'")
    dark = {"name": "prefers-color-scheme", "value": "dark"}

    chromium.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    try:
        style = "getComputedStyle(document.body)"
        assert chromium.value(f"{style}.color") == "rgb(31, 35, 40)"
        assert chromium.value(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
        assert chromium.value("document.querySelector('.tools').offsetParent") is None
    finally:
        chromium.call("Emulation.setEmulatedMedia", media="", features=[])


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the source of axe-core, which checks the rules of WCAG; skip the test if npm cannot fetch it."""
    place = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm") or pytest.skip("no npm: apt-get install npm")
    packed = subprocess.run([npm, "pack", AXE], cwd=place, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"npm cannot fetch {AXE}")
    (archive,) = place.glob("*.tgz")
    shutil.unpack_archive(archive, place)
    return (place / "package/axe.min.js").read_text()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_whether_folds_are_open_or_closed(
    chromium: Browser, tmp_path: Path, axe: str, scheme: str, width: int
) -> None:
    shown = result()
    shown = replace(shown, history=extend_history(shown) * 20)
    opened(chromium, tmp_path, shown)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    chromium.call("Emulation.setEmulatedMedia", features=[feature])
    size = {"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": False}
    chromium.call("Emulation.setDeviceMetricsOverride", **size)
    chromium.value(f"{axe}; 0")

    try:
        for state in ("true", "false"):
            chromium.value(
                f"document.querySelectorAll('details').forEach(one => one.open = {state})"
            )
            found = chromium.value(
                "axe.run().then(done => done.violations.map(one => [one.id, one.nodes[0].html]))"
            )
            assert found == [], f"folds open: {state}"
        first = "document.querySelector('#failures ~ details').getBoundingClientRect().top"
        assert width < 1400 or chromium.value(first) < 500
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert chromium.value(wide) <= 0, "the page must not scroll sideways"
    finally:
        chromium.call("Emulation.clearDeviceMetricsOverride")
