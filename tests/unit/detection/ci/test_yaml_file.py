"""YAML as the CI services read it."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci.yaml_file import parse_yaml


@pytest.mark.parametrize(
    ("scalar", "text"),
    [
        # A boolean of YAML 1.2 becomes a variable in lower case; other texts, also quoted ones, stay.
        ("True", "true"),
        ("FALSE", "false"),
        ("true", "true"),
        ("'True'", "True"),
        ("Trueish", "Trueish"),
        ("Yes", "Yes"),
        ("3.10", "3.10"),
        ("", ""),
        ("null", ""),
        ("~", ""),
        ("'null'", "null"),
    ],
)
def test_a_scalar_is_the_text_of_the_variable(scalar: str, text: str) -> None:
    assert parse_yaml(f"env:\n  DEBUG: {scalar}\n") == ({"env": {"DEBUG": text}},)
