"""(g) The tests of another project: HeroCI with the recorded proof of parallel tests, against a script in one process.

    python -m benchmarks.real --project REPOSITORY --script FILE [--python PATH] [--rounds N]

The script runs with `sh -e` in a clone and does what the project's CI does: it creates an environment in "$WORK" with
"$PYTHON", installs the project, and runs its tests with coverage. It finds an empty database in DATABASE_URL and in
PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE. HeroCI runs the stages base and tests, cold, with nothing but the
proof of `heroci prove-parallel` in its cache, and then once more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import anyio
import anyio.to_thread

from benchmarks.runs import Workplace, timed
from benchmarks.tables import Table, parser, publish, rows_of
from heroci_action.engines.host.postgres import start_postgres
from heroci_action.engines.host.postgres_binaries import choose, find_binaries
from heroci_action.engines.host.workspace import open_workspace
from heroci_action.plan.stages import Service

AIMS = {"heroci, cold": 0.60, "heroci, again": 0.02}
CONFIGURATION = '[tests]\nparallel = "auto"\n'
VARIABLES = {
    "host": "HOST",
    "port": "PORT",
    "user": "USER",
    "password": "PASSWORD",
    "db": "DATABASE",
}


def main() -> None:
    """Measure and print the table."""
    made = parser(__doc__, rounds=1)
    made.add_argument("--project", type=Path, required=True)
    made.add_argument("--script", type=Path, required=True)
    made.add_argument("--python", default=sys.executable, help="the script's interpreter")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rounds = []
        for number in range(options.rounds):
            scratch = Path(directory, str(number))
            script = anyio.run(_run_script, scratch / "script", options)
            rounds.append({"script": script, **_run_heroci(scratch / "heroci", options.project)})
    title = f"Tests of {options.project.resolve().name}, with the proof of parallel tests"
    rows = rows_of(rounds, "script", AIMS)
    publish(Table(title=title, reference="the cold script", rows=rows), options)


async def _run_script(scratch: Path, options: argparse.Namespace) -> float:
    """Return the seconds of the script, next to a running database server."""
    place = Workplace(directory=scratch, source=options.project)
    scratch.mkdir(parents=True)
    place.check_out()
    with open_workspace(os.environ) as space:
        binaries = choose(find_binaries(space.path), None)
        service = Service(name="postgres")
        server = start_postgres(binaries, service, workspace=space, sink=lambda *_: None)
        async with server as databases:
            values = await databases.create_database("real")
            env = {
                **place.environment,
                **{f"PG{name}": values[key] for key, name in VARIABLES.items()},
                "DATABASE_URL": values["url"],
                "WORK": str(scratch),
                "HOME": str(scratch),
                "PYTHON": options.python,
            }
            del env["PYTHONPATH"]
            command = ("sh", "-e", str(options.script.resolve()))
            return await anyio.to_thread.run_sync(
                timed, command, env, scratch / "log", place.project
            )


def _run_heroci(scratch: Path, project: Path) -> dict[str, float]:
    """Prove, forget everything but the proof, and return the seconds of two runs."""
    scratch.mkdir(parents=True)
    place = Workplace(directory=scratch, source=project, options=("--stages", "tests"))
    place.check_out()
    (place.project / "heroci.toml").write_text(CONFIGURATION)
    place.commit()
    prove = (sys.executable, "-m", "heroci_action", "prove-parallel", "--engine", "host")
    timed(prove, place.environment, scratch / "log", place.project)
    for name in ("cache", "uv"):
        (scratch / name).rename(scratch / f"old-{name}")
    place.cache.mkdir()
    shutil.copytree(scratch / "old-cache/parallel", place.cache / "parallel")
    subprocess.run(["git", "clean", "-qfdx"], cwd=place.project, check=True)
    cold = place.run().seconds
    return {"heroci, cold": cold, "heroci, again": place.run().seconds}


if __name__ == "__main__":
    main()
