"""The place of the repository in a container, so that commands there are read as commands in the repository."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.calls import known_and_unknown
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.image_build import ImageBuild, find_build, find_only
from heroci_action.detection.ci.compose.interpolation import fill
from heroci_action.detection.ci.docker_calls import DOCKER_VALUED
from heroci_action.detection.ci.paths import locate, spell
from heroci_action.detection.ci.records import ROOT, Command, Container
from heroci_action.detection.ci.yaml_file import items, table
from heroci_action.repository.files import RepositoryFiles, join

# `COPY --chown=app . /app`, `COPY ./backend /app/`
_COPY = re.compile(r"(?:COPY|ADD)\s+(?:--(?!from)\S+\s+)*([\w./-]+)\s+(\S+)\s*$", re.IGNORECASE)
# `COPY --from=build /app ./`
_COPY_FROM = re.compile(
    r"COPY\s+(?:--\S+\s+)*?--from=(\S+)\s+(?:--\S+\s+)*(/[\w./-]*)\s+(\S+)\s*$", re.IGNORECASE
)
# `WORKDIR /app`
_WORKDIR = re.compile(r"WORKDIR\s+(/[\w./-]*|[\w.-][\w./-]*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounts:
    """The directories and files of a container that belong to the repository, and its working directory."""

    places: Mapping[str, str] = field(default_factory=dict)
    workdir: str = ""

    @property
    def directory(self) -> str | None:
        """The working directory as a directory of the repository; None if it is not one."""
        return self.find(self.workdir)

    def find(self, path: str) -> str | None:
        """Return the place in the repository of a path in the container; None if it is not there."""
        for inside, outside in self._deepest_first():
            if f"{path}/".startswith(f"{inside}/"):
                return join(outside, f".{path.removeprefix(inside)}")
        return None

    def move(self, text: str) -> str:
        """Return a text with the paths in the container replaced by those in the repository.

        A path after `}` is one in the repository already, or one after a variable.
        """
        for inside, outside in self._deepest_first():
            path = rf"(?<![\w./}}-]){re.escape(inside)}(?![\w.-])"
            text = spell(outside).join(re.split(path, text))
        return text

    def files_over_code(self) -> Iterator[tuple[str, str]]:
        """Yield each place that a file or directory has by itself, and the place in the code over which it is mounted.

        `./settings.example.py:/app/settings.py` is over `settings.py` if `/app` is the repository.
        """
        for inside, outside in self.places.items():
            around = [each for each in self._deepest_first() if inside.startswith(f"{each[0]}/")]
            if around:
                place = join(around[0][1], inside.removeprefix(around[0][0]).lstrip("/"))
                yield from [(outside, place)] if place != outside else []

    def _deepest_first(self) -> list[tuple[str, str]]:
        return sorted(self.places.items(), key=lambda pair: -len(pair[0]))


def mounts_of_service(used: Composition, name: str) -> Mounts:
    """Return the mounts of a service: its volumes, else the files that its image copies from the repository."""
    content = used.services.get(name)
    if content is None:
        return Mounts()
    build = used.build(name) or _build_elsewhere(used, content)
    copied = _copied(build, used.tree) if build else Mounts()
    mounted = dict(_volumes(used, items(content.get("volumes"))))
    workdir = str(content.get("working_dir") or copied.workdir)
    return Mounts(places={**copied.places, **mounted}, workdir=workdir.rstrip("/"))


def environment_of_service(used: Composition, name: str) -> dict[str, str]:
    """Return the variables of a service; paths in its container become those in the repository."""
    mounts = mounts_of_service(used, name)
    return {key: mounts.move(value) for key, value in used.environment(name).items()}


def enter_service(command: Command, used: Composition) -> Command:
    """Return a command in a service's container with the variables there: the service's and the call's.

    Variables of the job reach it only through the compose file or by name: `docker compose run -e CI web pytest`.
    """
    call, container = command.call, command.call.container
    name = (container and container.service) or ""
    if container is None or name not in used.services:
        return command
    names = _options(command, name).values("-e", "--env")
    passed = {each: command.env[each] for each in names if each in command.env}
    called = replace(call, container=replace(container, called_with=known_and_unknown(command)))
    declared = {*used.services[name].get("environment", ()), *names}
    return replace(
        command,
        call=called,
        env={**environment_of_service(used, name), **passed, **call.env},
        unknown=(command.unknown & declared) | used.unknown_variables(name),
    )


def _build_elsewhere(used: Composition, content: Mapping[str, Any]) -> ImageBuild | None:
    """Return the build of the root's Dockerfile if a service's image is named by the CI, which built it before."""
    image = content.get("image")
    if not isinstance(image, str) or "$" not in image or not used.tree.has("Dockerfile"):
        return None
    return ImageBuild(dockerfile="Dockerfile", context=".", target=None, source=used.paths[0])


def _volumes(used: Composition, volumes: list[Any]) -> Iterator[tuple[str, str]]:
    for volume in volumes:
        long = table(volume)
        source, _, rest = used.fill(str(volume)).partition(":")
        if long:
            source, rest = used.fill(str(long.get("source", ""))), str(long.get("target", ""))
        yield from _mount(source, rest, used.place)


def _mount(source: str, target: str, place: str) -> Iterator[tuple[str, str]]:
    """Yield a mount if its source is in the repository: `.`, `../src`, `{root}/src`."""
    target = target.partition(":")[0].rstrip("/")
    path = locate(source, place) if source.startswith((".", ROOT)) else None
    if path is not None and target.startswith("/"):
        yield target, path


def _copied(build: ImageBuild, tree: RepositoryFiles) -> Mounts:
    """Return where an image has directories and files of the repository: `COPY . /app`, `COPY entry.sh /entry`."""
    workdir, places = "/", dict[str, str]()
    dockerfile = build.parse(tree)
    known = {**dockerfile.settings, **build.arguments}
    for line in (fill(line, known) for line in dockerfile.lines):
        if match := _WORKDIR.match(line):
            workdir = posixpath.normpath(posixpath.join(workdir, match[1]))
        elif match := _COPY.match(line):
            inside = posixpath.normpath(posixpath.join(workdir, match[2]))
            source = join(build.context, match[1].lstrip("/") or ".")
            if tree.has(source) and match[2].endswith(("/", ".")):
                inside = posixpath.join(inside, posixpath.basename(source))
            known_place = tree.has_directory(source) or tree.has(source)
            places |= {inside: source} if inside != "/" and known_place else {}
        elif (match := _COPY_FROM.match(line)) and match[1] in dockerfile.stage_names:
            # What another stage has copied from the repository, it may pass on.
            source = _copied(replace(build, target=match[1]), tree).find(match[2].rstrip("/")) or ""
            inside = posixpath.normpath(posixpath.join(workdir, match[3]))
            is_place = inside != "/" and tree.has_directory(source)
            places |= {inside: source} if is_place else {}
    return Mounts(places=places, workdir=workdir if workdir != "/" else "")


def enter_repository(command: Command, mounts: Mounts) -> Command:
    """Return a command in a container as one in the repository: with its directory, and with the paths there."""
    call = command.call
    names_nothing = not call.program and call.script is None
    if names_nothing or not mounts.places:
        return command
    moved = replace(
        call,
        container=call.container and replace(call.container, called_from=command.directory),
        program=mounts.move(call.program),
        arguments=tuple(map(mounts.move, call.arguments)),
        script=mounts.move(call.script) if call.script else call.script,
    )
    directory = mounts.directory if call.container else None
    return replace(command, call=moved, directory=directory or command.directory)


def mounts_of(
    command: Command,
    used: Composition | None,
    builds: Iterable[ImageBuild],
    tree: RepositoryFiles,
) -> Mounts:
    """Return the mounts of the container in which a command runs, perhaps called by a script there."""
    outer = next((call for call in (*command.via, command) if call.call.container), None)
    container = outer.call.container if outer else None
    if outer is None or container is None:
        return Mounts()
    mounts = _mounts_of_container(container, used)
    if mounts is None:
        known = tuple(builds) if container.image else ()
        name = container.image or ""
        build = find_build(name, known) or find_only(name, known, tree)
        mounts = _copied(build, tree) if build else Mounts()
    given = _options(outer, container.service or container.image or "")
    pairs = (volume.partition(":")[::2] for volume in given.values("-v", "--volume"))
    mounted = (_mount(source, target, outer.directory) for source, target in pairs)
    workdir = given.value("-w", "--workdir") or mounts.workdir
    places = {**mounts.places, **dict(itertools.chain.from_iterable(mounted))}
    return Mounts(places=places, workdir=workdir.rstrip("/"))


def _mounts_of_container(container: Container, used: Composition | None) -> Mounts | None:
    """Return the mounts of a service of the compose files, which a container may be named after; None without one."""
    if used is None:
        return None
    name = container.service or used.find(container.image or "")
    return mounts_of_service(used, name) if name else None


def _options(command: Command, name: str) -> Options:
    """Return the options before the image or service."""
    words = command.words[: command.words.index(name)] if name in command.words else ()
    return Options.split(words, DOCKER_VALUED)
