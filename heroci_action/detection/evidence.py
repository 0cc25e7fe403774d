"""The findings of the project's CI and compose files, in one place for the detectors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.ci.compose.composition import COMPOSE_FILE, Composition
from heroci_action.detection.ci.compose.origins import find_origins
from heroci_action.detection.ci.dotenv import read_dotenv
from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.detection.ci.records import UNKNOWN, Command, Image
from heroci_action.detection.ci.test_runs import Runner
from heroci_action.detection.pytest_file import find_pytest_variables
from heroci_action.detection.sources.named_dotenv import find_env_files, find_fixed_files
from heroci_action.repository.files import RepositoryFiles, join, parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The commands of every job and of the suite's, with its variables, images and Python.

    A variable comes with the file that sets it; `application` are those of the services that compose files build. The
    code itself reads `env_files`, whose names variables decide, and `fixed_files`, each with the module that reads it,
    which do not need to exist; the variables of those that the CI writes are among `env`.
    """

    commands: tuple[Command, ...] = ()
    testing: tuple[Command, ...] = ()
    env: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    fixed_files: tuple[tuple[str, str], ...] = ()
    images: tuple[Image, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()
    application: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def gather(tree: RepositoryFiles, ci: ProjectCI, places: Collection[str] = ()) -> Evidence:
    """Collect the commands, variables, images and Python versions; compose files in `places` come first."""
    suite = ci.suite
    # A laptop may have servers that a target of make does not start.
    is_ci = suite is not None and suite.job in ci.jobs and not suite.job.name.startswith("make ")
    job = ci.likely_job
    compositions = _compositions(tree, places)
    fixed = tuple(find_fixed_files(tree, next(iter(places), ".")))
    env = _variables(tree, ci, places, [path for path, _ in fixed])
    known = {name: value for name, (value, _) in env.items()}
    env_files = tuple(find_env_files(tree, next(iter(places), "."), known))
    return Evidence(
        commands=ci.commands,
        testing=ci.tests if is_ci else (),
        env={**read_dotenv(tree, env_files), **env},
        env_files=env_files,
        fixed_files=fixed,
        images=(*ci.services, *_compose_images(compositions)),
        pythons=((job.python, job.source),) if job and job.python else (),
        application=_application(compositions),
    )


def _variables(
    tree: RepositoryFiles, ci: ProjectCI, places: Collection[str], fixed: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Return the variables of the suite, of a .env that the CI writes, and those that pytest gives its tests."""
    suite = ci.suite
    origins = find_origins(suite.main.command, tree) if suite else {}
    source = suite.job.source if suite else ""
    found = {name: (value, origins.get(name, source)) for name, value in ci.env.items()}
    # Without a path, django-environ reads the file beside the module that asks for it.
    beside = map(parent, tree.python_with("read_env"))
    usual = (join(place, ".env") for place in (*places, *beside))
    paths = dict.fromkeys((*usual, *fixed))
    written = read_dotenv(tree, (path for path in paths if path in ci.created), ci.created)
    found |= {name: pair for name, pair in written.items() if name not in found}
    if suite is None or all(run.runner is Runner.PYTEST for run in suite.runs):
        for name, value, file, is_default in find_pytest_variables(tree, places):
            if not (is_default and name in found):
                found[name] = (value, file)
    return found


def _application(compositions: Mapping[str, Composition]) -> dict[str, tuple[str, str]]:
    """Return the variables of the services that the compose files build, the first one's before those of others."""
    found: dict[str, tuple[str, str]] = {}
    for path, composition in compositions.items():
        # Developers set the variables without a default in a file of their own.
        used = replace(composition, unset=UNKNOWN)
        for name in filter(used.build, used.services):
            for variable, value in used.environment(name).items():
                found.setdefault(variable, (value, path))
    return found


def _compositions(tree: RepositoryFiles, places: Collection[str]) -> dict[str, Composition]:
    """Return the compose files with their contents, those in `places` first."""
    paths = sorted(tree.matching(COMPOSE_FILE), key=lambda path: parent(path) not in places)
    return {path: Composition(tree=tree, paths=(path,)) for path in paths}


def _compose_images(compositions: Mapping[str, Composition]) -> Iterator[Image]:
    for composition in compositions.values():
        for name, content in composition.services.items():
            image = composition.image(name) if "image" in content else None
            if image is not None:
                yield image
