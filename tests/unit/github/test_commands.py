from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.github.commands import (
    MAX_MESSAGE,
    Annotation,
    add_mask,
    annotation,
    command,
    group,
    inert,
    write_line,
)
from heroci_action.results.records import Severity
from tests.unit.github.runner import Obeyed, obeyed
from tests.unit.result_strategies import HOSTILE, texts

hostile_lines = st.lists(texts | st.sampled_from(HOSTILE), max_size=8)


def test_an_annotation_says_where_it_is() -> None:
    note = Annotation(
        level=Severity.ERROR, message="m", title="t", file="a.py", line=3, end_line=5, column=2
    )

    assert obeyed(annotation(note)) == [
        Obeyed("error", "m", {"title": "t", "file": "a.py", "line": "3", "endLine": "5"})
    ]


def test_a_column_is_given_where_the_place_is_one_line() -> None:
    note = Annotation(level=Severity.WARNING, message="m", file="a.py", line=3, column=2)

    assert obeyed(annotation(note))[0].properties == {"file": "a.py", "line": "3", "col": "2"}


def test_what_is_not_known_is_left_out() -> None:
    assert annotation(Annotation(level=Severity.NOTICE, message="m", line=4)) == "::notice::m"


def test_percents_colons_commas_and_newlines_come_through() -> None:
    note = Annotation(
        level=Severity.ERROR,
        message="100%\nof: a, b%0A",
        title="x: y, z%25",
        file="a,b:c.py",
        line=1,
    )

    (found,) = obeyed(annotation(note))

    assert found.message == note.message
    assert found.properties == {"title": "x: y, z%25", "file": "a,b:c.py", "line": "1"}


@given(texts, texts, texts)
def test_an_annotation_is_one_command_whatever_is_in_it(
    message: str, title: str, file: str
) -> None:
    line = annotation(Annotation(level=Severity.ERROR, message=message, title=title, file=file))

    assert [found.name for found in obeyed(line)] == ["error"]


def test_a_long_message_is_cut_to_what_is_kept() -> None:
    line = annotation(Annotation(level=Severity.ERROR, message="%" * 5_000))

    (found,) = obeyed(line)
    assert len(found.message) == MAX_MESSAGE
    assert found.message.endswith("…")


def test_a_mask_is_asked_for() -> None:
    assert add_mask("pa:ss%word") == "::add-mask::pa:ss%25word"


@given(hostile_lines, texts)
def test_nothing_in_a_group_is_obeyed(lines: list[str], title: str) -> None:
    printed = "\n".join(group(title, lines, token="t0k3n"))

    assert [found.name for found in obeyed(printed)] == ["group", "endgroup"]


@given(hostile_lines)
def test_inert_text_is_no_command_even_alone(lines: list[str]) -> None:
    assert obeyed(inert("\n".join(lines))) == []


@pytest.mark.parametrize(
    "text",
    [
        "::error::x",
        "  ::set-output name=a::b",
        "x ##[error]y",
        "a\r::warning::b",
        "\x1b[0m::error::x",
    ],
)
def test_known_tricks_are_inert(text: str) -> None:
    assert obeyed(inert(text)) == []


def test_the_model_of_the_runner_would_obey_them() -> None:
    for text in ("::error::x", "a ##[error]b", "a\r::warning::b"):
        assert len(obeyed(text)) == 1


def test_a_stream_that_knows_ascii_only_gets_what_it_can_show() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    write_line(stream, "✔ ok \udc80")
    stream.flush()

    assert raw.getvalue() == b"? ok ?\n"


def test_empty_properties_are_not_printed() -> None:
    assert command("error", "m", file=None, title="", line=0) == "::error line=0::m"
