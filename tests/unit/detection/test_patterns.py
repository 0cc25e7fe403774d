"""The examples above the patterns of detection fit them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from heroci_action import detection

ROOT = Path(detection.__file__).parent
# The line above a pattern, and its name.
PATTERN = re.compile(r"^(.*)\n(_?[A-Z_]+) = re\.compile\(", re.MULTILINE)
EXAMPLES = re.compile(r"# `[^`]*`(, `[^`]*`)*")
MODULES = [path for path in sorted(ROOT.rglob("*.py")) if "re.compile" in path.read_text()]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_patterns_fit_their_examples(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    module = import_module(f"{detection.__name__}.{name}")

    for above, pattern in PATTERN.findall(path.read_text()):
        if EXAMPLES.fullmatch(above):
            for example in re.findall("`([^`]*)`", above):
                assert getattr(module, pattern).search(example), (pattern, example)
