from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heroci_action.github.environment import (
    MAX_SUMMARY,
    append_summary,
    summary_room,
    write_outputs,
)
from heroci_action.text import printable
from tests.unit.github.runner import outputs
from tests.unit.result_strategies import texts


@given(st.dictionaries(st.sampled_from(["status", "failed-stages", "junit-path"]), texts))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_outputs_round_trip(tmp_path: Path, values: dict[str, str]) -> None:
    path = tmp_path / "output"
    path.unlink(missing_ok=True)

    write_outputs(path, values)

    text = path.read_text(encoding="utf-8")
    assert outputs(text) == {name: printable(value) for name, value in values.items()}


def test_value_cannot_set_another_output(tmp_path: Path) -> None:
    path = tmp_path / "output"

    write_outputs(path, {"a": "x\nb=1\nc<<EOF\n2\nEOF", "d": "4"})

    assert outputs(path.read_text()) == {"a": "x\nb=1\nc<<EOF\n2\nEOF", "d": "4"}


def test_existing_outputs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_text("before=1\n")

    write_outputs(path, {"after": "2"})

    assert outputs(path.read_text()) == {"before": "1", "after": "2"}


def test_summary_room_excludes_existing_content(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    assert summary_room(path) == MAX_SUMMARY

    append_summary(path, "# é\n")
    append_summary(path, "\udc80\n")

    assert path.read_bytes() == "# é\n?\n".encode()
    assert summary_room(path) == MAX_SUMMARY - 7


def test_unwritable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_outputs(tmp_path / "missing" / "output", {"a": "b"})
