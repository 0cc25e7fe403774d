"""Find the frames in the text of a failure, in the notation of each language."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from heroci_action.repository.paths import PathResolver

SEARCHED = 200_000  # characters at the end of a text
MAX_FRAMES = 200  # of one text, the innermost


class Frame(NamedTuple):
    """A place as a text gives it; `package` if the path is only the name of a file in it."""

    path: str
    line: int
    package: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How a language writes frames; `last` if the innermost one comes last."""

    pattern: re.Pattern[str]
    last: bool = False

    def frames(self, text: str) -> Iterator[Frame]:
        """Yield the frames, the innermost first."""
        matches = list(self.pattern.finditer(text))
        for match in reversed(matches) if self.last else matches:
            parts = match.groupdict()
            yield Frame(parts["path"].strip(), int(parts["line"]), parts.get("package") or "")


def _style(pattern: str, *, last: bool = False) -> _Style:
    return _Style(pattern=re.compile(pattern, re.MULTILINE), last=last)


# What a frame's path follows: of a local file, of a server that the browser loads the tests from, of a bundle.
_SCHEME = r"(?:file://|https?://[^/\s()]{1,300}|webpack(?:-internal)?://[^/\s():]{0,300}/)?"

# The groups are `path` and `line`, and `package` if the path is only a bare name.
_STYLES = (
    # What the writer itself calls the place of the step or test: behave's `Location: a.feature:6`, bats'
    # `in test file till.bats, line 3)`, below the frames of helpers.
    _style(
        r"(?:^Location: |\bin test file )(?P<path>[^\n:]{1,500}?)(?::|, line )(?P<line>\d{1,9})\b"
    ),
    # Python's own tracebacks, and the last line of each entry of pytest's.
    _style(r'^ *File "(?P<path>[^"\n]+)", line (?P<line>\d{1,9})', last=True),
    _style(r"^(?P<path>(?:[A-Za-z]:)?[^\s:][^:\n]*\.py):(?P<line>\d{1,9}):(?: |$)", last=True),
    # Java, Kotlin, Scala, Groovy: `at app//com.acme.CartTest$Inner.total(CartTest.java:12)`; methods may have blanks.
    _style(
        r"^[^\S\n]*at (?:[^\s()/]*/)*(?P<package>[\w.$<>-]{1,500})\.[^()\n]{1,200}"
        r"\((?P<path>[\w$-]+\.(?:java|kt|scala|groovy)):(?P<line>\d{1,9})\)"
    ),
    # .NET: `at Acme.CartTests.Total() in C:\src\CartTests.cs:line 12`.
    _style(r"^.{0,2000}? in (?P<path>[^\n]{1,500}\.(?:cs|fs|vb)):line (?P<line>\d{1,9})"),
    # JavaScript and TypeScript: `at Object.<anonymous> (src/cart.test.js:12:5)`, `at file:///src/cart.mjs:12:5`,
    # `at http://localhost:9876/src/cart.js?d2b1:12:5`, and in Firefox and Safari `total@http://…`.
    _style(
        rf"^[^\S\n]*(?:at (?:[^\n(]{{0,500}}\()?(?:async )?|[^\s@]{{0,300}}@){_SCHEME}"
        r"(?P<path>(?:[A-Za-z]:)?[^\n():?]+\.(?:[cm]?[jt]sx?|vue|svelte))(?:\?[^\s:()]{0,300})?"
        r":(?P<line>\d{1,9}):\d+\)?\s*$"
    ),
    # vitest: an ornament (U+276F), then `src/cart.test.ts:12:5`.
    _style(
        r"^[^\S\n]*\u276f (?:[^\n]{0,200} )?(?P<path>[^\s:]+\.(?:[cm]?[jt]sx?|vue)):(?P<line>\d{1,9}):\d+"
    ),
    # Rust: `panicked at src/lib.rs:10:5:`, and before 1.73 `panicked at 'text', src/lib.rs:10:5`.
    _style(r"panicked at (?:'[^\n]{0,2000}', )?(?P<path>[^\n':]{1,500}\.rs):(?P<line>\d{1,9}):\d+"),
    # Go: `    cart_test.go:25: wanted 3`, `Error Trace: /src/shop/cart_test.go:25`, `/src/cart.go:9 +0x1d`.
    _style(r"^(?:[^\n]{0,80}?\s)??(?P<path>[^\s:]+\.go):(?P<line>\d{1,9})(?::| \+0x|\s*$)"),
    # PHP and Ruby: `/app/tests/CartTest.php:25`, `./spec/cart_spec.rb:12:in`.
    _style(r"^[^\S\n]*(?:#\d+ |# )?(?P<path>[^\s:(]+\.(?:php|rb))[:(](?P<line>\d{1,9})"),
    # Two lines, such as Boost.Test's `- file   : cart.cpp`, `- line   : 12`, and golangci-lint's `File:` and `Line:`.
    _style(
        r"^\W{0,8}[Ff]ile *: *(?P<path>[^\n]{1,500}?) *\n\W{0,8}[Ll]ine *: *(?P<line>\d{1,9}) *$"
    ),
    # Any other notation: `test/till.bats, line 30`, `till.cpp(45)`, `a.feature:6`, `"x.ml", line 3`, `a.dart 12:5`.
    _style(
        r"(?<![\w./\\-])(?P<path>(?:[A-Za-z]:[\\/])?[\w./\\@+~-]{1,300}\.[A-Za-z]\w{0,9})"
        r"(?:[\"'`]?(?::|\(|\[|,? line |:line | +(?=\d+:\d)))(?P<line>\d{1,9})\b"
    ),
)


def find_frames(texts: Iterable[str], tree: PathResolver) -> tuple[Frame, ...]:
    """Return the frames of the first text with frames in files that may be the repository's.

    The innermost frame comes first. Frames in the notation of one language are followed by frames in the next one only
    if the repository has no file with the name of any of theirs.
    """
    found: tuple[Frame, ...] = ()
    for text in texts:
        for style in _STYLES:
            frames = tuple(islice(style.frames(text[-SEARCHED:]), MAX_FRAMES))
            found += frames
            if any(tree.has_name(_basename(frame.path)) for frame in frames):
                return found
    return found[:MAX_FRAMES]


def _basename(path: str) -> str:
    return posixpath.basename(path.replace("\\", "/"))
