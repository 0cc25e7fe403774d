from __future__ import annotations

import base64
import json
import quopri
from textwrap import wrap
from unicodedata import normalize
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.masking.masker import MASK, Masker

SECRET = "pä$s/wo+rd:1"  # noqa: S105  a made-up one
secrets = st.lists(st.text(st.characters(exclude_characters="*"), min_size=4, max_size=12))


def test_a_secret_is_replaced_wherever_it_stands() -> None:
    assert Masker([SECRET]).mask(f"user={SECRET};{SECRET}") == f"user={MASK};{MASK}"


def test_a_longer_secret_goes_before_its_beginning() -> None:
    assert Masker(["token", "token-and-more"]).mask("a token-and-more b") == f"a {MASK} b"


def test_of_two_secrets_that_overlap_nothing_is_left() -> None:
    assert Masker(["aaaa1", "1very-long-secret"]).mask("<aaaa1very-long-secret>") == f"<{MASK}>"


@pytest.mark.parametrize("value", ["", "a", "abc"])
def test_what_is_too_short_to_be_a_secret_masks_nothing(value: str) -> None:
    assert Masker([value]).mask("abc abc") == "abc abc"


def test_no_secrets_leave_the_text_as_it_is() -> None:
    assert Masker([]).mask("text") == "text"


def test_the_lines_of_a_key_are_masked_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\r\n  kqhkiG9w0BAQEF\n==\n"

    masked = [Masker([key]).mask(line) for line in key.splitlines()]

    assert masked == [MASK, MASK, f"  {MASK}", "=="]


@pytest.mark.parametrize(
    "form",
    [
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        quote(SECRET.encode("utf-16-le"), safe=""),
        quote(SECRET.encode("utf-16-be"), safe=""),
        "".join(f"%{byte:02x}" for byte in SECRET.encode("utf-16-le")),
        "".join(f"%u{ord(character):04X}" for character in SECRET),
        SECRET.encode("utf-16-be").hex(),
        normalize("NFD", SECRET),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        base64.b64encode(SECRET.encode("utf-16-le")).decode().rstrip("="),
        base64.b64encode(base64.b64encode(SECRET.encode())).decode().rstrip("="),
        base64.b32encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex("-").upper(),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        "".join(f"\\x{byte:02x}" for byte in SECRET.encode()),
        "".join(f"\\\\x{byte:02X}" for byte in SECRET.encode()),
        "".join(f"\\{byte:03o}" for byte in SECRET.encode()),
        "".join(f"\\u{ord(character):04X}" for character in SECRET),
        "".join(f"&#x{ord(character):x};" for character in SECRET),
        "".join(f"&#{ord(character)};" for character in SECRET),
        str(list(SECRET.encode()))[1:-1],
    ],
)
def test_other_forms_of_a_secret_are_masked_as_well(form: str) -> None:
    masked = Masker([SECRET]).mask(f"url=postgres://u:{form}@h/")

    assert MASK in masked
    assert form not in masked


ODD = "p/a&s<s>w\"o'r$1\\2 é%x"


@pytest.mark.parametrize(
    "form",
    [
        json.dumps(ODD).replace("/", "\\/"),  # PHP
        json.dumps(ODD).replace("&", "\\u0026").replace("<", "\\u003c"),  # Go
        "".join(
            f"\\u{ord(one):04X}" if one in "\\'\"<>&" else one for one in ODD
        ),  # Django's escapejs
        quote(ODD, safe="~!*()'"),  # encodeURIComponent
        quote(ODD, safe=";,/?:@&=+$-_.!~*'()#"),  # encodeURI
        quote(quote(ODD, safe=""), safe=""),
        quote(ODD, safe="", encoding="latin-1"),
        ODD.replace("'", "''"),  # SQL
        ODD.replace('"', '""'),  # CSV
        ODD.replace("%", "%%"),
        ODD.replace(">", "&gt;").replace("'", "&#39;").replace("é", "&eacute;"),
        repr(ODD.encode())[2:-1],
        quopri.encodestring(ODD.encode()).decode().rstrip(),
    ],
)
def test_every_mixture_of_escapes_is_masked(form: str) -> None:
    assert Masker([ODD]).mask(f"<{form}>").strip('"<>') == MASK
    assert Masker([ODD]).reveals(form)


@pytest.mark.parametrize(
    "between", ["\u200b", "\ufeff", "\u00ad", "\u2060\u200d", "\x1b[31m", "\x1b]0;title\x07"]
)
def test_what_no_screen_shows_hides_no_secret(between: str) -> None:
    text = f"a\u200db {between.join(SECRET)} c\u200dd\x1b[0m"

    assert Masker([SECRET]).mask(text) == f"a\u200db {MASK} c\u200dd\x1b[0m"


LONG = "a-long/secret+with~many?characters"


def core(before: int) -> str:
    """Return the base64 of the secret after so many bytes, without the characters that its neighbours change."""
    encoded = base64.b64encode(bytes(before) + LONG.encode()).decode()
    return encoded[-(-before * 8 // 6) : (before + len(LONG)) * 8 // 6]


@pytest.mark.parametrize("before", range(0, 60, 7))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n    ", "\\n", "&#10;"])
def test_line_breaks_inside_of_base64_hide_no_secret(before: int, end: str) -> None:
    encoded = base64.b64encode(b"x" * before + LONG.encode() + b"y" * 40).decode()
    assert core(before) in encoded
    text = end.join(["Authorization: Basic " + encoded[:40], *wrap(encoded[40:], 64), "next: line"])

    masked = Masker([LONG]).mask(text)

    assert (
        masked.replace(end, "")
        == "Authorization: Basic " + encoded.replace(core(before), MASK) + "next: line"
    )
    assert masked.endswith(f"{end}next: line")


@pytest.mark.parametrize("before", range(0, 60, 7))
def test_both_parts_of_base64_are_masked_if_its_lines_come_one_by_one(before: int) -> None:
    encoded = base64.b64encode(b"x" * before + LONG.encode() + b"y" * 40).decode()

    masked = "".join(map(Masker([LONG]).mask, wrap(encoded, 64)))

    left = [part for part in range(len(core(before)) - 7) if core(before)[part:][:8] in masked]
    assert not left


@pytest.mark.parametrize("text", ["\u200b" * 100_000, "[0m" * 30_000, ("A" * 60 + "\n") * 2_000])
def test_many_disguises_take_no_time(text: str) -> None:
    masker = Masker([SECRET, "A" * 60])

    assert SECRET not in masker.mask(f"{text}{SECRET}{text}")


@pytest.mark.parametrize("text", ["\\" * 100_000, "'" * 100_000, "%25" * 30_000, "&amp;" * 20_000])
def test_many_escapes_take_no_time(text: str) -> None:
    masker = Masker(["\\abc1", "'abc1", "%abc1", "&abc1"])

    assert not masker.reveals(f"{text}abc2 abc")
    assert masker.mask(f"{text} 'abc1").endswith(MASK)


@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_secret_inside_of_base64_is_masked(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + SECRET.encode() + after).decode()

    masked = Masker([SECRET]).mask(encoded)

    assert MASK in masked
    assert len(masked) <= len(encoded) - len(SECRET) + len(MASK)


@given(secrets, st.text(st.characters(exclude_characters="*")), st.data())
def test_no_secret_survives(values: list[str], text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    text = text[:place] + "".join(values) + text[place:]

    masked = Masker(values).mask(text)

    assert not [value for value in values if value in masked]


@given(st.text("ab", min_size=4, max_size=7), st.text("ab", max_size=40))
def test_places_that_overlap_are_hidden_completely(secret: str, text: str) -> None:
    starts = [place for place in range(len(text)) if text.startswith(secret, place)]
    hidden = {place + offset for place in starts for offset in range(len(secret))}

    spans = Masker([secret]).spans(text)

    assert {place for start, stop in spans for place in range(start, stop)} == hidden


def test_a_long_secret_that_repeats_itself_takes_no_time() -> None:
    masker = Masker(["{" * 10_000])

    assert masker.mask("a" + "{" * 30_000 + "b") == f"a{MASK}b"


def test_values_to_register_are_single_lines() -> None:
    assert Masker(["one-line", "first line\nsecond line\n\n", "abc"]).values == (
        "one-line",
        "first line",
        "second line",
    )


def test_a_line_of_many_megabytes_takes_no_time() -> None:
    line = "x" * 2_000_000 + SECRET

    assert Masker([SECRET]).mask(line).endswith(f"x{MASK}")
