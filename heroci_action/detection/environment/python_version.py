"""The Python version of the project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import Requirement

from heroci_action.detection.ci.named_python import (
    chosen_python,
    installed_python,
    python_of_environment,
    python_of_run,
)
from heroci_action.detection.ci.suite import tests_of
from heroci_action.detection.ci.task_runners.tox_config import ToxConfig
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.environment.installed_packages import installed_packages
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.image.choice import find_bases, find_dockerfile
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import find_dependencies
from heroci_action.detection.requirements.files import distribution
from heroci_action.detection.requirements.installs import Installs, read_installs
from heroci_action.detection.requirements.markers import applicable, is_exact
from heroci_action.detection.requirements.metadata import Metadata, read_metadata
from heroci_action.detection.requirements.pixi import pixi_environment
from heroci_action.detection.requirements.specifiers import allows, parse_specifier
from heroci_action.plan.stages import NEWEST_PYTHON, SUPPORTED_PYTHONS
from heroci_action.repository.files import join, parent

Version = tuple[int, int]
# Without a version that the project names, the newest one is too new for some of its dependencies.
_USUAL = (3, 13)
_OLDEST = (3, 6)
_OLDEST_OF_PROBES = (3, 8)  # see heroci_action/probes/__init__.py
# The Python that a release of a distribution calls python3: https://packages.ubuntu.com, https://packages.debian.org
_DISTRIBUTIONS: Mapping[str, Version] = {
    "ubuntu:18.04": (3, 6), "ubuntu:20.04": (3, 8), "ubuntu:22.04": (3, 10), "ubuntu:24.04": (3, 12),
    "ubuntu:bionic": (3, 6), "ubuntu:focal": (3, 8), "ubuntu:jammy": (3, 10), "ubuntu:noble": (3, 12),
    "debian:10": (3, 7), "debian:11": (3, 9), "debian:12": (3, 11), "debian:13": (3, 13),
    "debian:buster": (3, 7), "debian:bullseye": (3, 9), "debian:bookworm": (3, 11), "debian:trixie": (3, 13),
}  # fmt: skip
# The newest Python of each series of Django: https://docs.djangoproject.com/en/stable/faq/install/
_DJANGO = {
    (1, 8): (3, 7), (2, 0): (3, 7), (2, 1): (3, 7), (2, 2): (3, 9), (3, 0): (3, 9), (3, 1): (3, 9),
    (3, 2): (3, 10), (4, 0): (3, 10), (4, 1): (3, 11), (4, 2): (3, 12), (5, 0): (3, 12), (5, 1): (3, 13),
}  # fmt: skip
# `3.12`, `3.12.4`
_VERSION = re.compile(r"(?<!pypy)(?<![\d.])(3)\.(\d{1,2})(?!\d)")
# The package of a Python in Debian and Ubuntu
_PACKAGE = re.compile(r"python(3\.\d+)")
# `# the newest`
_COMMENT = re.compile(r"#.*")
# `nodejs 22.3.12`, `pre-commit 3.6.0`, in .tool-versions
_OTHER_TOOL = re.compile(r"^(?!python\b(?!-))[a-z][\w./-]*[ \t].*$", re.MULTILINE)
# `FROM python:3.13-slim`
_BASE_IMAGE = re.compile(r"^FROM\s+(?:--\S+\s+)?\S*\bpython:(3\.\d+)", re.MULTILINE | re.IGNORECASE)
# `ARG PYTHON_VERSION=3.13`
_VERSION_ARGUMENT = re.compile(
    r"^ARG\s+PYTHON\w*VERSION\w*=[\"']?(?:python:)?(3\.\d+)", re.MULTILINE
)


def detect_python(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the version if anything in the project decides about it."""
    version, why = choose_python(project)
    if why:
        yield Found("python", version, why)
    if _version(version) < _OLDEST_OF_PROBES and not project.configured("python"):
        yield _too_old(version, why)
    required = _required(project)
    # One specifier in the form of packaging, if possible: engines compare it with the patch release.
    standard = (str(parse_specifier(text) or text) for text in required)
    yield Fact("requires_python", ",".join(dict.fromkeys(standard)))
    others = (
        other
        for other in SUPPORTED_PYTHONS
        if other != version and all(allows(specifier, _version(other)) for specifier in required)
    )
    yield Fact("python_alternatives", tuple(others))


def _too_old(version: str, why: str) -> Warn:
    """Return the warning about a Python on which HeroCI cannot run the tests."""
    oldest = ".".join(map(str, _OLDEST_OF_PROBES))
    return Warn(
        f"Python {version} ({why}) is too old for HeroCI, which runs tests on {oldest} and newer versions; "
        f'set python = "{oldest}" or a newer version that the dependencies allow',
        (f'python = "{oldest}"',),
    )


def _required(project: ProjectFiles) -> tuple[str, ...]:
    """Return what the project's metadata and its lock file state about Python."""
    found = find_dependencies(project)
    metadata = read_metadata(project.tree, found.project) if found.project else None
    lock = project.tree.toml(found.lock) if found.lock else {}
    about = table(lock.get("metadata"))
    stated = (
        metadata.requires_python if metadata else "",
        lock.get("requires-python"),  # uv and PEP 751
        about.get("python-versions"),  # Poetry
        about.get("requires_python"),  # PDM
    )
    return tuple(text for text in stated if isinstance(text, str) and text)


def _version(text: str) -> Version:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


@once
def choose_python(project: ProjectFiles) -> tuple[str, str]:
    """Return the version that the project names, else the newest that it allows, with its origin in words."""
    installs = read_installs(project)
    named = (found for found in _named(project) if not _passes_over(project, found[0], installs))
    (major, minor), why = next(named, None) or _newest_allowed(project)
    return f"{major}.{minor}", why


def passes_over(project: ProjectFiles, python: str | None, installs: Installs) -> bool:
    """Return whether uv takes another Python than the one of a job, because `requires-python` excludes that."""
    return any(_passes_over(project, version, installs) for version in _versions(python or "")[:1])


def _passes_over(project: ProjectFiles, version: Version, installs: Installs) -> bool:
    allowed = all(allows(specifier, version) for specifier in _required(project))
    return installs.manager == "uv" and not allowed


def _named(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    tree = project.tree
    yield from _in_tox(project)
    yield from _in_environment(project)
    # uv itself reads .python-version; other tools use the Python that the CI sets up.
    if read_installs(project).manager != "uv":
        yield from _in_ci(project)
    for directory in project.layout.directories:
        for name in (".python-version", "runtime.txt", ".tool-versions"):
            path = join(directory, name)
            text = _COMMENT.sub("", tree.text(path))
            versions = _versions(_OTHER_TOOL.sub("", text))
            yield from ((version, path) for version in versions[:1])
    yield from _in_ci(project)
    for version in _versions(installed_python(project.commands) or ""):
        yield version, f"installed by {project.commands[0].source}"
    yield from _in_pixi(project)
    yield from _in_dockerfile(project)
    for directory in project.layout.directories:
        path = join(directory, "Pipfile")
        requires = tree.toml(path).get("requires")
        for key in ("python_version", "python_full_version"):
            named = requires.get(key, "") if isinstance(requires, Mapping) else ""
            yield from ((version, path) for version in _versions(str(named)))
    yield from _in_other_jobs(project)
    yield from _of_distribution(project)


def _in_environment(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Yield the Python that the tests' own line names, else the line of their job that makes the environment."""
    suite = project.ci.suite
    if suite is not None:
        main = suite.main.command
        named = python_of_run(main) or python_of_environment(project.commands) or ""
        yield from (
            (each, f"the Python of the tests in {main.source}") for each in _versions(named)
        )


def _in_pixi(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Yield the newest Python that the environment of pixi allows."""
    found = pixi_environment(project)
    known = [_version(text) for text in SUPPORTED_PYTHONS]
    allowed = [each for each in known if found and found.python and allows(found.python, each)]
    usual = [version for version in allowed if version <= _USUAL] or allowed
    if found and usual:
        yield max(usual), f"python in {found.path}"


def _of_distribution(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Yield the python3 of the distribution in whose image the tests run, unless they call another Python.

    The only other one that the image or the job installs is that one: `apt-get install python3.9`.
    """
    suite = project.ci.suite
    image = (suite.job.base or suite.job.image) if suite else None
    if suite is None or image is None:
        return
    release = re.split(r"-|(?<=\d\d\.\d\d)\.", image.tag)[0]
    version = _DISTRIBUTIONS.get(f"{image.name.rpartition('/')[2]}:{release}")
    commands = (*suite.job.commands, *project.image_commands)
    others = any(re.search(r"python3\.\d", command.line) for command in commands)
    packages = (name for command in commands for name in installed_packages(command))
    installed = {match[1] for name in packages if (match := _PACKAGE.fullmatch(name))}
    if others:
        version = _version(installed.pop()) if len(installed) == 1 else None
    if version and all(allows(specifier, version) for specifier in _required(project)):
        yield version, f"{'installed' if others else 'python3'} in {image.reference}"


def _in_other_jobs(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Yield the newest Python of the service's other jobs that run the suite's tests; its own job names none."""
    suite = project.ci.suite
    if suite is None:
        return
    found: list[tuple[Version, str]] = []
    # The file of another service may be forgotten.
    for job in (job for job in project.ci.jobs if parent(job.source) == parent(suite.job.source)):
        runs = (find_test_run(command, project.tree) for command in job.commands)
        same = any(run and tests_of(run) == tests_of(suite.main) for run in runs)
        versions = _versions(job.python or "") if same and not job.may_fail else []
        found += [(v, f"python-version in {job.source}") for v in versions if v <= NEWEST_PYTHON]
    yield from [max(found)] if found else ()


def _in_tox(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Yield the Python of the environment of tox in which the tests run."""
    suite = project.ci.suite
    tool, _, name = suite.main.command.environment.partition(" ") if suite else ("", "", "")
    for directory in project.layout.directories if tool == "tox" else ():
        config = ToxConfig.read(project.tree, directory)
        version = config.environment(name, (), {}).python if config else None
        if config and version and _version(version) <= NEWEST_PYTHON:
            yield _version(version), f"the environment {name} in {config.path}"


def _versions(text: str) -> list[Version]:
    found = [(int(major), int(minor)) for major, minor in _VERSION.findall(text)]
    return [version for version in found if version >= _OLDEST]


def _in_ci(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    by_source: dict[str, list[Version]] = {}
    for text, source in project.evidence.pythons:
        by_source.setdefault(source, []).extend(_versions(text))
    for source, versions in by_source.items():
        supported = [version for version in versions if version <= NEWEST_PYTHON]
        if versions:
            yield (max(supported) if supported else min(versions)), f"python-version in {source}"


def _in_dockerfile(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Yield the Python of the image of the tests, then the application's, then of images that may be its base."""
    for version in _versions(chosen_python(project.image_commands) or ""):
        yield version, f"chosen in {project.image_commands[0].source}"
    for path in filter(None, (find_dockerfile(project), *find_bases(project))):
        text = project.tree.text(path)
        found = _BASE_IMAGE.search(text) or _VERSION_ARGUMENT.search(text)
        for version in _versions(found[1]) if found else ():
            yield version, f"the base image in {path}"


def _newest_allowed(project: ProjectFiles) -> tuple[Version, str]:
    """Return the newest version that the metadata and the pinned Django allow; no reason if nothing decides."""
    directory = find_dependencies(project).project or project.layout.directory
    metadata = read_metadata(project.tree, directory) or Metadata(directory=directory)
    requires, classifiers = metadata.requires_python, _classified(metadata.classifiers)
    allowed = _allowed(requires, classifiers)
    if not allowed:
        newer = _newer_than_usual(requires)
        return (newer, "the oldest that requires-python allows") if newer else (_USUAL, "")
    supported = (v for v in allowed if v <= _newest_for_django(project, v))
    version = next(supported, allowed[0])
    if version != allowed[0]:
        return version, "the newest that the pinned Django supports"
    if requires:
        return version, "the newest that requires-python allows"
    return (version, "the newest that the classifiers allow") if classifiers else (_USUAL, "")


def _allowed(requires: str, classifiers: list[Version]) -> list[Version]:
    """Return the versions that the metadata allows, the newest first."""
    newest = NEWEST_PYTHON if classifiers else _USUAL
    candidates = ((3, minor) for minor in range(newest[1], _OLDEST[1] - 1, -1))
    return [v for v in candidates if allows(requires, v) and _listed(v, classifiers)]


def _newer_than_usual(requires: str) -> Version | None:
    """Return the oldest version that is newer than the usual one and allowed; None if HeroCI knows none."""
    newer = ((3, minor) for minor in range(_USUAL[1] + 1, NEWEST_PYTHON[1] + 1))
    return next((version for version in newer if allows(requires, version)), None)


def _listed(version: Version, classifiers: list[Version]) -> bool:
    """Return whether classifiers allow a version; those with a newer one than HeroCI's allow all."""
    return not classifiers or version in classifiers or max(classifiers) > NEWEST_PYTHON


def _classified(lines: Iterable[str]) -> list[Version]:
    return [version for line in lines if ":: Python ::" in line for version in _versions(line)]


def _newest_for_django(project: ProjectFiles, version: Version) -> Version:
    """Return the newest Python for the Django that is pinned for a version of Python."""
    python = f"{version[0]}.{version[1]}"
    exact = applicable(find_dependencies(project).exact, python)
    pinned = [pin for pin in exact if distribution(pin) == "django" and is_exact(pin)]
    series = _series(pinned[-1]) if pinned else None
    if series is None or series > max(_DJANGO):
        return NEWEST_PYTHON
    fitting = [python for django, python in sorted(_DJANGO.items()) if django <= series]
    return fitting[-1] if fitting else NEWEST_PYTHON


def _series(pin: Requirement) -> Version | None:
    match = re.match(r"={2,3}(\d+)\.(\d+)", str(pin.specifier))
    return (int(match[1]), int(match[2])) if match else None
