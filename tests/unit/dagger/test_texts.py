"""Texts of the CLI and addresses as users see them."""

from __future__ import annotations

from collections import deque

import pytest

from heroci_action.engines.dagger.cli import last_error
from heroci_action.engines.dagger.preflight import public_address


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), "the CLI printed nothing"),
        (("3 : ┆ connecting to engine",), "connecting to engine"),
        (("\x1b[31m1   : ! start engine: no driver\x1b[0m", ""), "start engine: no driver"),
        (("Error: refused [traceparent:1-2]", "4 : done"), "Error: refused"),
    ],
)
def test_the_last_error_is_shown_without_colours_and_tree_characters(
    lines: tuple[str, ...], expected: str
) -> None:
    assert last_error(deque(lines)) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("tcp://10.0.0.1:1234", "tcp://10.0.0.1:1234"),
        ("ssh://me:secret@host/path", "ssh://host/path"),
        ("tls://host?key_path=/k", "tls://host"),
        ("kube-pod://pod?context=c", "kube-pod://pod"),
    ],
)
def test_an_address_is_shown_without_passwords(host: str, expected: str) -> None:
    assert public_address(host) == expected
