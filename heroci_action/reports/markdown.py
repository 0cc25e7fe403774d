"""Write text into Markdown so that GitHub shows it unchanged and never reads it as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator

from heroci_action.results.records import Status
from heroci_action.text import one_line, printable

# Inline markup (CommonMark 6, GFM 6.9, GitHub's formulas and emoji), which a backslash escapes (CommonMark 2.4).
_MARKUP = re.compile(r"[\\`*_\[\]#~$!|@]|:(?=\S)")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MENTION = re.compile(r"([@#])(?=\w)")  # GitHub links these even if they are escaped
_AUTOLINK = re.compile(r"(www)(?=\.)", re.IGNORECASE)


def prose(text: str, limit: int = 300) -> str:
    """Return the text as one line of prose; text between backticks is code."""
    parts = one_line(text, limit).split("`")
    if len(parts) % 2 == 0:  # an unpaired backtick
        return _escaped("`".join(parts))
    return "".join(
        code(part, limit) if number % 2 else _escaped(part) for number, part in enumerate(parts)
    )


def _escaped(plain: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", plain).translate(_ENTITIES)
    return _AUTOLINK.sub("\\1\u200b", _MENTION.sub("\\1\u200b", escaped))


def code(text: str, limit: int = 300) -> str:
    """Return the text as one line in a code span, also in a table; empty for an empty text.

    Backticks, and pipes in a table, are not literal between backticks: such text becomes an HTML element.
    """
    plain = one_line(text, limit)
    if "`" in plain or "|" in plain or plain.endswith("\\"):
        return f"<code>{_all_entities(plain)}</code>"
    return f"`{plain}`" if plain else ""


def html_code(text: str, limit: int = 300) -> str:
    """Return the text as one line in a code element, where Markdown is not rendered, such as the title of a fold."""
    plain = one_line(text, limit)
    return f"<code>{html.escape(plain)}</code>" if plain else ""


def html_prose(text: str, limit: int = 300) -> str:
    """Return the text as one line, where Markdown is not rendered."""
    return _MENTION.sub("\\1\u200b", html.escape(one_line(text, limit), quote=False))


def linked(url: str, label: str) -> str:
    """Return the label, in HTML, as a link; unchanged without an address."""
    return f'<a href="{html.escape(url)}">{label}</a>' if url and label else label


def number(text: str) -> str:
    """Return a number with its unit, which no line break separates."""
    return text.replace(" ", "\u00a0")


def fenced(text: str, language: str = "") -> str:
    """Return the lines in a block whose fence is longer than any run of backticks in it."""
    plain = printable(text)
    longest = max(map(len, re.findall(r"`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain}\n{fence}"


def fold(title: str, content: str, *, is_open: bool = False) -> str:
    """Return a block that a click expands or collapses; the title is HTML, the content Markdown."""
    tag = "<details open>" if is_open else "<details>"
    return f"{tag}<summary>{title}</summary>\n\n{content}\n\n</details>\n"


def fold_section(title: str, lines: Iterable[str], *, is_open: bool = False) -> Iterator[str]:
    """Yield the lines of a section as one block; nothing if there are none."""
    content = "\n".join(lines).strip("\n")
    if content:
        yield fold(f"<b>{title}</b>", content, is_open=is_open)


def row(*cells: str) -> str:
    """Return a row of a table from cells in Markdown."""
    return f"| {' | '.join(cells)} |"


def table(*titles: str) -> list[str]:
    """Return the head of a table; a title that ends in `:` is a column of numbers."""
    heads = row(*(title.rstrip(":") for title in titles))
    return [heads, row(*("---:" if title.endswith(":") else "---" for title in titles))]


ROOM_FOR_MORE = 200  # bytes of a line that counts omitted lines


def size(text: str) -> int:
    """Return the size of a line in bytes, with its newline."""
    return len(text.encode(errors="replace")) + 1


def fit(lines: Iterable[str], budget: int, more: Callable[[int], str]) -> Iterator[str]:
    """Yield the lines until one does not fit into `budget` bytes, then `more` with the number of the others.

    A line may be a block of several.
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
    """Return the icon of a status."""
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
    """Replace everything except letters, digits and spaces by entities, which no Markdown rule applies to."""
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in text
    )
