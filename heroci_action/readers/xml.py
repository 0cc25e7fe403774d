"""Stream XML through expat: in constant memory, without entities of the document, and without fetching anything."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NoReturn, Protocol
from xml.parsers import expat
from xml.parsers.expat import errors as codes

from heroci_action.readers.base import BrokenReportError, Readings, Source
from heroci_action.text import UNSHOWABLE, legal_xml

MAX_DEPTH = 1_000  # elements in each other
MAX_TAG = 16 << 20  # bytes of one tag, with its attributes

# Mistakes of writers without an XML library: these documents are read again with their text repaired.
REPAIRABLE = frozenset(
    {
        codes.codes[codes.XML_ERROR_INVALID_TOKEN],
        codes.codes[codes.XML_ERROR_BAD_CHAR_REF],
        codes.codes[codes.XML_ERROR_UNDEFINED_ENTITY],
        codes.codes[codes.XML_ERROR_MISPLACED_XML_PI],
        codes.codes[codes.XML_ERROR_XML_DECL],
        codes.codes[codes.XML_ERROR_UNKNOWN_ENCODING],
        codes.codes[codes.XML_ERROR_INCORRECT_ENCODING],
        codes.codes[codes.XML_ERROR_PARTIAL_CHAR],
    }
)

# The encodings that expat knows itself.
_NATIVE = frozenset({"utf-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "us-ascii"})

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}encoding=["']([A-Za-z0-9._-]{1,40})["']""")
# An ampersand that starts no reference that every XML document knows.
_LOOSE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NUMBERED = re.compile(r"&#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}));")
_LONGEST_REFERENCE = 10


Parse = Callable[[bytes], bool]
"""Parse a piece of a document; return whether it ends where markup or text may begin."""


class Handler(Protocol):
    """Take the elements of a document, in order."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element; `name` has no prefix."""
        ...

    def text(self, text: str) -> None:
        """Take a piece of text, which may not be all of it."""
        ...

    def end(self, name: str) -> None:
        """Take the end of an element."""
        ...

    def readings(self, *, complete: bool) -> Readings:
        """Return the contents; not `complete` if the document broke off."""
        ...


class Listener(Protocol):
    """Put functions into a parser directly, which saves a call for each element; names have their prefixes."""

    def feed(self, piece: bytes, parse: Parse) -> None:
        """Take a piece of the document, and pass on what has to be parsed."""
        ...

    def readings(self, *, complete: bool) -> Readings:
        """Return the contents; not `complete` if the document broke off."""
        ...


def parse(source: Source, make: Callable[[], Handler]) -> Readings:
    """Parse the document with a handler and return its readings; see `listen`."""
    return listen(source, lambda parser: _Unprefixed(parser, make()))


def listen(source: Source, make: Callable[[expat.XMLParserType], Listener]) -> Readings:
    """Parse the document with a listener and return its readings.

    A document with characters or references that XML forbids, or in an encoding that expat does not know, is read a
    second time, repaired, with a new listener. Raises BrokenReportError, with what could be read, if it is not XML or
    defines entities.
    """
    try:
        return _parse(source.chunks(), make)
    except _RepairableError as broken:
        try:
            return _parse(_repaired(source.chunks()), make)
        except _RepairableError:
            raise BrokenReportError(str(broken), broken.kept) from broken


class _RepairableError(BrokenReportError):
    """A broken document that can be read after a repair."""


def _parse(chunks: Iterable[bytes], make: Callable[[expat.XMLParserType], Listener]) -> Readings:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_definitions
    parser.XmlDeclHandler = _check_encoding
    listener = make(parser)
    try:
        _feed(parser, listener, chunks)
    except expat.ExpatError as error:
        kind = _RepairableError if error.code in REPAIRABLE else BrokenReportError
        raise kind(str(error), listener.readings(complete=False)) from error
    except _RepairableError:
        raise
    except BrokenReportError as error:
        raise BrokenReportError(str(error), listener.readings(complete=False)) from error
    finally:
        # Parser and listener refer to each other: without this, everything stays until garbage is collected.
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.StartCdataSectionHandler = parser.EndCdataSectionHandler = None
    return listener.readings(complete=True)


def _feed(parser: expat.XMLParserType, listener: Listener, chunks: Iterable[bytes]) -> None:
    empty = True
    fed = 0

    def parse(piece: bytes) -> bool:
        nonlocal fed
        parser.Parse(piece, False)
        fed += len(piece)
        incomplete = fed - parser.CurrentByteIndex
        if incomplete > MAX_TAG:
            _refuse(f"it has a tag of more than {MAX_TAG >> 20} MiB")
        return not incomplete

    for chunk in chunks:
        empty = empty and not chunk.strip()
        listener.feed(chunk, parse)
    if empty:
        _refuse("it is empty")
    parser.Parse(b"", True)


class _Unprefixed:
    """Pass elements on to a handler by their local names."""

    def __init__(self, parser: expat.XMLParserType, handler: Handler) -> None:
        self._handler = handler
        self._depth = 0
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = handler.text

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _refuse(f"its elements are nested more than {MAX_DEPTH:,} deep")
        self._handler.start(local(name), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._handler.end(local(name))

    def feed(self, piece: bytes, parse: Parse) -> None:
        """Parse the piece."""
        parse(piece)

    def readings(self, *, complete: bool) -> Readings:
        """Return the readings of the handler."""
        return self._handler.readings(complete=complete)


def local(name: str) -> str:
    """Return a name without its prefix."""
    return name.rpartition(":")[2] if ":" in name else name


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    """Have a document decoded here if expat cannot do it: Python helps it only with encodings of one byte."""
    if encoding and encoding.lower() not in _NATIVE and not _is_single_byte(encoding):
        raise _RepairableError(f"unknown encoding {encoding!r}")


def _is_single_byte(encoding: str) -> bool:
    try:
        return len(bytes(range(256)).decode(encoding, errors="replace")) == 256  # noqa: PLR2004
    except (LookupError, ValueError):
        return False


def _refuse_definitions(
    _name: str, _system: str | None, _public: str | None, has_internal_subset: int
) -> None:
    """Refuse definitions, which could expand without end; a referenced DTD is never fetched."""
    if has_internal_subset:
        _refuse("it defines entities, which HeroCI does not read")


def _refuse(reason: str) -> NoReturn:
    raise BrokenReportError(reason)


def _repaired(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the document in UTF-8 without what XML forbids; no reference is cut in two."""
    first = next(chunks, b"")
    decoder = codecs.getincrementaldecoder(_encoding(first))(errors="replace")
    held = _DECLARATION.sub("", decoder.decode(first)).lstrip("\ufeff \t\r\n")
    for chunk in chunks:
        start = held.rfind("&", -_LONGEST_REFERENCE)
        whole = held if start < 0 else held[:start]
        yield _legal(whole)
        held = held[len(whole) :] + decoder.decode(chunk)
    yield _legal(held + decoder.decode(b"", final=True))


def _encoding(start: bytes) -> str:
    """Return the encoding by the byte order mark, else as declared if that can be true, else UTF-8."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for wide in ("utf-16-le", "utf-16-be"):
        if start.startswith("<".encode(wide)):
            return wide
    declared = _ENCODING.match(start)
    name = declared[1].decode() if declared else "utf-8-sig"
    return name if _extends_ascii(name) else "utf-8-sig"


def _extends_ascii(encoding: str) -> bool:
    """Return whether a document can have this encoding although its declaration is readable as ASCII."""
    try:
        # Raises LookupError for a codec of bytes, such as base64.
        whole = b"<?xml ?>".decode(encoding)
        pieces = codecs.getincrementaldecoder(encoding)(errors="replace").decode(b"<?xml ?>")
    except (LookupError, ValueError):
        return False
    return whole == pieces == "<?xml ?>"


def _legal(text: str) -> bytes:
    loose = _LOOSE.sub("&amp;", legal_xml(text))
    return _NUMBERED.sub(_legal_reference, loose).encode()


def _legal_reference(match: re.Match[str]) -> str:
    number = int(match[1]) if match[1] else int(match[2], 16)
    legal = number <= sys.maxunicode and legal_xml(chr(number)) == chr(number)
    return match[0] if legal else UNSHOWABLE
