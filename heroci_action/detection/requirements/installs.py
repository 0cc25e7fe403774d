"""Read the installations of the test job: pip, uv, Poetry, PDM and Pipenv."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Command
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.layout import PACKAGE_FILES
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.files import (
    parse_requirement,
    read_requirements,
    with_joined,
    without_included,
)
from heroci_action.detection.requirements.installers import (
    VALUED,
    calls_of,
    find_installer,
    words_from_verb,
)
from heroci_action.detection.requirements.metadata import Metadata
from heroci_action.repository.files import join

# Programs that a job installs to run something else; the tests do not import them.
_TOOLS = frozenset(
    {
        "tox-uv", "tox-gh-actions", "tox-gh", "tox-travis", "tox-pyenv", "tox-venv", "tox-docker", "nox-poetry",
        "pip", "wheel", "build", "tox", "nox", "uv", "poetry", "pdm", "pipenv", "hatch", "pre-commit", "prek",
        "codecov", "coveralls", "codacy-coverage", "virtualenv", "twine", "pip-tools", "pipx", "flit", "maturin",
    }
)  # fmt: skip
# A directory, extras of the project, or both: `.`, `[test]`, `./lib[test]`.
_LOCAL = re.compile(r"(?:file:)?(\.|\.\.|[\w./{}-]*/)?(?:\[([\w\s,.-]+)\])?")
# A wheel that the job has built: `dist/shop-1.0-py3-none-any.whl[test]`, `$(ls dist/*.whl)[test]`, `shop*whl`.
_BUILT = re.compile(
    rf"((?:[^\[]*/)?dist/[^\[]*|[^\[]*{UNKNOWN}[^\[]*|[^\[/:@]*[.*]whl)(?:\[([\w\s,.-]+)\])?"
)
_LISTS = ("files", "missing", "constraints", "packages", "extras", "groups", "locks", "later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installs:
    """The installed files, packages, extras and groups; files are relative to the repository's root.

    `locks` are the lock files that the commands use. `groups` and `extras` are named explicitly. `manager` is the tool
    whose own rules decide about groups that are not named: "uv", "poetry" or "pdm". `every_member` of uv's workspace
    may be installed, not only the project. The repository lacks the `missing` files. If `unsure`, a part is not known.
    The `later` packages are installed after a file or a lock, whose versions they replace.
    """

    source: str = ""
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    locks: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    manager: str = ""
    project: bool = False
    only: bool = False
    every_extra: bool = False
    every_group: bool = False
    every_member: bool = False
    unsure: bool = False

    def __bool__(self) -> bool:
        """Return whether anything is installed, or would be if its file existed."""
        named = self.files or self.missing or self.packages or self.groups
        return bool(named or self.project or self.manager)

    def choose_extras(self, metadata: Metadata) -> tuple[str, ...] | None:
        """Return the extras that are installed; None if the commands do not decide about them."""
        if self.every_extra:
            return tuple(metadata.extras)
        known = {canonicalize_name(name): name for name in metadata.extras}
        named = (known.get(canonicalize_name(name)) for name in self.extras)
        found = tuple(dict.fromkeys(name for name in named if name))
        decides = self.manager or (self.project and not self.unsure)
        return found if found or decides else None

    def choose_groups(self, metadata: Metadata) -> tuple[str, ...] | None:
        """Return the groups that are installed; None if the commands do not decide about them."""
        named = tuple(name for name in self.groups if name in metadata.groups)
        if self.only:
            return named
        if not named and not self._implies_groups:
            return () if self.project and not metadata.groups else None
        found = dict.fromkeys((*self._implied(metadata), *named))
        return tuple(name for name in found if name not in self.without)

    @property
    def _implies_groups(self) -> bool:
        """Whether the tool or an option decides about groups that are not named."""
        return bool(self.manager) or self.every_group

    def _implied(self, metadata: Metadata) -> tuple[str, ...]:
        """Return the groups that the tool installs without being asked."""
        if self.every_group:
            return tuple(metadata.groups)
        match self.manager:
            case "uv":
                return metadata.default_groups
            case "poetry":
                return tuple(g for g in metadata.groups if g not in metadata.optional_groups)
            case "pdm" if not set(self.groups) & set(metadata.groups):
                return tuple(metadata.groups)
        return ()


@once
def read_installs(project: ProjectFiles) -> Installs:
    """Read every installation in the job that runs the tests."""
    return read_installs_of(project, find_installing(project))


def read_installs_of(project: ProjectFiles, commands: Sequence[Command]) -> Installs:
    """Read the installations among commands."""
    found = Installs()
    # `uv run --group test make check` installs a group and runs other commands.
    for command in (each for outer in commands for each in (*outer.via, outer)):
        reader = _Reader(project, command.directory, command.env)
        is_certain = not (command.conditional or command.may_fail)
        for part in filter(None, map(reader.read, calls_of(command))):
            missing = part.missing if is_certain else ()
            found = merge(found, replace(part, source=command.source, missing=missing))
    files = without_included(project.tree, with_joined(found.files, commands, project.tree))
    return replace(found, files=files)


def find_installing(project: ProjectFiles) -> tuple[Command, ...]:
    """Return the commands that may install for the tests: those in their environments, up to the last test run."""
    runs = project.ci.suite.runs if project.ci.suite else ()
    used = {run.command.environment for run in runs} or {""}
    commands = project.commands
    tests = [n for n, each in enumerate(commands, 1) if find_test_run(each, project.tree)]
    # What follows the tests is for something else, such as the documents.
    before = commands[: tests[-1]] if tests else commands
    own = tuple(command for command in before if command.environment in used)
    if runs and all(run.command.is_contained for run in runs):
        # Packages that the job installs on its machine are not in the container of the tests.
        own = tuple(command for command in own if command.is_contained)
    return (*project.image_commands, *own) if "" in used else own


def merge(one: Installs, other: Installs) -> Installs:
    """Return what two calls install one after the other."""
    both = one.manager and other.manager
    if one.files or one.manager:
        other = replace(other, later=other.packages)
    return replace(
        one,
        **{name: _union(getattr(one, name), getattr(other, name)) for name in _LISTS},
        source=one.source or other.source,
        # A later call may install packages that an earlier one left out.
        without=one.without & other.without if both else one.without | other.without,
        manager=one.manager or other.manager,
        project=one.project or other.project,
        unsure=one.unsure or other.unsure,
        only=one.only and other.only if both else one.only or other.only,
        every_extra=one.every_extra or other.every_extra,
        every_group=one.every_group or other.every_group,
        every_member=one.every_member or other.every_member,
    )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _listed(options: Options, *names: str) -> tuple[str, ...]:
    """Return the values of options, each of which may be a list with commas or blanks."""
    return tuple(re.findall(r"[^\s,]+", " ".join(options.values(*names))))


@dataclass(frozen=True, slots=True)
class _Reader:
    project: ProjectFiles
    directory: str
    env: Mapping[str, str]

    def read(self, call: list[str]) -> Installs | None:
        """Read a call; None if it installs nothing for the project."""
        found: Installs | None = None
        program, arguments = find_installer(call)
        match program, arguments if program == "pip-sync" else words_from_verb(arguments):
            case ("pip" | "pip3", ["install" | "wheel", *rest]):
                found = self._pip(rest)
            case ("pip-sync", rest) | ("uv", ["pip", "sync", *rest]):
                found = self._pip_sync(rest)
            case ("uv", ["pip", "install", *rest]):
                found = self._pip(rest)
            case ("uv", ["sync", *rest]):
                found = self._uv(rest, runs=False)
            case ("uv", ["run", *rest]) if "--no-sync" not in rest and "UV_NO_SYNC" not in self.env:
                found = self._uv(rest, runs=True)
            case ("poetry", ["install" | "sync", *rest]):
                found = self._poetry(rest)
            case ("pdm", ["install" | "sync", *rest]):
                found = self._pdm(rest)
            case ("pipenv", ["install" | "sync", *rest]):
                found = self._pipenv(rest)
        return found

    def _pip(self, arguments: list[str]) -> Installs | None:
        given = Options.split(arguments, VALUED)
        listed = _listed(given, "-r", "--requirement", "--requirements")
        limits = self._constraints(given)
        files = self._files(listed)
        # `uv pip install -r pyproject.toml` installs the declared dependencies.
        declared = [file for file in files if file.endswith(PACKAGE_FILES)]
        # A file that the job writes is not there yet when HeroCI installs.
        written = tuple(file for file in files if file in self.project.tree.created)
        packages = filter(_is_package, map(str, read_requirements(self.project.tree, written)))
        words = () if upgrades_tools(given.words) and not files else given.words
        named = self._named((*words, *map(_as_path, given.values("-e", "--editable"))))
        return replace(
            named,
            files=tuple(file for file in files if file not in {*declared, *written}),
            packages=(*named.packages, *packages),
            missing=tuple(name for name in (*listed, *limits) if not self._file(name)),
            constraints=self._files(limits),
            extras=(*named.extras, *_listed(given, "--extra")),
            groups=tuple(name.rpartition(":")[2] for name in _listed(given, "--group")),
            project=bool(declared) or named.project,
            every_extra=given.has("--all-extras"),
            unsure=any(UNKNOWN in word for word in given.words),
        )

    def _named(self, words: tuple[str, ...]) -> Installs:
        """Return the installations that a call names: packages, packages of the repository, and the project itself."""
        others = {word: place for word in words if (place := self._other_project(word))}
        rest = [word for word in words if word not in others]
        local = dict(filter(None, map(self._own_project, rest)))
        packages = filter(_is_package, (word for word in rest if word not in local))
        return Installs(
            packages=(*packages, *others.values()),
            extras=tuple(re.findall(r"[^\s,]+", " ".join(local.values()))),
            project=bool(local),
        )

    def _other_project(self, word: str) -> str | None:
        """Return the requirement for another package of the repository, `./shared[test]`; None for anything else."""
        place, extras = self._package(word)
        if place is None or place in self.project.layout.directories:
            return None
        return f"./{place}{extras}"

    def _own_project(self, word: str) -> tuple[str, str] | None:
        """Return the word, and the extras in it, if it names the project."""
        place, extras = self._package(word)
        return _local(word) or ((word, extras.strip("[]")) if place else None)

    def _package(self, word: str) -> tuple[str | None, str]:
        """Return the directory of a package that a word names, and the brackets with its extras."""
        path, bracket, extras = word.removeprefix("file:").partition("[")
        place = (
            locate(path, self.directory) if path.startswith((".", ROOT)) or "/" in path else None
        )
        files = (join(place, name) for name in PACKAGE_FILES) if place else ()
        return (place if self.project.tree.first(*files) else None), f"{bracket}{extras}"

    def _constraints(self, given: Options) -> tuple[str, ...]:
        # Each program reads its own variable, and a job uses one of the two programs.
        by_env = self.env.get("PIP_CONSTRAINT") or self.env.get("UV_CONSTRAINT") or ""
        return (*_listed(given, "-c", "--constraint", "--constraints"), *by_env.split())

    def _pip_sync(self, words: list[str]) -> Installs | None:
        """Read `uv pip sync FILE…`, whose words are files."""
        given = Options.split(words, VALUED)
        files = (*given.words, *_listed(given, "-r", "--requirement"))
        return self._pip([word for file in files for word in ("-r", file)])

    def _uv(self, words: list[str], *, runs: bool) -> Installs:
        # `uv run --group test pytest -x`: the options end before the program.
        ends = (i for i, _ in enumerate(words) if runs and _ends_options(words, i))
        end = next(ends, len(words))
        given = Options.split(words[:end], VALUED)
        return Installs(
            manager="uv",
            locks=("uv.lock",),
            groups=_listed(given, "--group", "--only-group"),
            extras=_listed(given, "--extra"),
            without=frozenset(
                (*_listed(given, "--no-group"), *(("dev",) if given.has("--no-dev") else ()))
            ),
            only=given.has("--only-group", "--no-default-groups"),
            every_extra=given.has("--all-extras"),
            every_group=given.has("--all-groups"),
            every_member=given.has("--all-packages"),
            packages=_without_program(_listed(given, "--with"), words[end:]) if runs else (),
            files=self._files(_listed(given, "--with-requirements")) if runs else (),
        )

    def _poetry(self, words: list[str]) -> Installs:
        given = Options.split(words, VALUED)
        dropped = ("dev",) if given.has("--no-dev") else ()
        return Installs(
            manager="poetry",
            locks=("poetry.lock",),
            groups=_listed(given, "--with", "--only"),
            extras=_listed(given, "-E", "--extras"),
            without=frozenset((*_listed(given, "--without"), *dropped)),
            only=given.has("--only", "--only-root"),
            every_extra=given.has("--all-extras"),
            every_group=given.has("--all-groups"),
        )

    def _pdm(self, words: list[str]) -> Installs:
        given = Options.split(words, VALUED)
        named = _listed(given, "-G", "--group", "--with")
        every = ":all" in named
        return Installs(
            manager="pdm",
            locks=("pdm.lock",),
            groups=named,
            extras=named,
            without=frozenset(_listed(given, "--without")),
            only=given.has("--no-default", "--prod"),
            every_extra=every,
            every_group=every,
        )

    def _pipenv(self, words: list[str]) -> Installs:
        given = Options.split(words, VALUED)
        files = self._files(_listed(given, "-r", "--requirements"))
        return replace(self._named(given.words), manager="pipenv", files=files)

    def _files(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(file for name in names if (file := self._file(name)))

    def _file(self, name: str) -> str | None:
        """Find a file from the directory of the command, else from the working directory."""
        places = (self.directory, self.project.layout.directory)
        return self.project.tree.first(*filter(None, (locate(name, place) for place in places)))


def _ends_options(words: list[str], index: int) -> bool:
    previous = words[index - 1] if index else ""
    return not words[index].startswith("-") and previous not in VALUED


def _without_program(packages: tuple[str, ...], program: list[str]) -> tuple[str, ...]:
    """Return the packages without the tool that they are installed to run: `--with coveralls coveralls`."""
    return tuple(name for name in packages if name not in program[:1])


def _as_path(word: str) -> str:
    """Return the value of `--editable` so that it cannot be taken for the name of a distribution."""
    return f"./{word}" if re.fullmatch(r"\w[\w/-]*(\[.*\])?", word) else word


def _local(word: str) -> tuple[str, str] | None:
    """Return the word, and the extras in it, if it names a directory or only extras."""
    match = _LOCAL.fullmatch(word) or _BUILT.fullmatch(word)
    return (word, match[2] or "") if match and any(match.groups()) else None


def _is_package(word: str) -> bool:
    if "/" in word and not re.search(r"@|://", word):
        # A file of the job that is not in the repository.
        return False
    # `gdal==$(gdal-config --version).*`
    requirement = None if UNKNOWN in word else parse_requirement(word)
    return requirement is not None and canonicalize_name(requirement.name) not in _TOOLS


def upgrades_tools(words: Iterable[str]) -> bool:
    """Return whether a call installs nothing but tools; jobs upgrade setuptools with them out of habit."""
    return {canonicalize_name(word) for word in words} <= {*_TOOLS, "setuptools"}
