"""(a) The stages of a run, one by one, without and with caches.

    python -m benchmarks.stages [--engine host|dagger] [--project REPOSITORY] [--rounds N]

Without caches means empty cache directories on the host engine, and --no-cache on a Dagger engine, which keeps the
layers of base images. With caches is the same run again. Each ratio compares a stage with caches to the same stage
without. The pipeline that HeroCI replaces states 8 to 11 minutes without caches and 3 to 4 with them, a ratio of 0.36.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.runs import Timed, Workplace
from benchmarks.tables import Row, Table, parser, publish

NOTE = "The pipeline that HeroCI replaces states 8 to 11 minutes without and 3 to 4 with caches: 0.36.\n"


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__, rounds=1)
    made.add_argument("--engine", choices=("host", "dagger"), default="host")
    made.add_argument("--project", type=Path, help="default: the reference project")
    made.add_argument("--skip", default="", help="stages to leave out")
    options = made.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds):
            place = Workplace(
                directory=Path(scratch, str(number)),
                engine=options.engine,
                source=options.project,
                options=("--skip", options.skip) if options.skip else (),
            )
            place.directory.mkdir()
            place.check_out()
            runs.append(_round(place))
    rows = _rows(runs)
    title = f"Stages on the {options.engine} engine"
    publish(Table(title=title, reference="no caches", rows=rows, note=NOTE), options)


def _round(place: Workplace) -> tuple[Timed, Timed]:
    cold = place.run(*(("--no-cache",) if place.engine == "dagger" else ()))
    if place.engine == "dagger":
        place.run()
    return cold, place.run()


def _rows(runs: list[tuple[Timed, Timed]]) -> tuple[Row, ...]:
    names = [name for name in runs[0][0].stages() if all(name in warm.stages() for _, warm in runs)]
    stages = tuple(
        Row(
            name=name,
            seconds=tuple(warm.stages()[name] for _, warm in runs),
            reference=tuple(cold.stages()[name] for cold, _ in runs),
        )
        for name in names
    )
    whole = Row(
        name="whole run",
        seconds=tuple(warm.seconds for _, warm in runs),
        reference=tuple(cold.seconds for cold, _ in runs),
    )
    return (*stages, whole)


if __name__ == "__main__":
    main()
