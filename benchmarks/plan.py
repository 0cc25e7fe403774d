"""(f) `heroci plan` in a large repository, in relation to listing its files with git.

    python -m benchmarks.plan [--files N] [--rounds N]

The repository is the reference project with 100,000 further files in 1,000 directories.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.runs import Workplace, timed
from benchmarks.tables import Table, parser, publish, rows_of

LIST = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__)
    made.add_argument("--files", type=int, default=100_000)
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        small = Workplace(directory=Path(scratch, "small"))
        large = Workplace(directory=Path(scratch, "large"))
        for place, number in ((small, 0), (large, options.files)):
            place.directory.mkdir()
            place.check_out()
            fill(place.project / "assets", number)
            place.commit()
        rounds = [
            {
                "git lists the files": _timed(large, LIST),
                "heroci plan": _timed(large, _plan(large)),
                "heroci plan without them": _timed(small, _plan(small)),
            }
            for _ in range(options.rounds)
        ]
    title = f"heroci plan with {options.files:,} files"
    rows = rows_of(rounds, "heroci plan without them")
    publish(Table(title=title, reference="without them", rows=rows), options)


def _plan(place: Workplace) -> tuple[str, ...]:
    engine = ("--engine", "host")
    return (sys.executable, "-m", "heroci_action", "plan", *engine, str(place.project))


def _timed(place: Workplace, command: tuple[str, ...]) -> float:
    return timed(command, place.environment, place.directory / "log", place.project)


def fill(directory: Path, number: int) -> None:
    """Create this number of files in the directory."""
    for start in range(0, number, 100):
        part = directory / f"{start // 100:04}"
        part.mkdir(parents=True)
        for each in range(start, min(start + 100, number)):
            (part / f"{each}.txt").write_text(f"{each}\n")


if __name__ == "__main__":
    main()
