"""Mask secret values in text, in every form in which programs are known to print them."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from math import lcm
from urllib.parse import quote, quote_plus

from heroci_action.escaped_forms import escaped_pattern
from heroci_action.text import without_ansi

MASK = "***"
MIN_LENGTH = 4
"""A shorter value is not masked: it would hide half of all text and protect nothing, because it can be guessed."""

MOST_ESCAPES = 3
"""Formats in each other whose escapes are recognised, such as JSON in a repr in XML."""

_LINE_WIDTHS = (
    64,
    76,
)  # characters per line of encoded text: PEM (RFC 7468), MIME and base64(1) (RFC 2045)
_WORD = re.compile(r"[A-Za-z0-9]+")
_WRAPPED_MIN = 16
_URL_SAFE = str.maketrans("+/", "-_")
# Terminal colours, raw or as JSON, XML, HTML and reprs write the escape character.
_COLOUR = re.compile(
    r"(?:\x1b|\x9b|\\x1b|\\u001b|\\033|\\e|#x1B|&#27;|&#x1b;|\ufffd|\u241b)?\[[0-9;]*[mK]",
    re.IGNORECASE,
)
# Starts with a literal, so that searching a large text is fast.
_COLOUR_END = re.compile(r"\[[0-9;]*[mK]")


class Masker:
    """Replaces secrets in text by `***`; if two of them overlap, both are hidden completely."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(dict.fromkeys(secrets))

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Every form of every secret, without duplicates."""
        return tuple({form for secret in self._secrets for form in _forms(secret)})

    @property
    def values(self) -> tuple[str, ...]:
        """The plain lines of the secrets, for other programs that mask line by line."""
        return tuple(
            dict.fromkeys(line for secret in self._secrets for line in _lines(secret) if line)
        )

    @cached_property
    def longest(self) -> int:
        """The length of the longest form."""
        return max(map(len, self.forms), default=0)

    def mask(self, text: str) -> str:
        """Return the text without secrets; colours are kept unless a secret is only visible without them."""
        masked = self._replace(text)
        if not ("\x1b" in masked or _COLOUR_END.search(masked)):
            return masked
        plain = without_colours(masked)
        return self._replace(plain) if self.reveals(plain) else masked

    def reveals(self, text: str) -> bool:
        """Return whether the text contains a secret."""
        return any(True for _ in chain(self._found(text), self._matches(text)))

    @cached_property
    def _forms_by_word(self) -> Mapping[str, list[str]]:
        """The forms by their longest word, which most escaped forms of a secret share: most texts do not contain it."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for form in self.forms:
            groups[_longest_word(form)].append(form)
        return groups

    def _found(self, text: str) -> Iterator[str]:
        for word, forms in self._forms_by_word.items():
            if word in text:
                yield from (form for form in forms if form in text)

    @cached_property
    def _patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Patterns for escaped values, each with a word that every text with such a value contains."""
        values = dict.fromkeys(value for secret in self._secrets for value in _values(secret))
        patterns = ((_longest_word(value), escaped_pattern(value)) for value in values)
        return tuple((word, pattern) for word, pattern in patterns if pattern)

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        for word, pattern in self._patterns:
            if word in text:
                yield from pattern.finditer(text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the places to hide, overlapping and touching ones joined."""
        places = [span for form in self._found(text) for span in _occurrences(form, text)]
        places += (match.span() for match in self._matches(text))
        joined: list[tuple[int, int]] = []
        for start, stop in sorted(places):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
            else:
                joined.append((start, stop))
        return joined

    def _replace(self, text: str) -> str:
        spans = self.spans(text)
        if not spans:
            return text
        parts, end = [], 0
        for start, stop in spans:
            parts += [text[end:start], MASK]
            end = stop
        return "".join([*parts, text[end:]])


def without_colours(text: str) -> str:
    """Return the text without terminal sequences, raw or escaped."""
    return _COLOUR.sub("", without_ansi(text))


def _occurrences(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of a form; between two that overlap, others may be left out, because nothing of them remains."""
    backwards = form[::-1]
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        following = text.find(form, start + 1)
        if following <= start + len(form):
            # Skipping to the last one that touches this one keeps the time linear for a form such as "{{{{".
            touching = text[start + 1 : start + 2 * len(form)]
            last = touching[::-1].find(backwards)
            following = start + 1 + len(touching) - last - len(form) if last >= 0 else following
        start = following


def _lines(secret: str) -> Iterator[str]:
    return (line for line in map(str.strip, secret.splitlines()) if len(line) >= MIN_LENGTH)


def _longest_word(form: str) -> str:
    return max(_WORD.findall(form), key=len, default="")


def _values(secret: str) -> Iterator[str]:
    """Yield the secret and its lines, if they are long enough to be masked."""
    values = dict.fromkeys((secret, *_lines(secret)))
    return (value for value in values if len(value) >= MIN_LENGTH)


def _forms(secret: str) -> Iterator[str]:
    for value in _values(secret):
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
    ):
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form)


def _base64(value: str) -> Iterator[str]:
    """Yield the value as part of a longer encoded text (`user:password`), also encoded twice, or as PowerShell does."""
    content = value.encode(errors="surrogatepass")
    whole = base64.b64encode(content)
    # A letter in UTF-16 shares its group with zero bytes, so a short value would be almost nothing.
    wide = value.encode("utf-16-le", errors="surrogatepass")
    for inner in (content, whole.rstrip(b"="), wide):
        for form in _within(inner, base64.b64encode, bits=6):
            yield form
            yield form.translate(_URL_SAFE)
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
    content = value.encode(errors="surrogatepass")
    for form in (content.hex(), *map(content.hex, (":", " ", "-"))):
        yield form
        yield form.upper()


_BYTES = ("\\x{:02x}", "\\{:03o}", "%{:02X}", "={:02X}", "0x{:02x}, ", "{}, ")
_CHARACTERS = ("\\u{:04x}", "&#{};", "&#x{:x};")


def _spelled_out(value: str) -> Iterator[str]:
    """Yield the value with every byte or character escaped, safe ones too, in capitals as well."""
    content = value.encode(errors="surrogatepass")
    characters = tuple(map(ord, value))
    for numbers, templates in ((content, _BYTES), (characters, _CHARACTERS)):
        for template in templates:
            form = "".join(map(template.format, numbers)).rstrip(", ")
            capitals = "".join(map(template.replace("x}", "X}").format, numbers)).rstrip(", ")
            for shape in (form, form.lower(), capitals):
                # Plain, in a literal, and a literal in JSON.
                yield from (shape.replace("\\", "\\" * times) for times in (1, 2, 4))
