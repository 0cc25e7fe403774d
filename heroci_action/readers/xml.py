"""Streams XML through expat: constant memory, no entities of the document's own, nothing fetched."""

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

# What a writer without an XML library does wrong: these documents are read again with their text mended.
MENDABLE = frozenset(
    {
        codes.codes[codes.XML_ERROR_INVALID_TOKEN],
        codes.codes[codes.XML_ERROR_BAD_CHAR_REF],
        codes.codes[codes.XML_ERROR_UNDEFINED_ENTITY],
        codes.codes[codes.XML_ERROR_MISPLACED_XML_PI],
        codes.codes[codes.XML_ERROR_UNKNOWN_ENCODING],
        codes.codes[codes.XML_ERROR_INCORRECT_ENCODING],
        codes.codes[codes.XML_ERROR_PARTIAL_CHAR],
    }
)

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}encoding=["']([A-Za-z0-9._-]{1,40})["']""")
# An ampersand that starts no reference that every XML document knows.
_LOOSE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NUMBERED = re.compile(r"&#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}));")
_LONGEST_REFERENCE = 10


class Handler(Protocol):
    """Is told of the elements of a document in their order."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins; `name` comes without its prefix."""
        ...

    def text(self, text: str) -> None:
        """A piece of text, not always all of it at once."""
        ...

    def end(self, name: str) -> None:
        """An element ends."""
        ...

    def readings(self, *, complete: bool) -> Readings:
        """What was understood; not `complete` where the document broke off."""
        ...


class Listener(Protocol):
    """Puts its own functions into a parser, which saves a call for each element; names come with their prefixes."""

    def rest(self) -> None:
        """A piece of the document, some tens of thousands of bytes, has been read."""
        ...

    def readings(self, *, complete: bool) -> Readings:
        """What was understood; not `complete` where the document broke off."""
        ...


def parse(source: Source, make: Callable[[], Handler]) -> Readings:
    """What the handler makes of the document; see `listen`."""
    return listen(source, lambda parser: _Unprefixed(parser, make()))


def listen(
    source: Source,
    make: Callable[[expat.XMLParserType], Listener],
    through: Callable[[Iterable[bytes]], Iterable[bytes]] = iter,
) -> Readings:
    """What the listener makes of the document.

    A document with characters or references that XML forbids is read a second time with a new listener and those
    replaced. Raises BrokenReportError, with what was understood, where it is no XML, or defines entities; what goes
    `through` a filter must be read without it then, since its lines are not those of the document.
    """
    try:
        return _parse(through(source.chunks()), make)
    except _MendableError as broken:
        try:
            return _parse(_mended(source.chunks()), make)
        except _MendableError:
            raise BrokenReportError(str(broken), broken.kept) from broken


class _MendableError(BrokenReportError):
    """The second reading may succeed."""


def _parse(chunks: Iterable[bytes], make: Callable[[expat.XMLParserType], Listener]) -> Readings:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_definitions
    listener = make(parser)
    try:
        _feed(parser, listener, chunks)
    except expat.ExpatError as error:
        kind = _MendableError if error.code in MENDABLE else BrokenReportError
        raise kind(str(error), listener.readings(complete=False)) from error
    except BrokenReportError as error:
        raise BrokenReportError(str(error), listener.readings(complete=False)) from error
    finally:
        # The parser knows the listener and it the parser: without this, everything stays until garbage is collected.
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
    return listener.readings(complete=True)


def _feed(parser: expat.XMLParserType, listener: Listener, chunks: Iterable[bytes]) -> None:
    empty = True
    for chunk in chunks:
        empty = empty and not chunk.strip()
        parser.Parse(chunk, False)
        listener.rest()
    if empty:
        _refuse("it is empty")
    parser.Parse(b"", True)


class _Unprefixed:
    """Tells a handler of the elements by their local names."""

    def __init__(self, parser: expat.XMLParserType, handler: Handler) -> None:
        self._handler = handler
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = handler.text

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._handler.start(local(name), attributes)

    def _end(self, name: str) -> None:
        self._handler.end(local(name))

    def rest(self) -> None:
        """A handler needs none."""

    def readings(self, *, complete: bool) -> Readings:
        """The handler's."""
        return self._handler.readings(complete=complete)


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2] if ":" in name else name


def _refuse_definitions(
    _name: str, _system: str | None, _public: str | None, has_internal_subset: int
) -> None:
    """A reference to a DTD is harmless, because nobody fetches it; definitions could be bombs."""
    if has_internal_subset:
        _refuse("it defines entities of its own, which is not read")


def _refuse(reason: str) -> NoReturn:
    raise BrokenReportError(reason)


def _mended(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The document as UTF-8 without what XML forbids; a reference is never cut in two."""
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
    """By the byte order mark, else as declared, else UTF-8."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _ENCODING.match(start)
    try:
        return codecs.lookup(declared[1].decode()).name if declared else "utf-8-sig"
    except LookupError:
        return "utf-8-sig"


def _legal(text: str) -> bytes:
    loose = _LOOSE.sub("&amp;", legal_xml(text))
    return _NUMBERED.sub(_legal_reference, loose).encode()


def _legal_reference(match: re.Match[str]) -> str:
    number = int(match[1]) if match[1] else int(match[2], 16)
    legal = number <= sys.maxunicode and legal_xml(chr(number)) == chr(number)
    return match[0] if legal else UNSHOWABLE
