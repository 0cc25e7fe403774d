from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given

from heroci_action.text import (
    clip,
    count,
    legal_xml,
    one_line,
    place,
    printable,
    seconds,
    without_ansi,
)
from tests.unit.result_strategies import texts


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[0m",
        "\x1b[1;31m",
        "\x1b[2J",
        "\x1b[?25l",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x9b31m",
        "\x1b(B",
        "\x1bM",
    ],
)
def test_terminal_sequences_are_taken_out(sequence: str) -> None:
    assert without_ansi(f"a{sequence}b") == "ab"


def test_a_sequence_that_never_ends_takes_nothing_with_it() -> None:
    assert printable("\x1b]0;title and text") == "\ufffd]0;title and text"


@given(texts)
def test_legal_xml_is_well_formed_text(text: str) -> None:
    element = ElementTree.Element("a", b=legal_xml(text))
    element.text = legal_xml(text)

    ElementTree.fromstring(ElementTree.tostring(element, encoding="utf-8"))


@given(texts)
def test_printable_text_has_no_controls(text: str) -> None:
    shown = printable(text)

    assert not [character for character in shown if character < " " and character not in "\n\t"]
    shown.encode()  # no lone surrogate is left


@given(texts)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text * 50, 40).splitlines()) <= 1
    assert len(one_line(text * 50, 40)) <= 40


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.00 s"),
        (0.049, "0.05 s"),
        (0.999, "1.0 s"),
        (3.21, "3.2 s"),
        (9.96, "10 s"),
        (48.4, "48 s"),
        (59.7, "1 min"),
        (125, "2 min 5 s"),
        (3_780, "1 h 3 min"),
    ],
)
def test_durations_are_as_exact_as_they_matter(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_counts_have_their_plural() -> None:
    assert [count(number, "test") for number in (0, 1, 1_200)] == [
        "0 tests",
        "1 test",
        "1,200 tests",
    ]


def test_a_cut_is_seen() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("abcd", 4) == "abcd"


def test_places_are_as_far_as_they_are_known() -> None:
    assert [place("a.py", 3), place("a.py", None), place(None, 3)] == ["a.py:3", "a.py", ""]


@pytest.mark.parametrize("text", ["\x1b]" * 200_000, "\x1b[" * 200_000, "\x1b[" + "1;" * 400_000])
def test_endless_sequences_take_no_endless_time(text: str) -> None:
    assert len(without_ansi(text)) <= len(text)
