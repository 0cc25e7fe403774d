"""Flake8, in its default format."""

from __future__ import annotations

import re

from heroci_action.readers.base import Readings, Source, each
from heroci_action.readers.format import Category, Format, LintTool, text_matching
from heroci_action.readers.lint_lines import PLACE, read_lines
from heroci_action.repository.paths import PathResolver

_FINDING = re.compile(PLACE + r" (?P<rule>[A-Z]+[0-9]+) (?P<text>.*)$", re.MULTILINE)


def read_flake8(source: Source, tree: PathResolver) -> Readings:
    """Read lines such as `a.py:1:80: E501 line too long`."""
    return read_lines(_FINDING, source, tree)


FORMAT = Format(
    kind="flake8",
    title="Flake8",
    category=Category.LINT,
    recognize=text_matching(_FINDING),
    read=each(read_flake8),
    tool=LintTool(
        name="flake8",
        distribution="flake8",
        default_spec="flake8<=7.5.0",
        command=("flake8", "--format=default", "."),
        cache_variable="HEROCI_FLAKE8_CACHE",
        probe="heroci_flake8.py",
        python_matters=True,
        files=(".flake8",),
        sections=frozenset({"flake8"}),
        config_option="--config",
        isolated_option="--isolated",
        hooks=frozenset({"flake8"}),
        aliases=frozenset({"pflake8", "flake8p"}),
    ),
)
