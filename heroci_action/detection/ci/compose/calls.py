"""Calls of Docker Compose: their words and options, and the compose files that they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.composition import Composition, from_root
from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.docker_calls import COMPOSE_VALUED
from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.repository.files import RepositoryFiles, join

# Source: the Compose specification, "Compose file", and the override file that is merged by default.
_USUAL = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = tuple(name.replace(".y", ".override.y") for name in _USUAL)
# The verbs that address containers that run already.
_RUNNING = frozenset({"exec", "ps", "logs", "cp", "port", "top", "wait", "restart"})
_OF_VERBS = (
    "--scale", "-t", "--timeout", "--wait-timeout", "--exit-code-from", "--pull", "--attach", "--build-arg",
)  # fmt: skip
_VALUED = frozenset({*COMPOSE_VALUED, *_OF_VERBS})


def compose_words(command: Command) -> tuple[str, ...] | None:
    """Return the words after `docker compose`; None for any other command."""
    for index, word in enumerate(command.words):
        name = word.rpartition("/")[2]
        if name in {"docker-compose", "podman-compose"}:
            return command.words[index + 1 :]
        if name in {"docker", "podman"} and command.words[index + 1 : index + 2] == ("compose",):
            return command.words[index + 2 :]
    return None


def compose_options(words: Iterable[str], *further: str) -> Options:
    """Return the options and other words after `docker compose`; `further` options have a value too."""
    return Options.split(words, _VALUED.union(further))


def known_and_unknown(command: Command) -> dict[str, str]:
    """Return the variables of a command, with UNKNOWN for the values that only the CI knows."""
    return {**dict.fromkeys(command.unknown, UNKNOWN), **command.env}


def composition_of(
    words: tuple[str, ...],
    command: Command,
    files: RepositoryFiles,
    before: Composition | None = None,
    builds: Iterable[ImageBuild] = (),
) -> Composition:
    """Return the merged compose files of a call; a running container has the files of the call `before`.

    `builds` are the builds of the images that exist then.
    """
    call = _Call.read(words, command)
    if before and call.addresses_running(before):
        return before
    directory = call.options.value("--project-directory")
    return Composition(
        tree=files,
        paths=call.paths(files),
        variables=call.variables(files),
        profiles=call.profiles(files),
        directory=from_root(directory, call.place) if directory else "",
        builds=tuple(builds),
    )


def entered_services(command: Command, files: RepositoryFiles) -> Iterator[tuple[Composition, str]]:
    """Yield each service whose container a command or a call around it enters, after its merged compose files."""
    for call in (*command.via, command):
        container, words = call.call.container, compose_words(call)
        if container is not None and container.service is not None and words is not None:
            yield composition_of(words, call, files), container.service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """The options of a call, with the directory and the variables in which Compose reads its files.

    `service` is the one in whose container the command runs.
    """

    options: Options
    place: str
    env: Mapping[str, str]
    service: str | None

    @classmethod
    def read(cls, words: tuple[str, ...], command: Command) -> _Call:
        """Read a call; the directory and variables of a call into a container are those outside it."""
        container = command.call.container
        place = container.called_from if container else None
        given = container.called_with if container else None
        return cls(
            options=compose_options(words),
            place=place or command.directory,
            env=known_and_unknown(command) if given is None else given,
            service=container.service if container else None,
        )

    @property
    def named(self) -> tuple[str, ...]:
        """The files that the call names, with `-f` or in COMPOSE_FILE."""
        return self.options.values("-f", "--file") or _listed(self.env)

    def addresses_running(self, before: Composition) -> bool:
        """Return whether the call is for containers that an earlier one has started, and names no files itself."""
        if self.named or not _RUNNING.intersection(self.options.words[:1]):
            return False
        return self.service is None or self.service in before.services

    def paths(self, files: RepositoryFiles) -> tuple[str, ...]:
        """Return the compose files, from the repository's root."""
        named = self.named or _listed(self.variables(files))
        # `-f <(echo …)` is no file.
        known = (from_root(path, self.place) for path in named if UNKNOWN not in path)
        return tuple(known) or tuple(_usual_files(files, self.place))

    def variables(self, files: RepositoryFiles) -> dict[str, str]:
        """Return the variables for the files: of `.env`, then of the call."""
        found: dict[str, str] = {}
        for path in self.options.values("--env-file") or (".env",):
            found |= parse_dotenv(files.text(from_root(path, self.place)))
        return {**found, **self.env, "PWD": spell(self.place)}

    def profiles(self, files: RepositoryFiles) -> frozenset[str]:
        """Return the profiles whose services the call starts too."""
        listed = self.variables(files).get("COMPOSE_PROFILES", "").split(",")
        return frozenset((*self.options.values("--profile"), *listed))


def _listed(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that the variables of Compose list, which `.env` may set, too."""
    separator = variables.get("COMPOSE_PATH_SEPARATOR") or ":"
    return tuple(filter(None, variables.get("COMPOSE_FILE", "").split(separator)))


def _usual_files(files: RepositoryFiles, directory: str) -> list[str]:
    found = (
        files.first(*(join(directory, name) for name in names)) for names in (_USUAL, _OVERRIDES)
    )
    return [path for path in found if path]
