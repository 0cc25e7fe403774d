"""Package managers of Node that Debian lacks, and packages that the CI installs globally: steps start them with npx."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from heroci_action.detection.ci.left_out import GLOBAL
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.task_runners.package_scripts import (
    PACKAGE_MANAGERS,
    split_directory,
)
from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import ancestors, join

_IN_DEBIAN = frozenset({"npm"})
_INSTALLING = frozenset({"install", "i", "add"})
# Programs of packages with other names.
_PROGRAMS = {
    "@angular/cli": "ng", "@vue/cli": "vue", "grunt-cli": "grunt", "gulp-cli": "gulp", "less": "lessc",
    "typescript": "tsc", "webpack-cli": "webpack",
}  # fmt: skip
# `gulp@4.0.2`, `@angular/cli@17`
_PACKAGE_NAME = re.compile(r"(?:@[^/@]+/)?[^@]+")
# `yarn@4.5.0+sha224.953c`, `pnpm@9`
_NAMED = re.compile(r"(yarn|pnpm|bun)@(\d[\w.-]*)")
# The last release of Yarn 1; it starts the Yarn that `yarnPath` in .yarnrc.yml names.
_YARN = "1.22.22"
# The release of pnpm for the format of its lock file: https://github.com/pnpm/spec/tree/master/lockfile
_PNPM = {"5": "7", "6": "8", "9": "10"}
_LOCK_FORMAT = re.compile(r"(?m)^lockfileVersion: '?(\d+)")


def call_with_npx(project: ProjectFiles, command: Command) -> list[str]:
    """Return the words that start a program of Node with those which its scripts call; none if it is there."""
    known = PACKAGE_MANAGERS.union(_global_packages(project))
    called = _of_npm(command.call.name)
    if called not in known or project.configured("base-image") is not None:
        return []
    names = sorted((_called_by(project, command) & known) - _IN_DEBIAN)
    packages = [_package(project, command, name) for name in names]
    match packages:
        case [package] if package.startswith(called):
            return ["npx", "--yes", package]
    options = [f"--package={package}" for package in packages]
    return ["npx", "--yes", *options, "--", called] if packages else []


def _called_by(project: ProjectFiles, command: Command) -> set[str]:
    """Return the programs of a call and of the scripts that it runs."""
    inner = (
        each for each in project.commands if any(_is_same(outer, command) for outer in each.via)
    )
    calls = (outer.call.name for each in inner for outer in (*each.via, each))
    return {_of_npm(name) for name in (command.call.name, *calls)}


def _of_npm(name: str) -> str:
    """Return a program's name in the packages of npm: Debian's package for yarn has the program `yarnpkg`."""
    return "yarn" if name == "yarnpkg" else name


@once
def _global_packages(project: ProjectFiles) -> dict[str, str]:
    """Return the packages that the CI installs for all projects by their programs: `npm install -g gulp-cli@3`."""
    found: dict[str, str] = {}
    for command in project.commands:
        words = command.call.arguments
        # `yarn global add gulp`
        verbs = 2 if words[:1] == ("global",) else 0
        if command.call.name not in PACKAGE_MANAGERS or not (
            verbs or any(map(GLOBAL.fullmatch, words))
        ):
            continue
        for package in words[verbs:]:
            name = _PACKAGE_NAME.match(package)
            if name and package not in _INSTALLING and not package.startswith((".", "/", "-")):
                found[_PROGRAMS.get(name[0], name[0].rpartition("/")[2])] = package
    return {name: package for name, package in found.items() if name not in PACKAGE_MANAGERS}


def _is_same(call: Command, other: Command) -> bool:
    """Return whether two calls run the same script, perhaps with other variables."""
    return (call.words, call.directory) == (other.words, other.directory)


def _package(project: ProjectFiles, command: Command, name: str) -> str:
    """Return the package of a program with its version, as npm names it."""
    if package := _global_packages(project).get(name):
        return package
    place = split_directory(command)[1]
    version = next(_versions(project, place, name), "")
    # The later versions of Yarn are in another package than the first one.
    package = "@yarnpkg/cli-dist" if name == "yarn" and not version.startswith("1.") else name
    return f"{package}@{version}" if version else package


def _versions(project: ProjectFiles, place: str, name: str) -> Iterator[str]:
    """Yield the versions that package.json, the CI and the lock file name, the most certain one first."""
    for directory in ancestors(place):
        text = project.tree.text(join(directory, "package.json"))
        yield from _named(_manager_of(text), name)
    for command in project.commands:
        # `corepack prepare pnpm@9.1.0 --activate`, `npm install -g pnpm@9`
        for word in command.call.arguments:
            yield from _named(word, name)
    if name == "yarn":
        yield _YARN
    for directory in ancestors(place) if name == "pnpm" else ():
        lock = _LOCK_FORMAT.search(project.tree.text(join(directory, "pnpm-lock.yaml")))
        yield from [_PNPM[lock[1]]] if lock and lock[1] in _PNPM else ()
    if name == "pnpm":
        yield _PNPM["9"]


def _manager_of(text: str) -> str:
    try:
        return str(table(json.loads(text)).get("packageManager", ""))
    except (ValueError, RecursionError):
        return ""


def _named(text: str, name: str) -> Iterator[str]:
    match = _NAMED.match(text)
    if match and match[1] == name:
        yield match[2]
