from __future__ import annotations

import click
import pytest
from pydantic_core import PydanticCustomError

from heroci_action.cli.types import SIZE
from heroci_action.config.types import size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("12", 12),
        ("12B", 12),
        ("3kB", 3_000),
        ("3KiB", 3_072),
        ("2 MB", 2_000_000),
        ("1GiB", 1 << 30),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, expected: int) -> None:
    assert SIZE.convert(text, None, None) == expected
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1.5GB", "1TB", "big", "9" * 16, "1kk", "\u0661MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="must be bytes as a whole number"):
        SIZE.convert(text, None, None)


@pytest.mark.parametrize("value", [True, 1.0, None, [], -1, 10**16])
def test_what_is_neither_a_number_of_bytes_nor_text_is_no_size(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        size(value)
