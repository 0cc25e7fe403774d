"""Checks of the configuration as a whole: files, names that refer to each other, and placeholders."""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from heroci_action.config.model import Config, ImageConfig, StageConfig
from heroci_action.config.problems import dotted
from heroci_action.config.types import inside
from heroci_action.errors import Problem
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES, DEFAULT_NEEDS
from heroci_action.plan.stages import circular_needs
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import RepositoryFiles, join
from heroci_action.text import suggest

SERVICE_ATTRIBUTES = ("host", "port", "user", "password", "db", "url")
BUILT_IN_SERVICES = ("postgres", "redis", "mysql", "mariadb")
_APP_ATTRIBUTES = ("host", "port", "url", "interface")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w-]*)\.([A-Za-z_]\w*)\}")
# Debian Policy, 5.6.1 (names) and 5.6.12 (versions), and what else apt-get(8) accepts: architecture, release, wildcard.
_DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.*-]+(:[a-z0-9-]+)?(=[A-Za-z0-9.+:~*-]+|/[\w.-]+)?")
_FROM_ROOT = "paths are relative to the repository's root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the user wrote: tables without invalid values, and every name of a service or stage."""

    given: Mapping[str, Any]
    services: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()

    @classmethod
    def of(cls, given: Mapping[str, Any], usable: Mapping[str, Any]) -> Written:
        """Take the names from everything that was written, and the values from the usable part."""
        return cls(given=usable, services=_names(given, "services"), stages=_names(given, "stages"))

    def has(self, key: str) -> bool:
        """Return whether a dotted key was written."""
        table, _, name = key.partition(".")
        inner = self.given.get(table)
        return isinstance(inner, Mapping) and name in inner if name else table in self.given


def _names(given: Mapping[str, Any], key: str) -> frozenset[str]:
    table = given.get(key)
    return frozenset(table) if isinstance(table, Mapping) else frozenset()


def find_contradictions(
    config: Config, written: Written, origins: Mapping[str, str], tree: RepositoryFiles
) -> Iterator[Problem]:
    """Find missing files, unknown names, cycles and placeholders without a value.

    Detected values are not checked: detection found them in the repository.
    """
    services = frozenset(config.services) | written.services
    for problem in (
        *_paths(config, written, tree),
        *_debian_packages(config, written),
        *_lint_tools(config),
        *_services(config),
        *_stages(config, services, written.stages),
        *_publish(config),
        *_placeholders(config, services, origins),
    ):
        yield replace(problem, origin=_origin(problem.key, origins))


def _origin(key: str, origins: Mapping[str, str]) -> str | None:
    base = key.partition("[")[0]
    inside = (why for name, why in origins.items() if name.startswith(f"{base}."))
    # A short form, such as a list of lint tools, has an origin only as a whole.
    return origins.get(base) or next(inside, None) or origins.get(base.partition(".")[0])


def _program_paths(config: Config, written: Written, tree: RepositoryFiles) -> Iterator[Problem]:
    hook = (config.hook or "").rpartition(":")[0]
    if hook.endswith(".py"):
        yield from _file(tree, "hook", hook, like=r".*\.py")
    if config.tests.script and written.has("tests.script"):
        script = f"{config.working_directory}/{config.tests.script}"
        yield from _file(tree, "tests.script", script, like=r"(.*/)?\w*tests?\w*\.py")


def _paths(config: Config, written: Written, tree: RepositoryFiles) -> Iterator[Problem]:
    if written.has("working-directory"):
        yield from _directory(tree, "working-directory", config.working_directory)
    for key, files in (("requirements", config.requirements), ("constraints", config.constraints)):
        for index, file in enumerate(files if written.has(key) else ()):
            yield from _file(tree, f"{key}[{index}]", file, like=r".*\.(txt|in|toml)")
    if config.lock and written.has("lock"):
        yield from _file(tree, "lock", config.lock, like=r".*\.lock|(.*/)?pylock[\w.]*\.toml")
    yield from _program_paths(config, written, tree)
    if isinstance(config.image, ImageConfig):
        yield from _image_paths(config.image, written, tree)


def _image_paths(image: ImageConfig, written: Written, tree: RepositoryFiles) -> Iterator[Problem]:
    if image.dockerfile and written.has("image.dockerfile"):
        like = r"(.*/)?[\w.-]*Dockerfile[\w.-]*"
        yield from _file(tree, "image.dockerfile", image.dockerfile, like=like)
    if written.has("image.context"):
        yield from _directory(tree, "image.context", image.context)


def _directory(tree: RepositoryFiles, key: str, path: str) -> Iterator[Problem]:
    if not (tree.root / path).is_dir():
        yield Problem(key=key, message=f"there is no directory {path!r}", remedy=_FROM_ROOT)
    else:
        yield from _outside(tree, key, path)


def _file(tree: RepositoryFiles, key: str, path: str, *, like: str) -> Iterator[Problem]:
    if inside(path) and (tree.root / path).is_file():
        yield from _outside(tree, key, path)
        return
    shown = join(path)
    known = tree.matching(like)
    same_name = (file for file in known if file.rpartition("/")[2] == shown.rpartition("/")[2])
    hint = next((f"; did you mean {file!r}?" for file in same_name), suggest(shown, known))
    yield Problem(key=key, message=f"there is no file {shown!r}{hint}", remedy=_FROM_ROOT)


def _outside(tree: RepositoryFiles, key: str, path: str) -> Iterator[Problem]:
    if not (tree.root / path).resolve().is_relative_to(tree.root.resolve()):
        message = f"{path!r} is a symbolic link that leads outside the repository"
        yield Problem(key=key, message=message)


def _debian_packages(config: Config, written: Written) -> Iterator[Problem]:
    for index, name in enumerate(config.apt if written.has("apt") else ()):
        if not _DEBIAN_PACKAGE.fullmatch(name):
            yield Problem(
                key=f"apt[{index}]",
                message=f"{name!r} is not the name of a Debian package",
                remedy='list each package by itself, such as apt = ["libxml2-dev", "gettext"]',
            )


def _lint_tools(config: Config) -> Iterator[Problem]:
    for name, tool in config.lint.items():
        if tool.command is None and name not in LINT_TOOLS:
            program = re.sub(r"[^\w-].*", "", name) or "mine"
            line = name if program != name else f"{name} ."
            yield Problem(
                key=dotted(("lint", name)),
                message=f"there is no built-in lint tool {name!r}{suggest(name, LINT_TOOLS)}",
                remedy=f"set its command: lint = {{ {program} = {json.dumps(line)} }}; "
                f"built-in tools are {', '.join(LINT_TOOLS)}",
            )


def _services(config: Config) -> Iterator[Problem]:
    for name, service in config.services.items():
        if name not in BUILT_IN_SERVICES and service.image is None and service.command is None:
            yield Problem(
                key=f"services.{name}",
                message=f"there is no built-in service {name!r}{suggest(name, BUILT_IN_SERVICES)}",
                remedy=f'set its image or command: services.{name} = {{ image = "…", port = 1234 }}',
            )


def _stages(config: Config, services: frozenset[str], written: frozenset[str]) -> Iterator[Problem]:
    stages = frozenset((*BUILT_IN_STAGES, *config.stages, *written))
    for name, stage in config.stages.items():
        key = dotted(("stages", name))
        yield from _unknown_stages(f"{key}.needs", stage.needs or (), stages)
        yield from _unknown_services(f"{key}.services", stage.services or (), services)
        built_in = name in BUILT_IN_STAGES
        yield from _built_in_stage(key, name, stage) if built_in else _own_stage(key, stage)
        if stage.outputs and (stage.parallel or name == "lint"):
            yield Problem(
                key=f"{key}.outputs",
                message="a stage with parallel steps has no outputs",
                remedy="create them in a stage of their own, whose steps run in order",
            )
    cycle = tuple(circular_needs(_needs(config)))
    yield from cycle or _without_environment(config, stages)


def _without_environment(config: Config, known: frozenset[str]) -> Iterator[Problem]:
    """Find stages whose steps run in the base environment, but that do not wait for it."""
    needs = _needs(config)
    if not known.issuperset(chain.from_iterable(needs.values())):
        return
    waiting = _dependents("base", needs)
    for name, stage in config.stages.items():
        own = stage.steps or stage.outputs or name != "image"
        if stage.needs is not None and own and not stage.image and name not in waiting:
            yield Problem(
                key=f"{dotted(('stages', name))}.needs",
                message=f"{name!r} runs in the base environment, but does not need the stage 'base'",
                remedy='add "base" to its needs, or set the `image` in which it runs',
            )


def _dependents(name: str, needs: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the stage and all stages that need it, directly or indirectly."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for stage, others in needs.items():
        for other in others:
            after[other].append(stage)
    found, pending = {name}, [name]
    while pending:
        new = [stage for stage in after[pending.pop()] if stage not in found]
        found.update(new)
        pending += new
    return found


def _unknown_services(
    key: str, names: Iterable[str], services: frozenset[str]
) -> Iterator[Problem]:
    for name in names:
        if name not in services:
            yield Problem(
                key=key,
                message=f"there is no service {name!r}{suggest(name, services)}",
                remedy=f"declare it: services.{name} = …",
            )


def _built_in_stage(key: str, name: str, stage: StageConfig) -> Iterator[Problem]:
    if stage.image:
        yield Problem(
            key=f"{key}.image",
            message=f"the built-in stage {name!r} runs in the base environment",
            remedy="set `base-image`, or define another stage with this image",
        )


def _own_stage(key: str, stage: StageConfig) -> Iterator[Problem]:
    if not stage.steps:
        yield Problem(key=f"{key}.steps", message="the stage needs at least one step")


def _unknown_stages(key: str, needs: Iterable[str], known: frozenset[str]) -> Iterator[Problem]:
    for need in needs:
        if need not in known:
            yield Problem(key=key, message=f"there is no stage {need!r}{suggest(need, known)}")


def _publish(config: Config) -> Iterator[Problem]:
    if config.publish is None:
        return
    if "publish" in config.stages:
        yield Problem(
            key="stages.publish",
            message="the table `publish` already defines a stage of this name",
            remedy="rename this stage, or remove `publish`",
        )
    known = frozenset((*BUILT_IN_STAGES, *config.stages))
    yield from _unknown_stages("publish.needs", config.publish.needs or (), known)


def _needs(config: Config) -> dict[str, tuple[str, ...]]:
    """Return what each stage needs, whether built in or configured."""
    needs = {name: stage.needs for name, stage in BUILT_IN_STAGES.items()}
    for name, stage in config.stages.items():
        needs[name] = needs.get(name, DEFAULT_NEEDS) if stage.needs is None else stage.needs
    return needs


def _placeholders(
    config: Config, services: frozenset[str], origins: Mapping[str, str]
) -> Iterator[Problem]:
    for key, text in _texts_with_placeholders(config):
        if (_origin(key, origins) or "").startswith("detected"):
            continue
        # Programs in a command use braces too, so only known names are checked there.
        strict = ".env." in f".{key}" or key == "publish.address"
        for match in _PLACEHOLDER.finditer(text):
            message = _placeholder_message(match[1], match[2], services, strict=strict)
            if message:
                yield Problem(
                    key=key,
                    message=f"{match[0]} {message}",
                    remedy=f"a service has {', '.join(SERVICE_ATTRIBUTES)}; "
                    "use {env.NAME} for a variable of the caller",
                )


def _texts_with_placeholders(config: Config) -> Iterator[tuple[str, str]]:
    if config.publish:
        yield "publish.address", config.publish.address
    for name, value in config.env.items():
        yield f"env.{name}", value
    for service, table in config.services.items():
        yield from ((f"services.{service}.env.{name}", text) for name, text in table.env.items())
    for name, stage in config.stages.items():
        key = dotted(("stages", name))
        yield from ((f"{key}.env.{variable}", text) for variable, text in stage.env.items())
        for index, step in enumerate(stage.steps):
            line = step.run if isinstance(step.run, str) else shlex.join(step.run)
            yield f"{key}.steps[{index}]", line


def _placeholder_message(
    name: str, attribute: str, services: frozenset[str], *, strict: bool
) -> str | None:
    if name == "env":
        return None
    known = _APP_ATTRIBUTES if name == "app" else SERVICE_ATTRIBUTES
    if name == "app" or name in services:
        hint = suggest(attribute, known)
        return None if attribute in known else f"is not an attribute of {name!r}{hint}"
    if attribute in SERVICE_ATTRIBUTES and (strict or name in BUILT_IN_SERVICES):
        return f"refers to the undeclared service {name!r}{suggest(name, services)}"
    return f"is not a known placeholder{suggest(name, services)}" if strict else None
