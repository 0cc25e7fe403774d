"""Places besides the usual package index from which the project's CI installs: `pip install --find-links URL`."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.installers import VALUED, calls_of, find_installer
from heroci_action.detection.requirements.installs import find_installing
from heroci_action.repository.files import join
from heroci_action.text import some

_OPTIONS = ("-i", "--index-url", "--extra-index-url", "--default-index", "--index", "-f", "--find-links")  # fmt: skip
_VARIABLES = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX",
    "UV_INDEX", "UV_FIND_LINKS",
)  # fmt: skip
_INSTALLERS = frozenset({"pip", "pip3", "uv"})
_USUAL = "https://pypi.org/simple"
# The files in which pip and uv find places themselves.
_FILES = ("pyproject.toml", "uv.toml", "Pipfile")


def warn_of_indexes(project: ProjectFiles, requirements: tuple[str, ...]) -> Iterator[Finding]:
    """Warn of the places that only the lines or variables of the CI name, and no file of the project."""
    files = (
        *requirements,
        *(join(place, n) for place in project.layout.directories for n in _FILES),
    )
    commands = (*project.commands, *project.image_commands)
    filled = {place for command in commands for place in _filled(command)}
    texts = [project.tree.text(path) for path in files]
    named = {
        f"{shown} ({command.source})": None
        for command in find_installing(project)
        for value, shown in _places(command)
        if value.rstrip("/") != _USUAL
        and (command.source, _last_name(value)) not in filled
        and not any(value in text for text in texts)
    }
    if named:
        yield Warn(
            f"the CI installs packages from further places than the plan: {some(list(named))}; if the tests need them, "
            "write the option into the requirements file, or set UV_EXTRA_INDEX_URL where HeroCI runs"
        )


def _filled(command: Command) -> set[tuple[str, str]]:
    """Return the directories that `pip wheel -w DIRECTORY` and `pip download -d DIRECTORY` fill, with their file.

    They contain the project's requirements. Only their names count: `COPY --from=build /src/wheels /wheels`.
    """
    arguments = command.call.arguments
    if command.call.name not in {"pip", "pip3"} or arguments[:1] not in {("wheel",), ("download",)}:
        return set()
    options = ("-w", "--wheel-dir", "-d", "--dest")
    values = Options.split(arguments, options).values(*options)
    return {(command.source, _last_name(value)) for value in values}


def _last_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _places(command: Command) -> Iterator[tuple[str, str]]:
    """Yield each place of an installation, and the option or variable that names it."""
    for call in calls_of(command):
        program, arguments = find_installer(call)
        if program not in _INSTALLERS:
            continue
        named = Options.split(arguments, VALUED).named
        yield from (
            (value, f"{name} {value}".replace(UNKNOWN, "…"))
            for name, value in named
            if name in _OPTIONS
        )
        variables = ((name, command.env.get(name, "")) for name in _VARIABLES)
        yield from (
            (value, f"{name}={value}".replace(UNKNOWN, "…")) for name, value in variables if value
        )
