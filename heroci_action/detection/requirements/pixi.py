"""What pixi installs for the tests, as packages of PyPI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.task_runners.pixi_manifest import PixiManifest, find_manifest
from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.poetry import requirement_lines

# Packages of conda that are no packages of PyPI, or that HeroCI brings.
_NOT_ON_PYPI = frozenset(
    {
        "python", "pip", "make", "cmake", "ninja", "git", "nodejs", "yarn", "pnpm", "gettext", "compilers",
        "c-compiler", "cxx-compiler", "gcc", "gxx", "pkg-config", "curl", "openssl", "postgresql", "libpq",
        "redis-server", "postgis", "libgdal", "gdal", "geos", "proj", "graphviz", "pandoc", "ffmpeg",
    }
)  # fmt: skip
_NAMES_ON_PYPI = {
    "python-build": "build", "matplotlib-base": "matplotlib", "pytables": "tables", "pytorch": "torch",
    "opencv": "opencv-python", "py-opencv": "opencv-python",
}  # fmt: skip
# `=4.2`, `4.2`: conda's form of `==4.2.*`
_FUZZY = re.compile(r"(?<![\d.*=<>!~])=?(\d+(?:\.\d+)*)(?![\d.*])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixiEnvironment:
    """The packages of an environment, those of conda that are left out, and the specifier of its Python."""

    name: str
    path: str
    packages: tuple[str, ...]
    left_out: tuple[str, ...]
    python: str
    has_project: bool


@once
def pixi_environment(project: ProjectFiles) -> PixiEnvironment | None:
    """Return the environment of pixi in which the CI runs its tests; None if it does not use pixi."""
    suite = project.ci.suite
    commands = (*suite.main.command.via, suite.main.command) if suite else ()
    call = next((each for each in commands if "pixi" in each.call.launchers), None)
    places = project.layout.directories
    manifest = next(filter(None, (find_manifest(project.tree, place) for place in places)), None)
    return _environment(manifest, call) if manifest and call else None


def _environment(manifest: PixiManifest, command: Command) -> PixiEnvironment:
    words = command.words[command.words.index("pixi") + 1 :] if "pixi" in command.words else ()
    options = Options.lead(words[1:], ("-e", "--environment"))
    task = parse_call(options.words).name
    name = options.value("-e", "--environment") or manifest.environment_of(task)
    conda: dict[str, object] = {}
    pypi: dict[str, object] = {}
    for feature in map(manifest.feature, manifest.features_of(name)):
        conda |= table(feature.get("dependencies"))
        pypi |= table(feature.get("pypi-dependencies"))
    known = {key: entry for key, entry in conda.items() if key not in _NOT_ON_PYPI}
    return PixiEnvironment(
        name=name,
        path=manifest.path,
        packages=tuple(dict.fromkeys((*_of_conda(known), *_of_pypi(pypi)))),
        left_out=tuple(key for key in conda if key not in {*known, "python", "pip"}),
        python=_specifier(conda.get("python", "")),
        has_project=any(table(entry).get("path") in {".", "./"} for entry in pypi.values()),
    )


def _of_conda(entries: dict[str, object]) -> Iterator[str]:
    plain = {_NAMES_ON_PYPI.get(key, key): _specifier(entry) for key, entry in entries.items()}
    yield from (line for lines in requirement_lines(plain).values() for line in lines)


def _of_pypi(entries: dict[str, object]) -> Iterator[str]:
    others = {
        key: each for key, each in entries.items() if table(each).get("path") not in {".", "./"}
    }
    yield from (line for lines in requirement_lines(others).values() for line in lines)


def _specifier(entry: object) -> str:
    """Return the version of a package of conda as a specifier of PEP 440."""
    text = str(table(entry).get("version", "*") if table(entry) else entry)
    return _FUZZY.sub(r"==\1.*", text.partition(" ")[0])
