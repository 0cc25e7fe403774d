"""(d) A new machine on which only HeroCI's cache directory was restored, in relation to one without it.

    python -m benchmarks.restored [--engine host|dagger] [--project REPOSITORY] [--fresh-engine ADDRESS] [--rounds N]

The checkout is a new clone at the same path, as on a hosted runner. With --engine dagger, --fresh-engine is the address
of a second engine with an empty cache; the first one runs without the cache directory.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.runs import Workplace
from benchmarks.tables import Table, parser, publish, rows_of


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__, rounds=1)
    made.add_argument("--engine", choices=("host", "dagger"), default="host")
    made.add_argument("--project", type=Path, help="default: the reference project")
    made.add_argument("--fresh-engine", metavar="ADDRESS")
    options = made.parse_args()
    if options.engine == "dagger" and not options.fresh_engine:
        made.error("--engine dagger needs --fresh-engine")
    with tempfile.TemporaryDirectory() as scratch:
        places = [
            Workplace(
                directory=Path(scratch, str(number)), engine=options.engine, source=options.project
            )
            for number in range(options.rounds)
        ]
        rounds = [_round(place, options.fresh_engine) for place in places]
    rows = rows_of(rounds, "cold", {"only the cache directory restored": 0.05})
    title = f"A new machine, on the {options.engine} engine"
    publish(Table(title=title, reference="cold", rows=rows), options)


def _round(place: Workplace, fresh_engine: str | None) -> dict[str, float]:
    skip = ("--skip", "image") if place.engine == "host" else ()
    place = replace(place, options=skip)
    place.directory.mkdir()
    place.check_out()
    cold = place.run().seconds
    # Deleting is slow and not part of either time; after renaming, nothing can be reused.
    place.project.rename(place.directory / "old-project")
    uv = place.directory / "uv"
    if uv.exists():
        uv.rename(place.directory / "old-uv")
    saved = place.directory / "saved"
    shutil.copytree(place.cache, saved, symlinks=True)
    place.cache.rename(place.directory / "old-cache")
    saved.rename(place.cache)
    place.check_out()
    if fresh_engine:
        place = replace(place, options=(*skip, "--runner-host", fresh_engine))
    return {"cold": cold, "only the cache directory restored": place.run().seconds}


if __name__ == "__main__":
    main()
