"""Finds the place of a failure in what a traceback says, in the manner of each language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.repository.paths import PathResolver

Place = tuple[str | None, int | None]

SEARCHED = 200_000  # characters at the end of a traceback that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How a language writes its frames; `last` says whether the innermost one stands at the end."""

    pattern: re.Pattern[str]
    last: bool = False


def _style(pattern: str, *, last: bool = False) -> _Style:
    return _Style(pattern=re.compile(pattern, re.MULTILINE), last=last)


# The groups are `path` and `line`, and `package` where a path is only a bare name.
STYLES = (
    # Python's own tracebacks, and the last line of each entry of pytest's.
    _style(r'^ *File "(?P<path>[^"\n]+)", line (?P<line>\d{1,9})', last=True),
    _style(r"^(?P<path>[^\s:][^:\n]*\.py):(?P<line>\d{1,9}):(?: |$)", last=True),
    # Java, Kotlin, Scala, Groovy: `at app//com.acme.CartTest$Inner.total(CartTest.java:12)`.
    _style(
        r"^\s*at (?:[^\s()/]*/)*(?P<package>[\w.$<>]+)\.[\w$<>]+"
        r"\((?P<path>[\w$-]+\.(?:java|kt|scala|groovy)):(?P<line>\d{1,9})\)"
    ),
    # .NET: `at Acme.CartTests.Total() in C:\src\CartTests.cs:line 12`.
    _style(r"^.{0,2000}? in (?P<path>[^\n]{1,500}\.(?:cs|fs|vb)):line (?P<line>\d{1,9})"),
    # JavaScript and TypeScript: `at Object.<anonymous> (src/cart.test.js:12:5)`, `at file:///src/cart.mjs:12:5`.
    _style(
        r"^\s*at (?:[^\n(]{0,500}\()?(?:async )?(?:file://)?"
        r"(?P<path>(?:[A-Za-z]:)?[^\n():]+\.[cm]?[jt]sx?):(?P<line>\d{1,9}):\d+\)?\s*$"
    ),
    # vitest: an ornament (U+276F), then `src/cart.test.ts:12:5`
    _style(
        r"^\s*\u276f (?:[^\n]{0,200} )?(?P<path>[^\s:]+\.(?:[cm]?[jt]sx?|vue)):(?P<line>\d{1,9}):\d+"
    ),
    # Rust: `panicked at src/lib.rs:10:5:`, and before 1.73 `panicked at 'text', src/lib.rs:10:5`.
    _style(r"panicked at (?:'[^\n]{0,2000}', )?(?P<path>[^\n':]{1,500}\.rs):(?P<line>\d{1,9}):\d+"),
    # Go: `    cart_test.go:25: wanted 3`, `Error Trace: /src/shop/cart_test.go:25`, `/src/cart.go:9 +0x1d`.
    _style(r"^(?:[^\n]{0,80}?\s)??(?P<path>[^\s:]+\.go):(?P<line>\d{1,9})(?::| \+0x|\s*$)"),
    # PHP and Ruby: `/app/tests/CartTest.php:25`, `./spec/cart_spec.rb:12:in`.
    _style(r"^\s*(?:#\d+ |# )?(?P<path>[^\s:(]+\.(?:php|rb))[:(](?P<line>\d{1,9})"),
)


def broken_at(details: str, defined: Place, tree: PathResolver, *, package: str = "") -> Place:
    """The innermost frame in the test's own file, else the innermost in the repository, else the definition.

    A frame that has a bare file name only is meant from the test's `package`, where several files are called so.
    """
    frames = list(_frames(details[-SEARCHED:], tree, package))
    own = [frame for frame in frames if frame[0] == defined[0]]
    known = [frame for frame in frames if frame[0] in tree.tracked or not tree.tracked]
    return next(iter(own or known), defined)


def _frames(details: str, tree: PathResolver, package: str) -> Iterator[Place]:
    """The frames that lie in the repository, the innermost of each style first."""
    for style in STYLES:
        matches = list(style.pattern.finditer(details))
        for match in reversed(matches) if style.last else matches:
            file = _locate(match.groupdict(), tree, package)
            if file:
                yield file, int(match["line"])


def _locate(parts: dict[str, str | None], tree: PathResolver, near: str) -> str | None:
    path = (parts["path"] or "").strip()
    package = parts.get("package")
    if package:
        return _in_package(package, path, tree)
    if "/" in path or "\\" in path:
        return tree.locate(path)
    if not tree.tracked:
        return tree.locate(path)
    return tree.in_package(path, near) or tree.named(path)


def _in_package(package: str, name: str, tree: PathResolver) -> str | None:
    """`com.acme.CartTest$Inner` and CartTest.java: the one file of that name in a directory com/acme."""
    folders = package.partition("$")[0].split(".")[:-1]
    stem = name.rpartition(".")[0]
    return tree.named(name, "/".join([*folders, stem]))


def by_classname(classname: str, tree: PathResolver) -> str | None:
    """`shop.tests.test_cart.TestCart` lies in the longest of shop/tests/test_cart/TestCart.*, … that git knows.

    A class name may be a path (jest, mocha, PHPUnit) or have other separators (PHP, Rust, Java's inner classes).
    """
    if classname in tree.tracked:
        return classname
    if re.search(r"\.\w{1,5}$", classname) and "/" in classname:
        located = tree.locate(classname)
        if located in tree.tracked:
            return located
    parts = [part for part in re.split(r"[.\\/$+]|::", classname[:1_000]) if part]
    for length in range(min(len(parts), 20), 0, -1):
        end = "/".join(parts[:length])
        located = tree.locate(f"{end}.py")
        if located in tree.tracked:
            return located
        found = tree.named(parts[length - 1], end)
        if found and (length > 1 or len(parts) == 1):
            return found
    return None
