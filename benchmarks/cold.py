"""(b) A cold and an unchanged run, against a plain script and against nox doing the same work.

    python -m benchmarks.cold [--rounds N] [--python PATH]

All start with empty caches, lint and test the same files, and start the application once. The script and nox use a
running database server; HeroCI starts one. The second run of each finds the caches of its first: pip's, the
environments of nox (`--reuse-existing-virtualenvs`), and HeroCI's.

The project is the reference project without HeroCI's code: on hundreds of files, Black and Flake8 use all cores, and
nothing is gained by running other stages at the same time.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import anyio

from benchmarks.runs import Workplace, timed
from benchmarks.tables import Table, parser, publish, rows_of
from heroci_action.engines.host.postgres import start_postgres
from heroci_action.engines.host.postgres_binaries import choose, find_binaries
from heroci_action.engines.host.workspace import open_workspace
from heroci_action.plan.stages import Service
from heroci_action.readers.registry import LINT_TOOLS

SPECS = tuple(LINT_TOOLS[name].default_spec for name in ("black", "isort", "flake8"))
NOX = "nox==2026.10.20"
LINT = """
black --check --quiet .
isort --check-only --quiet .
flake8 .
"""
TESTS = """
python manage.py check
python manage.py makemigrations --check --dry-run
python manage.py migrate --verbosity 0
coverage run --source=superheroes manage.py test --noinput tests.superheroes
coverage xml -q -o "$WORK/coverage.xml"
gunicorn --bind 127.0.0.1:18765 --workers 2 superheroes.wsgi &
trap 'kill $!' EXIT
for _ in $(seq 100); do
    if python -c 'import urllib.request as r; r.urlopen("http://127.0.0.1:18765/health/")' 2>/dev/null; then exit 0; fi
    sleep 0.1
done
exit 1
"""
# `set -e` ends the script at the first failure, so that it cannot be faster by failing.
SCRIPT = f"""
set -e
"$PYTHON" -m venv --clear "$WORK/venv"
PATH="$WORK/venv/bin:$PATH"
pip install --quiet --disable-pip-version-check -r requirements.txt {shlex.join(SPECS)} coverage
{LINT}{TESTS}"""
NOXFILE = f"""import nox

nox.options.reuse_existing_virtualenvs = True


@nox.session
def lint(session):
    session.install({", ".join(json.dumps(spec) for spec in SPECS)})
    session.run("sh", "-e", "lint.sh", external=True)


@nox.session
def tests(session):
    session.install("-r", "requirements.txt", "coverage")
    session.run("sh", "-e", "tests.sh", external=True)
"""
AIMS = {"heroci, cold": 0.55}


@dataclass(frozen=True, slots=True, kw_only=True)
class Competitor:
    """A way to do the same work, with a checkout, its own home directory and database."""

    place: Workplace
    command: tuple[str, ...]
    python: str
    url: str

    def run(self) -> float:
        """Return the seconds of one run."""
        work = self.place.directory
        env = {
            **self.place.environment,
            "WORK": str(work),
            "PYTHON": self.python,
            # The caches of pip, Black and nox are in the home directory.
            "HOME": str(work),
            "XDG_CACHE_HOME": str(work / "cache"),
            "COVERAGE_FILE": str(work / "coverage"),
            "DATABASE_URL": self.url,
            "SECRET_KEY": "benchmark-" * 6,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
        }
        del env["PYTHONPATH"]
        return timed(self.command, env, work / "log", self.place.project)


async def _measure(scratch: Path, nox: Path, python: str) -> dict[str, float]:
    """Run every competitor twice; the database server of the script and of nox is running already."""
    with open_workspace(os.environ) as space:
        binaries = choose(find_binaries(space.path), None)
        service = Service(name="postgres")
        server = start_postgres(binaries, service, workspace=space, sink=lambda *_: None)
        async with server as databases:
            found: dict[str, float] = {}
            # Elsewhere, because Flake8 would check its environments.
            session = (str(nox), "--envdir", str(scratch / "nox-environments"))
            commands = {"script": ("sh", "-c", SCRIPT), "nox": session}
            for name, command in commands.items():
                url = (await databases.create_database(name))["url"]
                place = _check_out(scratch / name)
                if name == "nox":
                    _add_sessions(place)
                competitor = Competitor(place=place, command=command, python=python, url=url)
                for run in ("cold", "again"):
                    seconds = await anyio.to_thread.run_sync(competitor.run)
                    found[f"{name}, {run}"] = seconds
    place = _check_out(scratch / "heroci")
    for run in ("cold", "again"):
        timed_run = await anyio.to_thread.run_sync(place.run)
        found[f"heroci, {run}"] = timed_run.seconds
    return found


def _check_out(directory: Path) -> Workplace:
    directory.mkdir(parents=True)
    place = Workplace(directory=directory, options=("--skip", "image"))
    place.check_out()
    return place


def _add_sessions(place: Workplace) -> None:
    files = {"noxfile.py": NOXFILE, "lint.sh": LINT, "tests.sh": TESTS}
    for name, text in files.items():
        (place.project / name).write_text(text)
    place.commit()


def _install_nox(directory: Path) -> Path:
    """Install nox, which is not part of the measurement, and return its program."""
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    pip = (str(directory / "bin/python"), "-m", "pip", "install", "--quiet", NOX)
    subprocess.run(pip, check=True)
    return directory / "bin/nox"


def main() -> None:
    """Measure in rounds, and print the table."""
    made = parser(__doc__)
    made.add_argument("--python", default=sys.executable, help="the script's interpreter")
    options = made.parse_args()
    # Delete everything at the end only: for minutes, ext4 does not reuse the inode of a deleted file. Skipping tens
    # of thousands of them for each new file makes an installation seconds slower (`recently_deleted`).
    with tempfile.TemporaryDirectory() as directory:
        nox = _install_nox(Path(directory, "nox"))
        rounds = [
            anyio.run(_measure, Path(directory, str(number)), nox, options.python)
            for number in range(options.rounds)
        ]
    rows = rows_of(rounds, "script, cold", AIMS)
    title = "Cold and unchanged, against a script and nox"
    publish(Table(title=title, reference="the cold script", rows=rows), options)


if __name__ == "__main__":
    main()
