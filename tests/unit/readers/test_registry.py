"""Every format in readers/ is registered, recognized and complete."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from heroci_action import readers
from heroci_action.readers import PathResolver, Readings, Source
from heroci_action.readers.format import Category, Format
from heroci_action.readers.registry import BY_KIND, FORMATS, recognize

# The beginning of a file of each format; add yours here.
EXAMPLES: tuple[tuple[str, bytes], ...] = (
    ("junit", b'<?xml version="1.0"?>\n<!-- x > y --><testsuites/>'),
    ("junit", b"<x:testsuite xmlns:x='u'>"),
    ("cobertura", '<?xml version="1.0"?><coverage line-rate="1">'.encode("utf-16")),
    (
        "jacoco",
        b'<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="x">',
    ),
    ("lcov", b"TN:\nSF:a.js\n"),
    ("checkstyle", b"<checkstyle>"),
    ("sarif", b'{"version": "2.1.0", "runs": []}'),
    ("coverage-json", b'{"meta": {}, "files": {}}'),
    ("isort", b"ERROR: /x/a.py Imports are incorrectly sorted and/or formatted.\n"),
    ("isort", b"--- /x/a.py:before\t2026\n+++ /x/a.py:after\t2026\n"),
    ("black", b"would reformat a.py\n"),
    ("black", b"--- a.py\t2026\n+++ a.py\t2026\n@@ -1 +1 @@\n"),
    (
        "ruff-format",
        b"Would reformat: a.py\n1 file would be reformatted, 2 files already formatted\n",
    ),
    ("ruff-format", b"--- a.py\n+++ a.py\n@@ -1 +1 @@\n"),
    ("pylint", b"************* Module a\na.py:1:0: C0114: Missing\n"),
    ("flake8", b"a.py:1:80: E501 line too long\n"),
    ("mypy", b"a.py:1: error: wrong  [misc]\n"),
    ("mypy", b"Success: no issues found in 3 source files\n"),
    ("ruff", b"[]"),
    ("ruff", b"F401 [*] `os` imported but unused\n --> a.py:1:8\n"),
    ("ruff", b"All checks passed!\n"),
)


def _modules() -> Iterator[tuple[str, Format]]:
    for module in pkgutil.iter_modules(readers.__path__):
        found = importlib.import_module(f"heroci_action.readers.{module.name}")
        for name, value in vars(found).items():
            if isinstance(value, Format):
                yield f"{module.name}.{name}", value


@pytest.mark.parametrize(
    ("name", "one"),
    list(_modules()),
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_every_format_is_registered(name: str, one: Format) -> None:
    assert one in FORMATS, f"add {name} to FORMATS in readers/registry.py"


def test_kinds_are_unique() -> None:
    assert len(BY_KIND) == len(FORMATS)


@pytest.mark.parametrize("one", FORMATS, ids=BY_KIND)
def test_every_format_is_complete(one: Format) -> None:
    examples = [kind for kind, _ in EXAMPLES if kind == one.kind]
    if one.recognize:
        assert examples, f"add the beginning of a {one.kind} file to EXAMPLES in {__name__}"
    if one.tool:
        assert one.tool.name == one.kind, "a lint tool is named like its format"
        assert one.category is Category.LINT
        assert (
            one.recognize
        ), f"{one.kind} prints its report, so `report --lint` has to recognize it"
        *start, directory = one.tool.command
        assert one.tool.command_for((directory,)) == one.tool.command
        assert one.tool.command_for(("a", "m.py")) == (
            *(*start, *one.tool.narrowed_options, "a", "m.py"),
        )


@pytest.mark.parametrize(("kind", "start"), EXAMPLES)
def test_a_file_is_recognized_by_its_beginning(kind: str, start: bytes) -> None:
    found = recognize(start)
    assert found
    assert found.kind == kind


@pytest.mark.parametrize(
    "start", [b"", b"\x00\xff\xfe", b"<", b"<html>", b"make: *** [test] Error 1\n"]
)
def test_other_files_are_not_recognized(start: bytes) -> None:
    assert recognize(start) is None


@pytest.mark.parametrize("one", FORMATS, ids=BY_KIND)
def test_every_reader_survives_noise(one: Format) -> None:
    noise = Source(kind=one.kind, path="noise", content=b"\x00\xff]]>\x1b[31m{[<\n\n::error::x\n")
    found = one.read([noise], PathResolver())
    assert isinstance(found, Readings)
    assert (found.tests, found.diagnostics) == ((), ())
    assert not any(coverage.files for coverage in found.coverage)
