"""The contents of the base environment as arguments of uv, and uv's own version; shared by all engines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from heroci_action.errors import EngineError
from heroci_action.plan.stages import Environment
from heroci_action.repository.files import parent, parse_toml, relative_path

TOOLS_LOCK = "HEROCI_HOST_TOOLS"
"""Variable with the lock file of the tools that the action's image installs on demand; set only in that image."""

_UV_PIN = re.compile(r"^uv==([^\s;]+)", re.MULTILINE)
# Paths and addresses in requirements files; local sources in lock files and pyproject.toml.
_LOCAL = re.compile(
    r"^\s*(?:-e|--editable\b|[^#\s]*/|\.+\s*(?:\[|$))|@\s*(?:file:|\.|/)|\bfile:"
    r"|\b(?:path|editable|workspace|directory)\s*=|type\s*=\s*\"(?:directory|file)\"",
    re.MULTILINE,
)
_METADATA = ("pyproject.toml", "setup.py", "setup.cfg")
# `-e git+https://…` in requirements files, and the same in Pipfile.lock.
_EDITABLE_CLONE = re.compile(
    r"^\s*(?:-e|--editable)[\s=]+[\"']?(?:[\w.\[\],-]+\s*@\s*)?(?:git|hg|svn|bzr)\+"
    r"|\"editable\":\s*true,\s*\"git\":",
    re.MULTILINE,
)
_NESTED = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)", re.MULTILINE)

# The caller's settings that decide which versions uv installs. Indexes and their rotating tokens are not among them.
_RESOLVER = (
    "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION",
    "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_NO_BUILD", "UV_NO_BUILD_PACKAGE",
)  # fmt: skip


def resolver_settings(machine: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's settings that decide which versions are installed, with the content of files they name."""
    found = {name: machine[name] for name in _RESOLVER if machine.get(name)}
    named = {each: Path(each) for value in found.values() for each in value.split()}
    return found | {
        name: path.read_text(errors="replace") for name, path in named.items() if path.is_file()
    }


def needs_pip(root: Path, environment: Environment, arguments: Iterable[str]) -> bool:
    """Return whether pip has to install what uv's arguments name: uv refuses an editable clone of version control.

    pip in turn cannot read the dependencies in pyproject.toml.
    """
    if any(word.endswith(_METADATA) for word in arguments):
        return False
    files = filter(Path.is_file, ingredients(root, environment))
    return any(_EDITABLE_CLONE.search(path.read_text(errors="replace")) for path in files)


def install_arguments(python: str, *, with_pip: bool = False) -> list[str]:
    """Return uv's arguments to install what follows them into the environment of an interpreter."""
    if with_pip:
        tool = ("tool", "run", "--quiet", "pip", "--disable-pip-version-check")
        return [*tool, "--python", python, "install"]
    return ["pip", "install", "--python", python]


def file_arguments(environment: Environment) -> list[str]:
    """Return the arguments of `uv pip install` for the requirements and constraints files."""
    options = (("-r", environment.requirements), ("-c", environment.constraints))
    return [word for option, files in options for file in files for word in (option, file)]


def project_arguments(environment: Environment, project: str) -> list[str]:
    """Return the arguments of `uv pip install` for the dependencies that the project in that directory declares."""
    extras = f"[{','.join(environment.extras)}]" if environment.extras else ""
    groups = [
        argument
        for group in environment.groups
        for argument in ("--group", f"{project}/pyproject.toml:{group}")
    ]
    if environment.lock:
        return ["-e", f"./{project}"] if environment.install_project else []
    if environment.declared:
        own = ["-e", f"./{project}{extras}"] if environment.install_project else []
        return [*own, *environment.declared]
    if environment.install_project:
        return ["-e", f"./{project}{extras}", *groups]
    names = [argument for extra in environment.extras for argument in ("--extra", extra)]
    own = ["-r", f"{project}/{environment.metadata}", *names] if environment.metadata else []
    return [*own, *groups]


def export_arguments(environment: Environment, name: str, target: Path) -> list[str]:
    """Return uv's arguments to convert a lock file to requirements; pipenv prints them, the others write `target`.

    Raises EngineError for an unknown format.
    """
    groups, extras = environment.groups, environment.extras
    match Path(name).name:
        case "uv.lock":
            options = (*_options("--group", groups), *_options("--extra", extras))
            fixed = ("--frozen", "--no-hashes", *_members(environment, name))
            quiet = ("--quiet", "--no-header", "--no-emit-project")
            return ["export", *fixed, *options, *quiet, "-o", str(target)]
        case "poetry.lock":
            tool = ("--from", "poetry", "--with", "poetry-plugin-export", "poetry")
            output = ("--without-hashes", "-f", "requirements.txt", "-o", str(target))
            chosen = (*_options("--with", groups), *_options("--extras", extras))
            return ["tool", "run", "--quiet", *tool, "export", *output, *chosen]
        case "pdm.lock":
            chosen = _options("-G", (*groups, *extras))
            export = ("pdm", "export", "--no-hashes", "-o", str(target))
            return ["tool", "run", "--quiet", *export, *chosen]
        case "Pipfile.lock":
            return ["tool", "run", "--quiet", "pipenv", "requirements", "--dev"]
        case other:
            raise EngineError(
                f"unknown format of lock file {other!r}",
                remedy="use uv.lock, pylock.toml, poetry.lock, pdm.lock or Pipfile.lock, or a requirements file",
            )


def _members(environment: Environment, lock: str) -> tuple[str, ...]:
    """Return the options for the members of the workspace that uv installs: all, one, or only the root."""
    if environment.all_members:
        return ("--all-packages",)
    member = relative_path(environment.project or parent(lock), parent(lock))
    return () if member == "." else ("--project", member)


def _options(option: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for value in values for word in (option, value))


def ingredients(root: Path, environment: Environment) -> Iterator[Path]:
    """Yield the files that declare what to install, nested requirements files included."""
    yield from _requirements_files(root, environment)
    if environment.lock:
        yield root / environment.lock
    if environment.project is not None:
        files = [root / environment.project / name for name in _METADATA]
        yield from (file for file in files if file.is_file())
    # uv's own settings, such as constraints.
    yield from (
        root / name for name in ("uv.toml", "pyproject.toml") if _configures_uv(root / name)
    )


def _configures_uv(path: Path) -> bool:
    if not path.is_file():
        return False
    return path.name == "uv.toml" or "[tool.uv" in path.read_text(errors="replace")


def _requirements_files(root: Path, environment: Environment) -> set[Path]:
    pending = [root / name for name in (*environment.requirements, *environment.constraints)]
    seen: set[Path] = set()
    while pending:
        path = pending.pop().resolve()
        if path in seen or not path.is_file() or not path.is_relative_to(root):
            continue
        seen.add(path)
        nested: Iterable[str] = _NESTED.findall(path.read_text(errors="replace"))
        pending += [path.parent / name for name in nested]
    return seen


def refers_to_checkout(root: Path, environment: Environment) -> bool:
    """Return whether the environment contains links to the checkout, or something that was built from it.

    In doubt, such as for an address with a path, the answer is yes.
    """
    named = (*environment.requirements, *environment.constraints, *filter(None, [environment.lock]))
    if environment.install_project or any(
        _LOCAL.search(each) for each in (*environment.packages, *environment.declared)
    ):
        return True
    if any(not (root / name).resolve().is_relative_to(root.resolve()) for name in named):
        return True
    texts = (path.read_text(errors="replace") for path in ingredients(root, environment))
    return any(_LOCAL.search(text) for text in texts)


def excluded_python(environment: Environment, version: str) -> str | None:
    """Return a warning if the project does not allow this patch release; a lock may then omit packages."""
    required = environment.requires_python
    try:
        allowed = not required or SpecifierSet(required).contains(version, prereleases=True)
    except InvalidSpecifier:
        allowed = True
    if allowed:
        return None
    consequence = "so packages may be missing; install such a version"
    return f"Python {version} is used, but the project requires Python {required}, {consequence}"


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


def other_uv(root: Path, version: str) -> str | None:
    """Return the requirement of another uv that the project demands, such as `uv==0.9.*`; None if this one will do.

    https://docs.astral.sh/uv/reference/settings/#required-version
    """
    texts = (_required_uv(root, "uv.toml"), _required_uv(root, "pyproject.toml", "tool", "uv"))
    text = next(filter(None, texts), "").strip()
    wanted = f"=={text}" if text[:1].isdigit() else text
    try:
        fits = SpecifierSet(wanted).contains(version, prereleases=True)
    except InvalidSpecifier:
        # uv itself says what is wrong with it.
        return None
    return None if fits else f"uv{wanted}"


def _required_uv(root: Path, name: str, *keys: str) -> str:
    path = root / name
    found: object = parse_toml(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for key in (*keys, "required-version"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
