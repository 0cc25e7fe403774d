"""Tables of ratios: measured in rounds, printed as Markdown and written as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LOAD = os.getloadavg()[0]
"""The load of the machine before the measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The seconds of a command in each round, and of the command that it is compared with."""

    name: str
    seconds: tuple[float, ...]
    reference: tuple[float, ...]
    aim: float | None = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """The ratio of each round; noise affects both commands of a round."""
        return tuple(a / b for a, b in zip(self.seconds, self.reference, strict=True) if b)

    def record(self) -> dict[str, object]:
        """Return the row as JSON."""
        return {
            "name": self.name,
            "seconds": [round(each, 3) for each in self.seconds],
            "ratios": [round(each, 3) for each in self.ratios],
            "ratio": round(statistics.median(self.ratios), 3) if self.ratios else None,
            "aim": self.aim,
        }

    def line(self) -> str:
        """Return the row as Markdown."""
        ratios = self.ratios
        ratio = spread = ""
        if ratios:
            ratio = f"{statistics.median(ratios):.2f}"
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        aim = f"{self.aim:.2f}" if self.aim is not None else ""
        seconds = statistics.median(self.seconds)
        shown = f"{seconds:.2f}" if seconds >= 1 else f"{seconds:.3f}"
        return f"| {self.name} | {shown} | {ratio} | {spread} | {aim} |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the ratios refer to `reference`, and `note` is printed below it."""

    title: str
    reference: str
    rows: tuple[Row, ...]
    note: str = ""

    def markdown(self) -> str:
        """Return the table with the machine that it was measured on."""
        rounds = len(self.rows[0].seconds) if self.rows else 0
        head = f"| | seconds (median of {rounds}) | ratio to {self.reference} | spread | aim |"
        lines = [f"### {self.title}", "", head, "| --- | --- | --- | --- | --- |"]
        lines += [row.line() for row in self.rows]
        return "\n".join([*lines, "", *filter(None, [self.note]), _machine(), ""])

    def record(self) -> dict[str, object]:
        """Return the table as JSON."""
        return {
            "title": self.title,
            "reference": self.reference,
            "note": self.note,
            "machine": _machine(),
            "rows": [row.record() for row in self.rows],
        }


def rows_of(
    rounds: Iterable[Mapping[str, float]],
    reference: str,
    aims: Mapping[str, float | None] | None = None,
) -> tuple[Row, ...]:
    """Return a row for each name, in relation to the one named `reference`."""
    measured = tuple(rounds)
    compared = tuple(each[reference] for each in measured)
    return tuple(
        Row(
            name=name,
            seconds=tuple(each[name] for each in measured),
            reference=compared,
            aim=(aims or {}).get(name),
        )
        for name in measured[0]
    )


def parser(description: str | None, *, rounds: int = 3) -> argparse.ArgumentParser:
    """Return a parser with the options of all benchmarks."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON")
    made.add_argument("--markdown", type=Path, metavar="FILE", help="write it as Markdown")
    return made


def publish(table: Table, options: argparse.Namespace) -> None:
    """Print the table, and write the requested files."""
    text = table.markdown()
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(table.record(), indent=2) + "\n", encoding="utf-8")


def _machine() -> str:
    day = datetime.now(UTC).date().isoformat()
    system = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{system}, load average {LOAD:.1f} before, {day}"
