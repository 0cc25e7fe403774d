"""Combine the written configuration with what detection finds, and report every problem at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from heroci_action.config.checks import Written, find_contradictions
from heroci_action.config.layers import Layers, defaults, put
from heroci_action.config.location import (
    DEFAULTS,
    configuration_file,
    read_file,
    read_named,
    repository_root,
)
from heroci_action.config.model import Config, ImageConfig
from heroci_action.config.problems import LocatedProblem, find_problems
from heroci_action.detection import Detected, detect, find_project
from heroci_action.detection.ci.shell.written_files import find_written_files
from heroci_action.detection.facts import Facts
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.projects import find_projects
from heroci_action.errors import ConfigurationError, UsageError
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES
from heroci_action.repository.files import RepositoryFiles, python_targets

COMMAND_LINE = "the command line"
# A written value replaces the detected one as a whole: `services = {}` means none, and a list is complete.
_WHOLE = frozenset({"services", "lint"})
# If one key of such a table is invalid, the others are still checked.
_TABLES = frozenset({"stages", "services", "env", "report"}) | {
    stage.table for stage in BUILT_IN_STAGES.values() if stage.table
}
_SERVICE = re.compile(r"\{([\w-]+)\.(?:host|port|user|password|db|url)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """The configuration of the repository at `root`; `origins` states the source of the value of each dotted key.

    The configuration file is in the directory `place`, or else in the root. `django` is a requirement that
    overrides the lock, if the project runs as a cell of its matrix.
    """

    root: Path
    place: Path
    config: Config
    origins: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    facts: Facts = field(default_factory=Facts)
    django: str | None = None

    def detected(self, key: str) -> bool:
        """Return whether the value of this key was detected or is a default, not configured."""
        return self.origins.get(key, DEFAULTS).startswith((DEFAULTS, "detected"))


def load(
    path: Path, *, overrides: Mapping[str, object] | None = None, config: Path | None = None
) -> ProjectConfig:
    """Load the configuration of the repository that contains `path`.

    `overrides` are dotted keys from the command line. `config` is read instead of the project's own file. If neither
    `path` nor the root has a configuration, the detected project's counts.
    Raises ConfigurationError with every problem at once, and UsageError if there is no Django project.
    """
    place = _directory(path)
    root = repository_root(place)
    written, origin = read_named(root, config.resolve()) if config else read_file(root, place)
    tree = RepositoryFiles.read(root)
    given = _with_overrides(_with_place(written, tree, place), overrides or {})
    invalid = tuple(find_problems(given, origin))
    usable = _without(given, invalid)
    project = _find_project(tree, usable, invalid)
    directory = root / project.layout.directory
    is_searched = origin != DEFAULTS or directory in (root, place)
    if not is_searched and (own := configuration_file(root, directory)):
        return replace(load(path, overrides=overrides, config=root / own[0]), place=directory)
    detected = detect(project)
    layers = _layers(usable, detected, origin, overrides or {})
    checked = Config.model_validate(layers.values, by_alias=True, by_name=False)
    problems = (
        *(found.problem for found in invalid),
        *find_contradictions(checked, Written.of(given, usable), layers.origins, tree),
    )
    if problems:
        raise ConfigurationError(tuple(sorted(problems, key=lambda problem: problem.key)))
    return ProjectConfig(
        root=root,
        place=place,
        config=checked,
        origins=layers.origins,
        warnings=(
            *detected.warnings,
            *_missing_services(usable, detected),
            *_similar_stages(checked),
        ),
        facts=_facts(detected.facts, checked, tree),
    )


def _directory(path: Path) -> Path:
    """Return the absolute path of a directory. Raises UsageError if it is not one, or if reports cannot name it."""
    place = path.resolve()
    if not place.is_dir():
        raise UsageError(
            f"{str(path)!r} is not a directory",
            remedy="name the root of a repository or a directory in it",
        )
    if place.as_posix().encode(errors="replace").decode() != str(place):
        raise UsageError(
            f"the path {str(place)!r} is not valid UTF-8, which coverage.py and JUnit files cannot express",
            remedy="rename the directory",
        )
    return place


def _find_project(
    tree: RepositoryFiles, usable: Mapping[str, Any], invalid: tuple[LocatedProblem, ...]
) -> ProjectFiles:
    try:
        return find_project(tree, usable)
    except UsageError:
        # An invalid working directory is the likely reason for finding no project.
        if invalid:
            raise ConfigurationError(tuple(found.problem for found in invalid)) from None
        raise


def _with_place(written: dict[str, Any], tree: RepositoryFiles, place: Path) -> dict[str, Any]:
    """Make the directory that the user named the working directory.

    A configured one is kept, unless the user named another project of the repository.
    """
    directory = place.relative_to(tree.root).as_posix()
    configured = written.get("working-directory")
    if directory == "." or (configured is not None and directory not in find_projects(tree)):
        return written
    return {**written, "working-directory": directory}


def _with_overrides(written: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    merged = dict(written)
    for key, value in overrides.items():
        table, dot, _ = key.partition(".")
        # `publish.push = false` must not create a table `publish`.
        pointless = value is False and dot and table not in written
        if value is not None and not pointless:
            merged = put(merged, key.split("."), value)
    return merged


def _without(given: Mapping[str, Any], invalid: tuple[LocatedProblem, ...]) -> dict[str, Any]:
    """Return the configuration without its invalid keys, so that the rest can be checked too."""
    usable = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in given.items()
    }
    for found in invalid:
        top, *below = (str(part) for part in found.location)
        inner = usable.get(top)
        if top in _TABLES and below and isinstance(inner, dict) and below[0] in inner:
            del inner[below[0]]
        else:
            usable.pop(top, None)
    return usable


def _layers(
    given: Mapping[str, Any], detected: Detected, origin: str, overrides: Mapping[str, object]
) -> Layers:
    """Merge the defaults, the detected values, and the written configuration."""
    layers = Layers()
    layers.add(defaults(), lambda _: DEFAULTS)
    services = _services(given, detected)
    for key, found in detected.values.items():
        provided = _refers_to(found) <= services
        value = found if provided else detected.alternatives.get(key)
        if value is not None and not _replaced(key, given):
            layers.add(put({}, key.split("."), value), partial(_constant, detected.origins[key]))
    layers.add(given, lambda key: COMMAND_LINE if _is_override(key, overrides) else origin)
    return layers


def _constant(text: str, _: str) -> str:
    return text


def _is_override(key: str, overrides: Mapping[str, object]) -> bool:
    return any(
        value is not None and (key == name or key.startswith(f"{name}."))
        for name, value in overrides.items()
    )


def _replaced(key: str, given: Mapping[str, Any]) -> bool:
    """Return whether the written configuration replaces a detected key with everything around it."""
    top = key.partition(".")[0]
    return (top in _WHOLE and top in given) or (top == "image" and given.get("image") is False)


def _services(given: Mapping[str, Any], detected: Detected) -> frozenset[str]:
    """Return the names of the services of the run."""
    services = given.get("services")
    if isinstance(services, Mapping):
        return frozenset(services)
    return _detected_services(detected)


def _detected_services(detected: Detected) -> frozenset[str]:
    return frozenset(key.split(".")[1] for key in detected.values if key.startswith("services."))


def _refers_to(value: object) -> frozenset[str]:
    """Return the services that the placeholders of a value name."""
    return frozenset(_SERVICE.findall(value)) if isinstance(value, str) else frozenset()


def _missing_services(given: Mapping[str, Any], detected: Detected) -> Iterator[str]:
    """Warn of detected services that the written ones lack; `services = {}` is taken as intended."""
    services = given.get("services")
    if not isinstance(services, Mapping) or not services:
        return
    for name in sorted(_detected_services(detected) - set(services)):
        variables = [
            key.removeprefix("env.")
            for key, value in detected.values.items()
            if name in _refers_to(value)
        ]
        yield (
            f"`services` does not contain {name!r}, which the settings read from "
            f"{', '.join(variables) or 'their code'}; add it to `services` if the tests need it"
        )


def _similar_stages(config: Config) -> Iterator[str]:
    """Warn of stages whose names look like misspelt built-in ones."""
    for name in config.stages:
        similar = get_close_matches(name, BUILT_IN_STAGES, n=1, cutoff=0.75)
        # `tests-2` is no misspelling of `tests`.
        if name.partition("-")[0] not in BUILT_IN_STAGES and similar:
            yield (
                f"`stages.{name}` defines another stage beside the built-in stage {similar[0]!r}; "
                f"to change that one, write `stages.{similar[0]}`"
            )


def _facts(facts: Facts, config: Config, tree: RepositoryFiles) -> Facts:
    """Return the facts that the written configuration does not overrule, and what follows from both."""
    skips = {
        stage: why
        for stage, why in facts.skips.items()
        if not (stage == "image" and _has_command(config))
    }
    written = {
        step.line: find_written_files(step.line, str(config.working_directory), tree)
        for step in config.tests.before
    }
    targets = python_targets(tree.root / config.working_directory)
    return replace(facts, skips=skips, lint_targets=targets, written=written)


def _has_command(config: Config) -> bool:
    return isinstance(config.image, ImageConfig) and config.image.command is not None
