"""(c) A run of the same clone, of a fresh one, and after a change, in relation to a cold one.

    python -m benchmarks.changes [--rounds N] [--image]
    python -m benchmarks.changes --fresh-engine ADDRESS...

The project is the reference project. With --image, the host engine also builds and starts the production image, which
needs Docker; only the caches that the Dockerfile mounts are warm in the cold run. With --fresh-engine, there is one
round on each of these Dagger engines, whose caches must be empty.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.runs import Workplace
from benchmarks.tables import Table, parser, publish, rows_of

UNCHANGED = {"host": 0.03, "dagger": 0.05}
TEST, MODEL = "tests/superheroes/test_health.py", "superheroes/models.py"
LINE = "\n\n# another line\n"
Change = tuple[str, str]
CHANGES: Mapping[str, tuple[Change | None, tuple[str, ...]]] = {
    "nothing changed": (None, ()),
    "README changed": (("README.md", "\nAnother line.\n"), ()),
    "one test changed": ((TEST, LINE), ()),
    "one test changed, --affected": ((TEST, LINE), ("--affected",)),
    "one model changed": ((MODEL, LINE), ()),
    "one requirement added": (("requirements.txt", "\nsix==1.17.0\n"), ()),
}
# HeroCI never assumes that a file has no influence: the project states it.
CONFIGURATION = '\n[tool.heroci.cache]\nignore = ["*.md"]\n'


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__, rounds=1)
    made.add_argument("--fresh-engine", metavar="ADDRESS", nargs="+", default=())
    made.add_argument("--only", action="append", choices=tuple(CHANGES), help="default: all")
    made.add_argument("--image", action="store_true", help="build the image on the host engine")
    options = made.parse_args()
    if options.image and options.fresh_engine:
        made.error("--fresh-engine includes the image")
    chosen = {name: CHANGES[name] for name in options.only or CHANGES}
    with tempfile.TemporaryDirectory() as scratch:
        places = tuple(_places(Path(scratch), options))
        rounds = [_round(place, chosen) for place in places]
    engine = places[0].engine
    aims = {name: _aim(name, engine) for name in rounds[0]}
    rows = rows_of(rounds, "cold", aims)
    title = f"After a change, on the {engine} engine" + ", with the image" * options.image
    publish(Table(title=title, reference="cold", rows=rows), options)


def _places(scratch: Path, options: argparse.Namespace) -> Iterator[Workplace]:
    """Yield an empty workplace for each round."""
    for address in options.fresh_engine:
        directory = scratch / address.replace("/", "_")
        yield Workplace(directory=directory, engine="dagger", options=("--runner-host", address))
    if not options.fresh_engine:
        skipped = () if options.image else ("--skip", "image")
        for number in range(options.rounds):
            yield Workplace(directory=scratch / str(number), options=skipped)


def _aim(name: str, engine: str) -> float | None:
    if name.startswith("one test"):
        return 0.35
    return None if name == "cold" or name.startswith("one ") else UNCHANGED[engine]


def _round(
    place: Workplace, chosen: Mapping[str, tuple[Change | None, tuple[str, ...]]]
) -> dict[str, float]:
    place.directory.mkdir()
    place.check_out()
    _make_layers_new(place)
    place.append("pyproject.toml", CONFIGURATION)
    found = {"cold": place.run().seconds}
    clone = replace(place, checkout="clone")
    subprocess.run(["git", "clone", "--quiet", place.project, clone.project], check=True)
    for name in ("fresh clone", "fresh clone, second run"):
        found[name] = clone.run().seconds
    for name, (change, options) in chosen.items():
        if options:
            # It selects by what an earlier run with the same options has recorded.
            place.run(*options)
        if change:
            place.append(*change)
        found[name] = place.run(*options).seconds
    return found


def _make_layers_new(place: Workplace) -> None:
    """Change the first step of each image stage, because the Docker daemon keeps the layers of earlier rounds."""
    dockerfile = place.project / "Dockerfile"
    line = f"ENV BENCHMARK={uuid.uuid4().hex}"
    text = re.sub(r"^FROM .*", rf"\g<0>\n{line}", dockerfile.read_text(), flags=re.MULTILINE)
    dockerfile.write_text(text)


if __name__ == "__main__":
    main()
