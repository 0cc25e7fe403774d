"""The forms in which programs are known to print a secret."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from math import lcm
from unicodedata import normalize
from urllib.parse import quote, quote_plus

MIN_LENGTH = 4
"""A shorter value is not masked: it would hide half of all text and protect nothing, because it can be guessed."""

MOST_ESCAPES = 3
"""Formats in each other whose escapes are recognised, such as JSON in a repr in XML."""

# Characters per line of encoded text: PEM (RFC 7468), MIME and base64(1) (RFC 2045).
_LINE_WIDTHS = (64, 76)
_WRAPPED_MIN = 16
_URL_SAFE = str.maketrans("+/", "-_")


def lines_of(secret: str) -> Iterator[str]:
    """Yield the lines of a secret that are long enough to be masked, without blanks around them."""
    return (line for line in map(str.strip, secret.splitlines()) if len(line) >= MIN_LENGTH)


def values_of(secret: str) -> Iterator[str]:
    """Yield the secret and its lines, if they are long enough to be masked."""
    values = (secret, *lines_of(secret))
    # Composed and decomposed accents are different characters.
    forms = dict.fromkeys(
        form
        for value in values
        for form in (value, normalize("NFC", value), normalize("NFD", value))
    )
    return (value for value in forms if len(value) >= MIN_LENGTH)


def forms_of(secret: str) -> Iterator[str]:
    """Yield every form of a secret and of its lines, with repetitions."""
    for value in values_of(secret):
        yield value
        yield from _escaped(value)
        yield from _quoted(value)
        yield from _base64(value)
        yield from _base32(value)
        yield from _hex(value)
        yield from _spelled_out(value)


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _ascii_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _html(value: str) -> str:
    return html.escape(value)


def _html_text(value: str) -> str:
    return html.escape(value, quote=False)


def _html_decimal(value: str) -> str:
    return _html_text(value).replace('"', "&#34;").replace("'", "&#39;")


def _html_names(value: str) -> str:
    return _html_text(value).replace('"', "&quot;").replace("'", "&apos;")


def _xml_attribute(value: str) -> str:
    return _html_text(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#09;")


def _repr(value: str) -> str:
    return repr(value)[1:-1]


def _c_string(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'").replace("\n", "\\n")


def _shell(value: str) -> str:
    return shlex.quote(value).removeprefix("'").removesuffix("'")


def _shell_backslashes(value: str) -> str:
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)


_ESCAPES: tuple[Callable[[str], str], ...] = (
    _json,
    _ascii_json,
    _html,
    _html_text,
    _html_decimal,
    _html_names,
    _xml_attribute,
    _repr,
    _c_string,
    _shell,
    _shell_backslashes,
)


def _escaped(value: str) -> Iterator[str]:
    """Yield the escaped value, also escaped several times: a repr in JSON, JSON in JSON in XML, and so on."""
    found, latest = {value}, {value}
    for _ in range(MOST_ESCAPES):
        latest = {escape(form) for form in latest for escape in _ESCAPES} - found
        found |= latest
    yield from found - {value}


def _quoted(value: str) -> Iterator[str]:
    for form in (
        quote(value, safe="", errors="surrogatepass"),
        quote(value, errors="surrogatepass"),
        quote_plus(value, errors="surrogatepass"),
        *(quote(content, safe="") for content in _wide(value)),
    ):
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form)


def _wide(value: str) -> Iterator[bytes]:
    """Yield the value in UTF-16, as Windows and Java write it."""
    return (value.encode(name, errors="surrogatepass") for name in ("utf-16-le", "utf-16-be"))


def base64_forms(value: str) -> Iterator[str]:
    """Yield the value as part of a longer encoded text, such as `user:password`."""
    yield from _within_base64(value.encode(errors="surrogatepass"))


def _within_base64(content: bytes) -> Iterator[str]:
    for form in _within(content, base64.b64encode, bits=6):
        yield form
        yield form.translate(_URL_SAFE)


def _base64(value: str) -> Iterator[str]:
    """Yield the value in base64, also encoded twice, in UTF-16 as PowerShell does, and wrapped."""
    whole = base64.b64encode(value.encode(errors="surrogatepass"))
    yield from base64_forms(value)
    for inner in (whole.rstrip(b"="), *_wide(value)):
        yield from _within_base64(inner)
    for width in _LINE_WIDTHS:
        pieces = (whole.decode()[start : start + width] for start in range(0, len(whole), width))
        yield from (piece for piece in pieces if len(piece) >= _WRAPPED_MIN)


def _base32(value: str) -> Iterator[str]:
    yield from _within(value.encode(errors="surrogatepass"), base64.b32encode, bits=5)


def _within(content: bytes, encode: Callable[[bytes], bytes], *, bits: int) -> Iterator[str]:
    """Yield the encoded content at each position in a group of so many bits for each character.

    Characters that also hold bits of a neighbour are left out, because they differ from text to text.
    """
    for shift in range(lcm(bits, 8) // 8):
        first = -(-shift * 8 // bits)
        last = (shift + len(content)) * 8 // bits
        form = encode(bytes(shift) + content).decode()[first:last]
        if len(form) >= MIN_LENGTH:
            yield form


def _hex(value: str) -> Iterator[str]:
    for content in (value.encode(errors="surrogatepass"), *_wide(value)):
        for form in (content.hex(), *map(content.hex, (":", " ", "-"))):
            yield form
            yield form.upper()


_BYTES = ("\\x{:02x}", "\\{:03o}", "%{:02X}", "={:02X}", "0x{:02x}, ", "{}, ")
_CHARACTERS = ("\\u{:04x}", "%u{:04x}", "&#{};", "&#x{:x};")


def _spelled_out(value: str) -> Iterator[str]:
    """Yield the value with every byte or character escaped, safe ones too, in capitals as well."""
    content = value.encode(errors="surrogatepass")
    characters = tuple(map(ord, value))
    sources = ((content, _BYTES), (characters, _CHARACTERS))
    wide = ((content, ("%{:02X}",)) for content in _wide(value))
    for numbers, templates in (*sources, *wide):
        for template in templates:
            form = "".join(map(template.format, numbers)).rstrip(", ")
            capitals = "".join(map(template.replace("x}", "X}").format, numbers)).rstrip(", ")
            for shape in (form, form.lower(), capitals):
                # Plain, in a literal, and a literal in JSON.
                yield from (shape.replace("\\", "\\" * times) for times in (1, 2, 4))
