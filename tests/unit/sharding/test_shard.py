"""Parse shards such as `2/5`."""

from __future__ import annotations

import pytest

from heroci_action.sharding import Shard


def test_parses_shards() -> None:
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
def test_rejects_invalid_shards(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Shard.parse(text)
