"""Takes what passed tests printed out of a JUnit document before anybody parses it: that is most of a large one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

START, END = b"<system-out>", b"</system-out>"
CASE, CASE_END = b"<testcase ", b"</testcase>"
_WHOLE = END + CASE_END
HELD = 1 << 18  # bytes of a case that are held until its end is there
INDENT = 64  # bytes of white space that may stand before the end of a case


def quiet(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The document without the texts that are all there is in their cases.

    Only what is surely such a text is left out: between `<testcase …><system-out>` and `</system-out></testcase>`,
    without any markup in it. Where a document has a comment, a CDATA section, a processing instruction or a DTD, in
    which something may look like that and be none, the rest of it stays as it is. So does one in UTF-16.
    """
    held = b""
    first = True
    rest = chain(chunks, (b"",))  # at whose end what is held is all that there is
    for chunk in rest:
        piece = held + chunk
        cut = _cut(piece) if chunk else len(piece)
        piece, held = piece[:cut], piece[cut:]
        made = _without_outputs(piece)
        if b"<!" in made or made.find(b"<?", _DECLARATION if first else 0) >= 0:
            yield piece + held
            yield from rest
            return
        first = first and not piece
        yield made


_DECLARATION = 4  # bytes after which `<?` is that of no declaration, a byte order mark included


def _cut(piece: bytes) -> int:
    """Where the last case begins, whose end may come with the next chunk; else where the last markup does."""
    case = piece.rfind(CASE)
    if case >= 0 and len(piece) - case < HELD:
        return case
    markup = piece.rfind(b"<")
    return markup if len(piece) - markup < HELD and markup >= 0 else len(piece)


def _without_outputs(piece: bytes) -> bytes:
    kept, *parts = piece.split(START)
    if not parts:
        return piece
    made = [kept]
    for part in parts:
        end = part.find(b"<")
        if (part.startswith(_WHOLE, end) or _ends_soon(part, end)) and kept.startswith(
            CASE, kept.rfind(b"<")
        ):
            kept = part[end + len(END) :]
        else:
            made.append(START)
            kept = part
        made.append(kept)
    return b"".join(made)


def _ends_soon(part: bytes, end: int) -> bool:
    """Whether the text ends here, and its case after nothing but some white space."""
    behind = end + len(END)
    soon = part.startswith(END, end)
    return soon and part[behind : behind + INDENT].lstrip().startswith(CASE_END)
