"""Foreign text inside of Markdown as GitHub renders it: shown as it is, never read as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator

from heroci_action.results.records import Status
from heroci_action.text import one_line, printable

# What means something to Markdown inside of a line (CommonMark 6, GFM 6.9, GitHub's formulas and emoji), escaped by a
# backslash (CommonMark 2.4). HTML's own three get entities.
_MARKUP = re.compile(r"[\\`*_\[\]#~$!|@]|:(?=\S)")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MENTION = re.compile(r"([@#])(?=\w)")  # GitHub links these after rendering, whatever was escaped
_AUTOLINK = re.compile(r"(www)(?=\.)", re.IGNORECASE)


def prose(text: str, limit: int = 300) -> str:
    """One line of text between our own words; what it has between backticks is code."""
    parts = one_line(text, limit).split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is only a backtick
        return _escaped("`".join(parts))
    return "".join(
        code(part, limit) if number % 2 else _escaped(part) for number, part in enumerate(parts)
    )


def _escaped(plain: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", plain).translate(_ENTITIES)
    return _AUTOLINK.sub("\\1\u200b", _MENTION.sub("\\1\u200b", escaped))


def code(text: str, limit: int = 300) -> str:
    """One line of text in a code span, also in a table; nothing for nothing.

    Within backticks all is literal, save a backtick, and a pipe in a table: such text takes HTML's way.
    """
    plain = one_line(text, limit)
    if "`" in plain or "|" in plain or plain.endswith("\\"):
        return f"<code>{_all_entities(plain)}</code>"
    return f"`{plain}`" if plain else ""


def html_code(text: str, limit: int = 300) -> str:
    """One line of text in a code element, for a place where Markdown is not read, such as a summary of details."""
    plain = one_line(text, limit)
    return f"<code>{html.escape(plain)}</code>" if plain else ""


def html_prose(text: str, limit: int = 300) -> str:
    """One line of text for a place where Markdown is not read."""
    return _MENTION.sub("\\1\u200b", html.escape(one_line(text, limit), quote=False))


def fenced(text: str, language: str = "") -> str:
    """Lines in a block whose fence is longer than any run of backticks in it."""
    plain = printable(text)
    longest = max(map(len, re.findall(r"`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain}\n{fence}"


def fold(title: str, content: str) -> str:
    """A block that opens on a click; the title is HTML, the content Markdown."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>\n"


def row(*cells: str) -> str:
    """A row of a table from cells that are Markdown already."""
    return f"| {' | '.join(cells)} |"


def table(*titles: str) -> list[str]:
    """The head of a table; a title that ends in `:` is a column of numbers."""
    heads = row(*(title.rstrip(":") for title in titles))
    return [heads, row(*("---:" if title.endswith(":") else "---" for title in titles))]


ROOM_FOR_MORE = 200
"""Bytes that a line about what was left out may take."""


def size(text: str) -> int:
    """What a line costs in bytes, its newline included."""
    return len(text.encode(errors="replace")) + 1


def fit(lines: Iterable[str], budget: int, more: Callable[[int], str]) -> Iterator[str]:
    """The lines from the first on that fit into `budget` bytes, then one that says how many more there are.

    A line may be a block of several. What comes behind one that does not fit is left out as well: rank goes first.
    """
    left = budget - ROOM_FOR_MORE
    over = 0
    for line in lines:
        left -= size(line)
        if over or left < 0:
            over += 1
        else:
            yield line
    if over:
        yield more(over)


def icon(status: Status) -> str:
    """How something ended, as a picture."""
    match status:
        case Status.PASSED:
            return "✅"
        case Status.FAILED:
            return "❌"
        case Status.ERRORED:
            return "💥"
        case Status.SKIPPED:
            return "⏭️"
        case Status.CANCELLED:
            return "🚫"
        case Status.FLAKY:
            return "🔀"


def _all_entities(text: str) -> str:
    """Every character that is neither letter, digit nor space as an entity, which no Markdown rule looks into."""
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in text
    )
