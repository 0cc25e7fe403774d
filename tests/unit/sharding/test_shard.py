"""`2/5` and what is none."""

from __future__ import annotations

import pytest

from heroci_action.sharding import Shard


def test_a_shard_is_a_number_of_a_number() -> None:
    assert Shard.parse("2/5") == Shard(number=2, total=5)
    assert str(Shard.parse("02/5")) == "2/5"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("0/5", "1/5 to 5/5"),
        ("6/5", "1/5 to 5/5"),
        ("1/0", "at least one"),
        ("x", "such as 2/5"),
        ("", "such as 2/5"),
        ("2", "such as 2/5"),
        ("-1/5", "such as 2/5"),
        ("1/5\n", "such as 2/5"),
        ("\u0661/\u0665", "such as 2/5"),
        ("1/99999999999999999999", "such as 2/5"),
    ],
)
def test_what_is_no_shard_is_said_to_be_none(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Shard.parse(text)
