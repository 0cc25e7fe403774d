from __future__ import annotations

import click
import pytest

from heroci_action.cli.sizes import SIZE


@pytest.mark.parametrize(
    ("text", "size"),
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
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert SIZE.convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5GB", "1TB", "big", "9" * 16, "1kk"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no size"):
        SIZE.convert(text, None, None)
