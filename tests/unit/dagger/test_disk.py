"""The warning about an engine whose disk is too full to keep anything."""

from __future__ import annotations

from heroci_action.engines.dagger.disk import disk_warning


def test_a_disk_below_the_limit_of_the_engine_is_a_warning_with_both_numbers() -> None:
    (warning,) = disk_warning(10_000_000_000, 20_000_000_000)
    assert "keeps nothing for the next run" in warning
    assert "10.0 GB of its disk are free" in warning
    assert "below 20.0 GB" in warning


def test_a_disk_at_the_limit_is_none() -> None:
    assert disk_warning(5, 5) == ()
