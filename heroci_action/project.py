"""Reads the configuration file, asks detection for the rest, and says everything that is wrong at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from heroci_action.config.checks import cross_problems, model_problems
from heroci_action.config.location import DEFAULTS, read_file, read_named, repository_root
from heroci_action.config.model import Config, ImageConfig, ReportConfig
from heroci_action.detection import Detected, detect
from heroci_action.detection.facts import Facts
from heroci_action.errors import ConfigurationError, Problem, UsageError
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES
from heroci_action.repository.files import RepositoryFiles, python_targets

COMMAND_LINE = "the command line"
# What is written replaces what was detected as a whole: `services = {}` means none, and a list is complete.
_WHOLE = frozenset({"services", "lint"})
# If one key of such a table is wrong, the others are still checked.
_TABLES = frozenset({"stages", "services", "env", "report"}) | {
    stage.table for stage in BUILT_IN_STAGES.values() if stage.table
}
_SERVICE = re.compile(r"\{([\w-]+)\.(?:host|port|user|password|db|url)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """The configuration of the repository at `root`; `origins` states where the value of each dotted key came from."""

    root: Path
    config: Config
    origins: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    facts: Facts = field(default_factory=Facts)

    def detected(self, key: str) -> bool:
        """Return whether the value of this key was detected or is a default, not configured."""
        return self.origins.get(key, "defaults").startswith(("defaults", "detected"))


def load(
    path: Path, *, overrides: Mapping[str, object] | None = None, config: Path | None = None
) -> ProjectConfig:
    """The configuration of the repository that `path` lies in; `overrides` are dotted keys from the command line.

    `config` is a file that is read instead of the project's own.
    Raises ConfigurationError with every problem at once, UsageError where there is no Django project.
    """
    place = path.resolve()
    if not place.is_dir():
        raise UsageError(
            f"{str(path)!r} is no directory",
            remedy="give the root of a repository or a directory in it",
        )
    root = repository_root(place)
    written, origin = read_named(root, config.resolve()) if config else read_file(root, place)
    given = _with_overrides(_with_place(written, root, place), overrides or {})
    tree = RepositoryFiles.read(root)
    problems = list(model_problems(given, origin))
    usable = _without(given, problems)
    try:
        detected = detect(tree, usable)
    except UsageError:
        if problems:
            raise ConfigurationError(tuple(problems)) from None
        raise
    merged, origins = _layers(usable, detected, origin, overrides or {})
    checked = Config.model_validate(merged, by_alias=True, by_name=False)
    problems += cross_problems(checked, usable, origins, tree=tree, named=_names(given))
    if problems:
        raise ConfigurationError(tuple(sorted(problems, key=lambda problem: problem.key)))
    return ProjectConfig(
        root=root,
        config=checked,
        origins=origins,
        warnings=(*detected.warnings, *_left_out(usable, detected)),
        facts=_facts(detected.facts, checked, root),
    )


def report_config(written: Mapping[str, Any], origin: str) -> ReportConfig:
    """What a configuration, as `read_file` gives it, says of reports; nothing is detected.

    Raises ConfigurationError with every problem of the whole file, as `load` does: a misspelt table is no table.
    """
    problems = tuple(model_problems(written, origin))
    if problems:
        raise ConfigurationError(tuple(sorted(problems, key=lambda problem: problem.key)))
    return Config.model_validate(written, by_alias=True, by_name=False).report


def _with_place(written: dict[str, Any], root: Path, place: Path) -> dict[str, Any]:
    """A directory below the root that the user named is the working directory, unless the file says another one."""
    if place == root or "working-directory" in written:
        return written
    return {**written, "working-directory": place.relative_to(root).as_posix()}


def _with_overrides(written: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    merged = dict(written)
    for key, value in overrides.items():
        table, dot, _ = key.partition(".")
        # A dry run of what the project does not have at all makes no table of it.
        pointless = value is False and dot and table not in written
        if value is not None and not pointless:
            merged = _put(merged, key.split("."), value)
    return merged


def _put(table: Mapping[str, Any], path: list[str], value: object) -> dict[str, Any]:
    inner = table.get(path[0])
    if len(path) > 1:
        value = _put(inner if isinstance(inner, Mapping) else {}, path[1:], value)
    elif isinstance(inner, Mapping) and isinstance(value, Mapping):
        value = {**inner, **value}
    return {**table, path[0]: value}


def _without(given: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """What is left when every key with a problem is taken out, so that the rest can be checked as well."""
    usable = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in given.items()
    }
    for problem in problems:
        top, _, rest = problem.key.partition(".")
        name = rest.partition(".")[0].partition("[")[0]
        inner = usable.get(top)
        if isinstance(inner, dict) and name in inner and top in _TABLES:
            del inner[name]
        else:
            usable.pop(top.partition("[")[0], None)
    return usable


def _names(given: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of services and stages that are written, those with problems included."""
    return tuple(  # type: ignore[return-value]
        frozenset(given[key]) if isinstance(given.get(key), Mapping) else frozenset()
        for key in ("services", "stages")
    )


def _layers(
    given: Mapping[str, Any], detected: Detected, origin: str, overrides: Mapping[str, object]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Defaults, then detection, then what is written: the merged tables, and the origin of each dotted key."""
    layers = _Layers()
    layers.add(_defaults(), lambda _: DEFAULTS)
    for key, value in detected.values.items():
        if _wanted(key, given) and not _dangles(value, given):
            layers.add(_put({}, key.split("."), value), partial(_constant, detected.origins[key]))
    layers.add(given, lambda key: COMMAND_LINE if _is_override(key, overrides) else origin)
    return layers.values, layers.origins


def _constant(text: str, _: str) -> str:
    return text


def _is_override(key: str, overrides: Mapping[str, object]) -> bool:
    return any(
        value is not None and (key == name or key.startswith(f"{name}."))
        for name, value in overrides.items()
    )


def _wanted(key: str, given: Mapping[str, Any]) -> bool:
    """Whether a detected key is not replaced as a whole by what is written."""
    top = key.partition(".")[0]
    return not (top in _WHOLE and top in given) and not (
        top == "image" and given.get("image") is False
    )


def _dangles(value: object, given: Mapping[str, Any]) -> bool:
    """Whether a detected value points to a service that the written ones do not have."""
    services = given.get("services")
    if not isinstance(value, str) or not isinstance(services, Mapping):
        return False
    return not set(_SERVICE.findall(value)) <= set(services)


def _left_out(given: Mapping[str, Any], detected: Detected) -> Iterator[str]:
    """Services that were detected and that the written ones do not have: {} is a clear word, a part may be a slip."""
    services = given.get("services")
    if isinstance(services, Mapping) and services:
        names = {key.split(".")[1] for key in detected.values if key.startswith("services.")}
        for name in sorted(names - set(services)):
            variables = [
                key[4:] for key, value in detected.values.items() if f"{{{name}." in str(value)
            ]
            yield (
                f"services is written without {name!r}, which the settings take from "
                f"{', '.join(variables) or 'the code'}; add it to services if the tests need it"
            )


def _facts(facts: Facts, config: Config, root: Path) -> Facts:
    """The facts that the written configuration overrules."""
    skips = {
        stage: why
        for stage, why in facts.skips.items()
        if not (stage == "image" and _has_dockerfile(config))
    }
    return replace(facts, skips=skips, lint_targets=python_targets(root / config.working_directory))


def _has_dockerfile(config: Config) -> bool:
    return isinstance(config.image, ImageConfig) and config.image.command is not None


def _defaults() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("heroci_action.config")
        .joinpath("defaults.toml")
        .read_text(encoding="utf-8")
    )


@dataclass
class _Layers:
    """Tables put over each other key by key, with the origin of each value by dotted key."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, layer: Mapping[str, Any], origin_of: Callable[[str], str]) -> None:
        """Put a layer over what is there; an empty table adds nothing to a table."""
        self._add(self.values, layer, origin_of, "")

    def _add(
        self,
        into: dict[str, Any],
        layer: Mapping[str, Any],
        origin_of: Callable[[str], str],
        prefix: str,
    ) -> None:
        for key, value in layer.items():
            dotted = f"{prefix}{key}"
            below = into.get(key)
            if isinstance(value, Mapping) and value:
                into[key] = dict(below) if isinstance(below, Mapping) else {}
                self.origins.pop(dotted, None)
                self._add(into[key], value, origin_of, f"{dotted}.")
            elif not (isinstance(value, Mapping) and isinstance(below, Mapping)):
                into[key] = value
                for old in [old for old in self.origins if old.startswith(f"{dotted}.")]:
                    del self.origins[old]
                self.origins[dotted] = origin_of(dotted)
