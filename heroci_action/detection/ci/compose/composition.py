"""Compose files that are merged, and what each of their services is and contains."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from heroci_action.detection.ci.compose.image_build import ImageBuild, find_build
from heroci_action.detection.ci.compose.interpolation import fill
from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.paths import locate, spell
from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.ci.yaml_file import (
    Nothing,
    Number,
    Overriding,
    Reset,
    arguments,
    items,
    read_variables,
    read_yaml,
    table,
    texts,
    write_yaml,
)
from heroci_action.detection.ci.yaml_numbers import write_as_go
from heroci_action.repository.files import RepositoryFiles, join, parent

COMPOSE_FILE = r"(.*/)?(docker-)?compose[^/]*\.ya?ml"
_NEEDS = ("depends_on", "links")
# Keys of which Compose keeps the values of every file.
_UNITED = ("links", "env_file", "volumes")
_ENDED = "service_completed_successfully"
MAX_DEPTH = 5  # files that include or extend each other


def _variables(value: object) -> dict[str, str | None]:
    """Return a table of variables, or a list of `NAME=value`, with numbers as Compose writes them.

    A name without a value has None: `NAME:`, `- NAME`.
    """
    return {name: _text(text) for name, text in read_variables(value).items()}


def _text(value: str | None) -> str | None:
    if isinstance(value, Nothing):
        return None
    return write_as_go(value) if isinstance(value, Number) else value


def _names(value: object) -> list[Any]:
    """Return the entries of a list, the keys of a table, or a text."""
    return list(value) if isinstance(value, Mapping | list) else texts(value)


def _settle(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two tables without the keys that the later one resets, and the earlier one without overridden ones."""
    kept = {
        key: value
        for key, value in before.items()
        if not isinstance(after.get(key), Reset | Overriding)
    }
    return kept, {key: value for key, value in after.items() if not isinstance(value, Reset)}


def _conditions(value: object) -> dict[str, Any]:
    """Return the services that `depends_on` names, each with its condition."""
    return dict(value) if isinstance(value, Mapping) else dict.fromkeys(texts(value))


def _merge_builds(before: object, after: object) -> dict[str, Any]:
    """Return the build of a service in two files: the later one replaces keys, and adds to the arguments."""
    first, second = (
        {"context": each} if isinstance(each, str) else dict(table(each))
        for each in (before, after)
    )
    args = {**_variables(first.get("args")), **_variables(second.get("args"))}
    return {**first, **second, **({"args": args} if args else {})}


@dataclass(frozen=True)
class Composition:
    """The services of compose files that are merged in order, with the variables that they are filled with.

    Services of other `profiles` are started only by name. `directory` is the project's if it differs from the first
    file's. `builds` are the images that earlier commands have built, which a service may use by name. `unset` is the
    value of a variable that is not set, and `depth` the number of files that include or extend these. Methods with
    the name of a service raise KeyError if no file defines it.
    """

    tree: RepositoryFiles
    paths: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    profiles: frozenset[str] = frozenset()
    directory: str = ""
    builds: tuple[ImageBuild, ...] = ()
    unset: str = ""
    depth: int = 0

    @property
    def place(self) -> str:
        """The directory to which the paths in the files are relative."""
        return self.directory or parent(self.paths[0])

    @cached_property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """The definition of each service; a later file changes the keys of an earlier one."""
        merged: dict[str, dict[str, Any]] = {}
        for path in self.paths:
            document = read_yaml(self.tree, path)
            own = table(document.get("services")).items()
            for name, content in (*self._included(path, document.get("include")), *own):
                merged, kept = _settle(merged, {name: content})
                if kept:
                    merged[name] = self._merge(merged.get(name, {}), table(content))
        return {name: self._with_base(name, merged) for name in merged}

    def _included(self, path: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the services of the files that a file includes."""
        for entry in items(value):
            named = texts(table(entry).get("path", entry))
            yield from self._other(*(join(parent(path), name) for name in named)).items()

    def _with_base(
        self, name: str, merged: Mapping[str, Mapping[str, Any]], depth: int = 0
    ) -> Mapping[str, Any]:
        """Return a service merged with the one that it extends, perhaps of another file; that may extend a third."""
        content = merged.get(name, {})
        extends = content.get("extends")
        base = table(extends).get("service", extends)
        if not isinstance(base, str) or depth > MAX_DEPTH:
            return content
        if file := table(extends).get("file"):
            found = self._other(join(self.place, str(file))).get(base, {})
        else:
            found = self._with_base(base, merged, depth + 1) if base != name else {}
        return self._merge(found, content) if found else content

    def _other(self, *paths: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the services of other files; files that name each other in a circle have none."""
        if not paths or self.depth > MAX_DEPTH:
            return {}
        return replace(self, paths=paths, directory="", depth=self.depth + 1).services

    def _merge(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Return a service of two files: the later one replaces keys, and adds to lists, needs and variables."""
        before, after = _settle(before, after)
        env_before, env_after = _settle(self._environment(before), self._environment(after))
        env = {**env_before, **env_after}
        lists = {key: [*_names(before.get(key)), *_names(after.get(key))] for key in _UNITED}
        united = {key: names for key, names in lists.items() if names}
        needs = _conditions(before.get("depends_on")) | _conditions(after.get("depends_on"))
        merged = {**before, **after, **united, "depends_on": needs, "environment": env}
        if before.get("build") and after.get("build"):
            merged["build"] = _merge_builds(before["build"], after["build"])
        return merged

    @cached_property
    def ending(self) -> frozenset[str]:
        """The services whose end others wait for, such as a build of assets."""
        needs = (_conditions(content.get("depends_on")) for content in self.services.values())
        pairs = itertools.chain.from_iterable(each.items() for each in needs)
        return frozenset(name for name, need in pairs if table(need).get("condition") == _ENDED)

    def with_needs(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return services with their dependencies; without names, all services of the active profiles."""
        active = [name for name, content in self.services.items() if self._is_active(content)]
        pending, found = list(names or active), dict[str, None]()
        while pending:
            name = pending.pop(0)
            if name in self.services and name not in found:
                found[name] = None
                pending += [each for key in _NEEDS for each in _names(self.services[name].get(key))]
        return tuple(found)

    def _is_active(self, content: Mapping[str, Any]) -> bool:
        profiles = texts(content.get("profiles"))
        return not profiles or "*" in self.profiles or bool(self.profiles.intersection(profiles))

    def text(self) -> str:
        """Return what `docker compose config` prints: the merged services, with their variables replaced."""
        services = {name: dict(content) for name, content in self.services.items()}
        return self.fill(write_yaml({"services": services}))

    def find(self, container: str) -> str | None:
        """Return the service of a container by its name: `container_name`, or `project-service-1`."""
        for name, content in self.services.items():
            if self.fill(str(content.get("container_name", ""))) == container:
                return name
        return next(
            (n for n in self.services if re.search(rf"[-_]{re.escape(n)}[-_]1$", container)), None
        )

    def image(self, name: str) -> Image | None:
        """Return the image of a service, or the base of the image that it builds."""
        content = self.services[name]
        build = self.build(name)
        reference = (build.base(self.tree) if build else None) or content.get("image")
        if not isinstance(reference, str):
            return None
        image = Image.parse(
            self.fill(reference), source=self.paths[-1], alias=name, env=self.environment(name)
        )
        return replace(
            image,
            ports=tuple(self._ports(content)),
            arguments=tuple(map(self.fill, arguments(content.get("command")))),
            built=build is not None,
            mounts=tuple(self._mounts(content)),
        )

    def _mounts(self, content: Mapping[str, Any]) -> Iterator[str]:
        """Yield the files and directories of the repository that a service mounts."""
        for volume in items(content.get("volumes")):
            long = table(volume)
            text = str(long.get("source", "")) if long else str(volume)
            source = self.fill(text).partition(":")[0]
            path = self._path(source)
            if self.tree.has(path) or self.tree.has_directory(path):
                yield path

    def _ports(self, content: Mapping[str, Any]) -> Iterator[str]:
        """Yield the ports that a service publishes, in the short form `8001:8000`, and the ports that it exposes."""
        for port in items(content.get("ports")):
            long = table(port)
            text = f"{long.get('published', '')}:{long.get('target')}" if long else str(port)
            yield self.fill(text.removeprefix(":"))
        yield from map(self.fill, texts(content.get("expose")))

    def build(self, name: str) -> ImageBuild | None:
        """Return the build of a service's image, perhaps by another service or an earlier command; None without one."""
        content = self.services[name]
        build = content.get("build") or self._built_elsewhere(name)
        image = content.get("image")
        found = self._read_build(build) if build else None
        if found is None and isinstance(image, str):
            found = find_build(self.fill(image), self.builds)
        return found and replace(
            found,
            health_check=self._health_check(name),
            command=tuple(map(self.fill, arguments(content.get("command")))),
        )

    def _read_build(self, build: object) -> ImageBuild:
        """Return the build that the key `build` of a service describes."""
        options = table(build)
        place = self._path(build if isinstance(build, str) else str(options.get("context", ".")))
        args = _variables(options.get("args"))
        return ImageBuild(
            dockerfile=self._path(str(options.get("dockerfile", "Dockerfile")), place),
            context=place,
            target=self.fill(options["target"]) if options.get("target") else None,
            source=self.paths[0],
            arguments={
                key: self.variables[key] if text is None else self.fill(text)
                for key, text in args.items()
                if text is not None or key in self.variables
            },
        )

    def _health_check(self, name: str) -> str:
        """Return the command of a service's health check, in which `$$` is the shell's `$`."""
        test = table(self.services[name].get("healthcheck")).get("test")
        return " ".join(texts(test)).replace("$$", "$")

    def _built_elsewhere(self, name: str) -> object:
        """Return the build of another service with the same image: a worker shares the application's."""
        image = self.services[name].get("image")
        others = (each for each in self.services.values() if image and each.get("image") == image)
        return next((each["build"] for each in others if each.get("build")), None)

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service: of its files, then of its table."""
        content = self.services[name]
        found: dict[str, str] = {}
        for path, _ in self.env_files(name):
            found |= parse_dotenv(self.tree.text(path))
        filled = self._filled_environment(content)
        return found | {key: text for key, text in filled.items() if UNKNOWN not in text}

    def unknown_variables(self, name: str) -> frozenset[str]:
        """Return the variables of a service whose values contain what only the CI knows."""
        filled = self._filled_environment(self.services[name])
        return frozenset(key for key, text in filled.items() if UNKNOWN in text)

    def _filled_environment(self, content: Mapping[str, Any]) -> dict[str, str]:
        return {key: self.fill(text) for key, text in self._environment(content).items()}

    def env_files(self, name: str) -> Iterator[tuple[str, bool]]:
        """Yield the files with variables of a service, each with whether Compose needs it."""
        for entry in _names(self.services[name].get("env_file")):
            path = str(table(entry).get("path", entry))
            if UNKNOWN not in self.fill(path):
                yield self._path(path), table(entry).get("required") != "false"

    def _environment(self, content: Mapping[str, Any]) -> dict[str, str]:
        """Return the table of variables of a service, not filled; a variable without a value has the call's."""
        declared = _variables(content.get("environment"))
        return {
            name: self.variables.get(name, UNKNOWN) if value is None else value
            for name, value in declared.items()
        }

    def fill(self, text: str) -> str:
        """Return a text with its variables replaced."""
        return fill(text, {"PWD": spell(self.place), **self.variables}, self.unset)

    def _path(self, text: str, directory: str | None = None) -> str:
        """Return a path in the files as one from the repository's root, or the path itself outside it."""
        return from_root(self.fill(text), directory or self.place)


def from_root(path: str, directory: str) -> str:
    """Return a path in a directory as one from the repository's root; it may be outside."""
    return locate(path, directory) or join(directory, path)
