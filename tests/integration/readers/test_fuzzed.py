"""Readers under a fuzzer that looks at their branches: no crash, no hang, no growth."""

from __future__ import annotations

import gc
import importlib.util
import os
import subprocess
import sys
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Self

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heroci_action.readers import PathResolver, Source, read_sources

SECONDS = os.environ.get("HEROCI_FUZZ_SECONDS", "4" if os.environ.get("CI") else "")
SEEDS = {
    "junit": (
        b"""<testsuite name="pytest"><testcase classname="a" name="t" time="1,0"><failure message="m">x</failure>
        <system-out>o</system-out></testcase><testcase name="u" status="notrun"/></testsuite>""",
        b"""<testsuites><testsuite><testcase name="a"><rerunFailure message="m"><stackTrace>at x(a.py:1)</stackTrace>
        </rerunFailure></testcase><testcase name="a"><system-out>o</system-out></testcase></testsuite></testsuites>""",
    ),
    "cobertura": (
        b"""<coverage><sources><source>/r</source></sources><packages><package><classes><class filename="a.py"><lines>
        <line number="1" hits="1" branch="true" condition-coverage="50% (1/2)"/></lines></class></classes></package>
        </packages></coverage>""",
    ),
    "lcov": (b"TN:\nSF:a.py\nDA:1,1\nDA:2,0\nBRDA:1,0,0,1\nend_of_record\n",),
    "sarif": (
        b"""{"runs":[{"tool":{"driver":{"name":"x"}},"results":[{"message":{"text":"m"},"locations":[
        {"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":1}}}]}]}]}""",
    ),
}


@pytest.mark.skipif(
    not SECONDS, reason="takes several seconds; runs in CI, or with HEROCI_FUZZ_SECONDS=4"
)
@pytest.mark.skipif(
    not importlib.util.find_spec("atheris"),
    reason="atheris is not installed (it has wheels for some versions of Python on Linux): pip install atheris",
)
@pytest.mark.parametrize("kind", SEEDS, ids=str)
def test_no_input_that_a_fuzzer_finds_breaks_a_reader(kind: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS[kind]):
        (corpus / str(number)).write_bytes(seed)
    limits = [f"-max_total_time={SECONDS}", "-timeout=5", "-rss_limit_mb=700", "-max_len=4096"]
    # libFuzzer reads its memory as the peak of the process, which on Linux includes what the parent had when it started
    # the program. These tests may have more than the limit, so a shell is the parent.
    shell = ["sh", "-c", '"$@" || exit', "sh"]

    done = subprocess.run(
        [
            *shell,
            sys.executable,
            "-m",
            "tests.integration.readers.fuzz",
            kind,
            str(corpus),
            *limits,
        ],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=float(SECONDS) * 5 + 60,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parents[3],
    )

    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert "DONE" in done.stderr or "Done" in done.stderr


def peak_of(cases: int, output: str) -> int:
    """Bytes that reading takes above what was there, the document itself not counted."""

    def inner(number: int) -> bytes:
        name = f"test_{number:07}"
        return f'<testcase classname="k" name="{name}"><system-out>{output}</system-out></testcase>'.encode()

    length = len(inner(0))

    class Stream:
        """A document that is never there in full."""

        left = cases

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self, size: int) -> bytes:
            if self.left == cases:
                self.left -= 1
                return b"<testsuite>" + inner(cases)
            if self.left < 0:
                return b""
            number = min(self.left, max(size // length, 1))
            self.left -= number
            if not number:
                self.left = -1
                return b"</testsuite>"
            return b"".join(map(inner, range(self.left, self.left + number)))

    source = Source(
        kind="junit",
        path="x",
        opened=Stream,  # type: ignore[arg-type]
    )
    tracemalloc.start()
    found = read_sources([source], tree=PathResolver())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (packed,) = found.passed
    assert packed.count == cases
    return peak


peak_without_output = cache(lambda: peak_of(1_000, ""))


@example("ab \n" * 50)
@given(st.text("ab &lt;\n", max_size=200).map(lambda text: text.replace("&", "").replace("<", "")))
def test_memory_does_not_grow_with_what_passed_tests_print(output: str) -> None:
    assert peak_of(1_000, output * 50) < peak_without_output() + 1_000_000


def test_memory_grows_by_some_bytes_for_a_test() -> None:
    few, many = peak_of(20_000, ""), peak_of(60_000, "")

    assert (many - few) / 40_000 < 40  # bytes: hash and name, packed


def test_reading_leaves_nothing_behind() -> None:
    content = SEEDS["junit"][1]

    def read() -> None:
        read_sources([Source(kind="junit", path="x", content=content)], tree=PathResolver())

    gc.disable()  # as in the processes that read files side by side
    tracemalloc.start()
    try:
        # Until Python's lists of free objects are full.
        for _ in range(1_000):
            read()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(500):
            read()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 10_000
