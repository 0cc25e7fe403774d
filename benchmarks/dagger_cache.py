"""Measure the Dagger engine's cache: a cold run, an unchanged one, one changed file, one added requirement.

    python -m benchmarks.dagger_cache [PROJECT]

The pipeline that HeroCI replaces (`original_shape.py`) alternates with HeroCI after one changed file.

Requires an engine with an empty cache; otherwise the first run is not cold. Each figure is the wall time of one
`heroci run`, start-up included, with its ratio to the cold run and the target.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reference import copy_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A run: its wall time in seconds and its result file."""

    seconds: float
    result: dict[str, object]

    def stage(self, name: str) -> float:
        """Return the duration of a stage in seconds."""
        stages = self.result["stages"]
        assert isinstance(stages, list)  # noqa: S101  by its schema
        return float(next(stage["duration"] for stage in stages if stage["name"] == name))


def run(project: Path, *options: str) -> Timed:
    """Run the pipeline once. Exit if it does not pass."""
    output = project.parent / "reports"
    command = [sys.executable, "-m", "heroci_action", "run", "--engine", "dagger", "-q", *options]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--output", str(output), str(project)],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"the pipeline did not pass:\n{done.stdout[-3000:]}")
    return Timed(seconds=seconds, result=json.loads((output / "heroci-result.json").read_text()))


def change_source(project: Path) -> None:
    """Append a line to a source file."""
    file = project / "superheroes" / "urls.py"
    file.write_text(file.read_text() + "\n# another line\n")


def add_requirement(project: Path) -> None:
    """Append a requirement."""
    file = project / "requirements.txt"
    file.write_text(file.read_text() + "\nsix==1.17.0\n")


def main(source: Path | None) -> None:
    """Measure a copy of the project (by default the reference project) and print the table."""
    steps: tuple[tuple[str, Callable[[Path], None], float], ...] = (
        ("nothing changed", lambda _: None, 0.10),
        ("one file changed", change_source, 0.35),
    )
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, "project")
        if source:
            subprocess.run(["git", "clone", "--quiet", str(source), str(project)], check=True)
        else:
            copy_to(project)
        cold = run(project)
        _print("cold", cold.seconds, cold.seconds, None)
        for name, change, aim in steps:
            change(project)
            timed = run(project)
            _print(name, timed.seconds, cold.seconds, aim)
        for turn in range(2):
            change_source(project)
            theirs, ours = original(project), run(project).seconds
            _print(f"original shape, one file changed ({turn + 1})", theirs, cold.seconds, None)
            _print("the same change here", ours, theirs, None, what="the original's")
            _print(
                "nothing changed here", run(project).seconds, theirs, 0.35, what="the original's"
            )
        add_requirement(project)
        base = run(project, "--stages", "base").stage("base")
        _print("base, one requirement more", base, cold.stage("base"), 0.5)


def original(project: Path) -> float:
    """Return the wall time of the original pipeline in seconds."""
    script = Path(__file__).with_name("original_shape.py")
    started = time.monotonic()
    subprocess.run([sys.executable, str(script), str(project)], check=True, capture_output=True)
    return time.monotonic() - started


def _print(
    name: str, seconds: float, other: float, aim: float | None, *, what: str = "cold"
) -> None:
    aimed = f"  (at most {aim:.2f})" if aim else ""
    print(f"{name:38} {seconds:7.2f} s  {seconds / other:5.2f} of {what}{aimed}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
