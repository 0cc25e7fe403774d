"""The contents of the base environment as arguments of uv, and uv's own version; shared by all engines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from heroci_action.errors import EngineError
from heroci_action.plan.stages import Environment

TOOLS_LOCK = "HEROCI_HOST_TOOLS"
"""Variable with the lock file of the tools that the action's image installs on demand; set only in that image."""

_UV_PIN = re.compile(r"^uv==([^\s;]+)", re.MULTILINE)
_NESTED = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)", re.MULTILINE)


def project_arguments(environment: Environment, project: str) -> list[str]:
    """The arguments of `uv pip install` for what the project in that directory declares."""
    extras = f"[{','.join(environment.extras)}]" if environment.extras else ""
    groups = [
        argument
        for group in environment.groups
        for argument in ("--group", f"{project}/pyproject.toml:{group}")
    ]
    if environment.lock:
        return ["-e", f"./{project}"] if environment.install_project else []
    if environment.install_project:
        return ["-e", f"./{project}{extras}", *groups]
    names = [argument for extra in environment.extras for argument in ("--extra", extra)]
    own = ["-r", f"{project}/{environment.metadata}", *names] if environment.metadata else []
    return [*own, *groups]


def export_arguments(environment: Environment, name: str, target: Path) -> list[str]:
    """The arguments of uv that turn a lock file into requirements; what only prints them does not write `target`.

    Raises EngineError for a format that nobody can read.
    """
    groups, extras = environment.groups, environment.extras
    match Path(name).name:
        case "uv.lock":
            chosen = [word for group in groups for word in ("--group", group)]
            chosen += [word for extra in extras for word in ("--extra", extra)]
            quiet = ["--quiet", "--no-header", "--no-emit-project", "-o", str(target)]
            return ["export", "--frozen", "--no-hashes", *chosen, *quiet]
        case "poetry.lock":
            chosen = [word for group in groups for word in ("--with", group)]
            chosen += [word for extra in extras for word in ("--extras", extra)]
            tool = [
                "tool",
                "run",
                "--quiet",
                "--from",
                "poetry",
                "--with",
                "poetry-plugin-export",
                "poetry",
            ]
            return [
                *tool,
                "export",
                "--without-hashes",
                "-f",
                "requirements.txt",
                "-o",
                str(target),
                *chosen,
            ]
        case "pdm.lock":
            chosen = [word for group in (*groups, *extras) for word in ("-G", group)]
            return [
                "tool",
                "run",
                "--quiet",
                "pdm",
                "export",
                "--no-hashes",
                "-o",
                str(target),
                *chosen,
            ]
        case "Pipfile.lock":
            return ["tool", "run", "--quiet", "pipenv", "requirements", "--dev"]
        case other:
            raise EngineError(
                f"there is no way to read the lock file {other!r}",
                remedy="use uv.lock, pylock.toml, poetry.lock, pdm.lock or Pipfile.lock, or a requirements file",
            )


def ingredients(root: Path, environment: Environment) -> Iterator[Path]:
    """The files that say what to install, nested requirements files included."""
    pending = [root / name for name in environment.requirements]
    seen: set[Path] = set()
    while pending:
        path = pending.pop().resolve()
        if path in seen or not path.is_file() or not path.is_relative_to(root):
            continue
        seen.add(path)
        nested: Iterable[str] = _NESTED.findall(path.read_text(errors="replace"))
        pending += [path.parent / name for name in nested]
    yield from seen
    if environment.lock:
        yield root / environment.lock
    if environment.project is not None:
        names = ("pyproject.toml", "setup.py", "setup.cfg")
        files = [root / environment.project / name for name in names]
        yield from (file for file in files if file.is_file())


def uv_version(machine: Mapping[str, str]) -> str:
    """Return the version of uv, installed or still to be installed. Raise PackageNotFoundError if there is neither."""
    try:
        return metadata.version("uv")
    except metadata.PackageNotFoundError:
        lock = machine.get(TOOLS_LOCK)
        pin = _UV_PIN.search(Path(lock).read_text(encoding="utf-8")) if lock else None
        if pin is None:
            raise
        return pin[1]
