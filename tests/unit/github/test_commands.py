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
    write_line,
)
from heroci_action.github.inert import inert
from heroci_action.results.records import Severity
from tests.unit.github.runner import Obeyed, obeyed
from tests.unit.result_strategies import HOSTILE, texts

hostile_lines = st.lists(texts | st.sampled_from(HOSTILE), max_size=8)


def test_annotation_has_a_location() -> None:
    note = Annotation(
        level=Severity.ERROR, message="m", title="t", file="a.py", line=3, end_line=5, column=2
    )

    assert obeyed(annotation(note)) == [
        Obeyed("error", "m", {"title": "t", "file": "a.py", "line": "3", "endLine": "5"})
    ]


def test_column_is_set_for_a_single_line() -> None:
    note = Annotation(level=Severity.WARNING, message="m", file="a.py", line=3, column=2)

    assert obeyed(annotation(note))[0].properties == {"file": "a.py", "line": "3", "col": "2"}


def test_unknown_properties_are_omitted() -> None:
    assert annotation(Annotation(level=Severity.NOTICE, message="m", line=4)) == "::notice::m"


def test_percents_colons_commas_and_newlines_are_escaped() -> None:
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
def test_annotation_is_always_one_command(message: str, title: str, file: str) -> None:
    line = annotation(Annotation(level=Severity.ERROR, message=message, title=title, file=file))

    assert [found.name for found in obeyed(line)] == ["error"]


def test_long_message_is_cut_to_the_limit() -> None:
    line = annotation(Annotation(level=Severity.ERROR, message="%" * 5_000))

    (found,) = obeyed(line)
    assert len(found.message) == MAX_MESSAGE
    assert found.message.endswith("…")


def test_add_mask() -> None:
    assert add_mask("pa:ss%word") == "::add-mask::pa:ss%25word"


@given(hostile_lines, texts)
def test_group_executes_no_commands(lines: list[str], title: str) -> None:
    printed = "\n".join(group(title, lines, token="t0k3n"))

    assert [found.name for found in obeyed(printed)] == ["group", "endgroup"]


@given(hostile_lines)
def test_inert_text_is_never_a_command(lines: list[str]) -> None:
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


def test_runner_model_executes_the_raw_tricks() -> None:
    for text in ("::error::x", "a ##[error]b", "a\r::warning::b"):
        assert len(obeyed(text)) == 1


def test_ascii_stream_gets_replacement_characters() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    write_line(stream, "✔ ok \udc80")
    stream.flush()

    assert raw.getvalue() == b"? ok ?\n"


def test_empty_properties_are_omitted() -> None:
    assert command("error", "m", file=None, title="", line=0) == "::error line=0::m"
