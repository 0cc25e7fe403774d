"""Compare a cold `heroci run` with an equivalent shell script.

    python -m benchmarks.pipeline [--rounds N]

Print the ratio of the wall times, and the ratio of HeroCI's wall time to the critical path of its stages. Both start
with empty caches and do the same work on the same files. The script uses a running database server; HeroCI starts one.
The project is superheroes without HeroCI's code: on hundreds of files, Black and Flake8 use all cores, and nothing is
gained by running other stages at the same time.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio

from benchmarks.reference import copy_to
from heroci_action.analysis.critical_path import critical_path
from heroci_action.engines.host.postgres import start_postgres
from heroci_action.engines.host.postgres_binaries import choose, find_binaries
from heroci_action.engines.host.workspace import open_workspace
from heroci_action.plan.stages import Service
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.results.serialise import load

LINT = ("black", "isort", "flake8")

# `set -e` ends the script at the first failure, so that it cannot be faster by failing.
SCRIPT = """
set -e
{python} -m venv "$WORK/venv"
PATH="$WORK/venv/bin:$PATH"
pip install --quiet --disable-pip-version-check -r requirements.txt {lint} coverage
black --check --quiet .
isort --check-only --quiet .
flake8 .
python manage.py check
python manage.py makemigrations --check --dry-run
python manage.py migrate --verbosity 0
coverage run --source=superheroes manage.py test tests.superheroes
coverage xml -q -o "$WORK/coverage.xml"
gunicorn --bind 127.0.0.1:{port} --workers 2 superheroes.wsgi &
trap 'kill $!' EXIT
for _ in $(seq 100); do
    if python -c 'import urllib.request as r; r.urlopen("http://127.0.0.1:{port}/health/")' 2>/dev/null; then exit 0; fi
    sleep 0.1
done
exit 1
"""


def plain(python: str, work: Path) -> float:
    """Return the seconds of the script; the database server is already running, as a CI service is."""

    async def main() -> float:
        with open_workspace(os.environ) as space:
            binaries = choose(find_binaries(space.path), None)
            starting = start_postgres(
                binaries,
                Service(name="postgres"),
                workspace=space,
                sink=lambda _stream, _line: None,
            )
            async with starting as server:
                url = (await server.create_database("plain"))["url"]
                return await anyio.to_thread.run_sync(_plain, python, work, url)

    return anyio.run(main)


def _plain(python: str, work: Path, url: str) -> float:
    specs = shlex.join(LINT_TOOLS[name].default_spec for name in LINT)
    script = SCRIPT.replace("{python}", python).replace("{lint}", specs).replace("{port}", "18765")
    env = {
        **os.environ,
        "WORK": str(work),
        # The caches of pip and Black are in the home directory.
        "HOME": str(work),
        "XDG_CACHE_HOME": str(work / "cache"),
        "COVERAGE_FILE": str(work / "coverage"),
        "DATABASE_URL": url,
        "SECRET_KEY": "benchmark-" * 6,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
    }
    return _timed(["sh", "-c", script], env, work)


def heroci(work: Path) -> tuple[float, float]:
    """Return the seconds of `heroci run` and of the critical path of its stages."""
    env = {
        **os.environ,
        "HEROCI_CACHE_DIR": str(work / "heroci"),
        "UV_CACHE_DIR": str(work / "uv"),
    }
    reports = work / "reports"
    command = [
        sys.executable,
        "-m",
        "heroci_action",
        "run",
        "--engine",
        "host",
        "--skip",
        "image",
        "--output",
        str(reports),
    ]
    seconds = _timed(command, env, work)
    result = load((reports / "heroci-result.json").read_bytes())
    return seconds, sum(stage.duration for stage in critical_path(result.stages))


def _timed(command: list[str], env: dict[str, str], work: Path) -> float:
    """Return the seconds of the command in a new copy of the project."""
    directory, log = copy_to(work / "project"), work / "log"
    # Pending writes of the previous command must not count.
    os.sync()
    start = time.monotonic()
    with log.open("w") as file:
        ended = subprocess.run(
            command, cwd=directory, env=env, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if ended.returncode:
        sys.exit(
            f"{command[0]} ended with exit code {ended.returncode}:\n{log.read_text()[-4000:]}"
        )
    return time.monotonic() - start


def main() -> None:
    """Alternate between both, so that noise affects both, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="the script's interpreter")
    options = parser.parse_args()
    rows = []
    # Delete everything at the end only: for minutes, ext4 does not reuse the inode of a deleted file. Skipping tens
    # of thousands of them for each new file makes an installation seconds slower (`recently_deleted`).
    with tempfile.TemporaryDirectory() as directory:
        for number in range(options.rounds):
            one, two = Path(directory, f"script-{number}"), Path(directory, f"heroci-{number}")
            one.mkdir()
            two.mkdir()
            rows.append((plain(options.python, one), *heroci(two)))
    script, wall, path = (statistics.median(column) for column in zip(*rows, strict=True))
    ratios = {"heroci / script": wall / script, "heroci / critical path": wall / path}
    print(json.dumps({"script": script, "heroci": wall, "critical path": path, **ratios}, indent=2))


if __name__ == "__main__":
    main()
