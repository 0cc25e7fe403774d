"""Remove the output of passed tests from a JUnit document before it is parsed: it is most of a large one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

START, END = b"<system-out>", b"</system-out>"
CASE, CASE_END = b"<testcase ", b"</testcase>"
_OUTPUT_AND_CASE_END = END + CASE_END
HELD = 1 << 18  # bytes of a case that are held back until its end is there
INDENT = 64  # bytes of white space that may precede the end of a case
DECLARATION = 4  # bytes at the start, with a byte order mark, where `<?` is the declaration's


def strip_passed_output(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the document without outputs that are all there is in their cases.

    An output is only removed if it certainly is one: text without markup between `<testcase …><system-out>` and
    `</system-out></testcase>`. From the first comment, CDATA section, processing instruction or DTD on, in which
    something may only look like an output, the document is left as it is. So is one in UTF-16.
    """
    held = b""
    first = True
    # The empty chunk marks the end: nothing is held back then.
    rest = chain(chunks, (b"",))
    for chunk in rest:
        piece = held + chunk
        cut = _cut(piece) if chunk else len(piece)
        piece, held = piece[:cut], piece[cut:]
        stripped = _strip(piece)
        if b"<!" in stripped or stripped.find(b"<?", DECLARATION if first else 0) >= 0:
            yield piece + held
            yield from rest
            return
        first = first and not piece
        yield stripped


def _cut(piece: bytes) -> int:
    """Return the start of the last case, whose end may be in the next chunk, or else of the last markup."""
    case = piece.rfind(CASE)
    if case >= 0 and len(piece) - case < HELD:
        return case
    markup = piece.rfind(b"<")
    return markup if len(piece) - markup < HELD and markup >= 0 else len(piece)


def _strip(piece: bytes) -> bytes:
    kept, *parts = piece.split(START)
    if not parts:
        return piece
    stripped = [kept]
    for part in parts:
        end = part.find(b"<")
        at_end = part.startswith(_OUTPUT_AND_CASE_END, end) or _ends_soon(part, end)
        if at_end and kept.startswith(CASE, kept.rfind(b"<")):
            kept = part[end + len(END) :]
        else:
            stripped.append(START)
            kept = part
        stripped.append(kept)
    return b"".join(stripped)


def _ends_soon(part: bytes, end: int) -> bool:
    """Return whether the output ends here, and its case after nothing but some white space."""
    after = end + len(END)
    ends = part.startswith(END, end)
    return ends and part[after : after + INDENT].lstrip().startswith(CASE_END)
