"""Feed readers with what libFuzzer makes of given documents; started by test_fuzzed.py, or by hand for hours.

    python -m tests.integration.readers.fuzz KIND CORPUS [libFuzzer's options]

It stops if a reader raises an exception, if a document takes longer than -timeout, or if memory exceeds -rss_limit_mb.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["heroci_action.readers", "heroci_action.analysis"]):
    from heroci_action.readers import PathResolver, Source, read_sources
    from heroci_action.readers.registry import recognize
    from heroci_action.results.packed import check

TREE = PathResolver(tracked=frozenset({"a.py", "b/c.py"}), roots=("/r",), foreign=True)


def main() -> None:
    """Fuzz until libFuzzer stops."""
    kind = sys.argv.pop(1)

    def once(content: bytes) -> None:
        recognize(content)
        source = Source(kind=kind, path="x", content=content, limit=1 << 20)
        found = read_sources([source], tree=TREE)
        for packed in found.passed:
            check(packed)

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
