"""The actions that an engine can execute."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Place(StrEnum):
    """Where a command runs."""

    ENVIRONMENT = "environment"  # the base environment with the project's source
    IMAGE = "image"  # the built production image


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Runs a program (a tuple) or a line for the shell (a string)."""

    line: str | tuple[str, ...]
    place: Place = Place.ENVIRONMENT

    def __str__(self) -> str:
        return self.line if isinstance(self.line, str) else shlex.join(self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSystemPackages:
    """Checks that these Debian packages are there, and installs them where the engine may.

    `required`: the project says that it cannot do without them; otherwise a missing one is a warning.
    """

    packages: tuple[str, ...]
    required: bool = True

    def __str__(self) -> str:
        return f"apt-get install {shlex.join(self.packages)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallDependencies:
    """Makes the base environment from the plan's `Environment`."""

    def __str__(self) -> str:
        return "install the project's dependencies"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImage:
    """Builds the production image; paths are relative to the repository's root.

    `secrets` are variables of the caller that the build sees as `--mount=type=secret,id=NAME`.
    """

    dockerfile: str
    context: str = "."
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        target = f" --target {self.target}" if self.target else ""
        return f"docker build -f {self.dockerfile}{target} {self.context}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportImage:
    """Puts the production image into the local Docker under a name."""

    name: str

    def __str__(self) -> str:
        return f"docker load {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishImage:
    """Pushes the production image to a registry; `push` False only says what would be pushed.

    `password` is the name of a variable of the caller; without `username` the engine's own credentials are used.
    """

    address: str
    username: str | None = None
    password: str | None = None
    push: bool = False

    def __str__(self) -> str:
        return f"docker push {self.address}" + ("" if self.push else " (dry run)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customise:
    """Hands the base environment to a function of the project's: `module:function` or `file.py:function`."""

    function: str

    def __str__(self) -> str:
        return f"call {self.function}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """Starts the application as the service `app` and waits until `health` answers with a status below 400.

    It stays up until the stage ends. `command` None means the image's own; `{app.port}` and `{app.interface}` in it
    say where to listen.
    `health` None: wait for the port only. `within` is in seconds.
    """

    place: Place
    command: str | tuple[str, ...] | None = None
    port: int | None = None
    health: str | None = None
    within: float = 60.0

    def __str__(self) -> str:
        command = self.command if isinstance(self.command, str) else shlex.join(self.command or ())
        return f"serve {command or 'the image'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReports:
    """Does nothing itself: the step is there for the report files that the steps before it have left."""

    def __str__(self) -> str:
        return "collect the reports"


Action = (
    Command
    | InstallSystemPackages
    | InstallDependencies
    | Customise
    | BuildImage
    | ExportImage
    | PublishImage
    | Serve
    | CollectReports
)
