"""(c) A run after a change, in relation to a cold one.

    python -m benchmarks.changes [--engine host|dagger] [--rounds N]

The project is the reference project. On a Dagger engine, the first round is cold only if the engine's cache is empty.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.runs import Workplace
from benchmarks.tables import Table, parser, publish, rows_of

AIMS = {"nothing changed": 0.05, "one test changed": 0.35, "README changed": 0.05}
CHANGES = {
    "nothing changed": None,
    "one test changed": ("tests/superheroes/test_health.py", "\n\n# another line\n"),
    "one model changed": ("superheroes/models.py", "\n\n# another line\n"),
    "README changed": ("README.md", "\nAnother line.\n"),
    "one requirement added": ("requirements.txt", "\nsix==1.17.0\n"),
}
# HeroCI never assumes that a file has no influence: the project states it.
CONFIGURATION = '\n[tool.heroci.cache]\nignore = ["*.md"]\n'


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__, rounds=1)
    made.add_argument("--engine", choices=("host", "dagger"), default="host")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        places = [
            Workplace(
                directory=Path(scratch, str(number)),
                engine=options.engine,
                options=("--skip", "image") if options.engine == "host" else (),
            )
            for number in range(options.rounds)
        ]
        rounds = [_round(place) for place in places]
    rows = rows_of(rounds, "cold", AIMS)
    title = f"After a change, on the {options.engine} engine"
    publish(Table(title=title, reference="cold", rows=rows), options)


def _round(place: Workplace) -> dict[str, float]:
    place.directory.mkdir()
    place.check_out()
    place.append("pyproject.toml", CONFIGURATION)
    found = {"cold": place.run().seconds}
    for name, change in CHANGES.items():
        if change:
            place.append(*change)
        found[name] = place.run().seconds
    return found


if __name__ == "__main__":
    main()
