"""The actions that an engine can execute."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class RunsIn(StrEnum):
    """Where a command runs."""

    # In the base environment, with the project's source.
    ENVIRONMENT = "environment"
    # In the production image.
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Run a program (a tuple of arguments) or a shell line (a string).

    If it fails, `explain` runs instead, such as the same check with a diff, which takes longer; the output of the first
    command is dropped. `quick` is tried before `line` in the same way: it may only answer that nothing has changed.
    The arguments of each are given to the program `through` if there is one, which starts the call.
    """

    line: str | tuple[str, ...]
    runs_in: RunsIn = RunsIn.ENVIRONMENT
    explain: tuple[str, ...] | None = None
    quick: tuple[str, ...] | None = None
    through: tuple[str, ...] = ()

    def started(self) -> Command:
        """Return the command with the program that starts it as its first arguments."""
        if not self.through:
            return self
        explain = (*self.through, *self.explain) if self.explain else None
        quick = (*self.through, *self.quick) if self.quick else None
        line = (*self.through, *self.line)
        return replace(self, line=line, explain=explain, quick=quick, through=())

    def __str__(self) -> str:
        line = self.explain or self.line
        return line if isinstance(line, str) else shlex.join(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSystemPackages:
    """Check that Debian packages are installed; install missing ones if the engine may.

    If `required` is false, a package that is still missing is only a warning.
    """

    packages: tuple[str, ...]
    required: bool = True

    def __str__(self) -> str:
        return f"apt-get install {shlex.join(self.packages)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallDependencies:
    """Create the base environment that the plan's `Environment` describes."""

    def __str__(self) -> str:
        return "install the project's dependencies"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImage:
    """Build the production image; paths are relative to the repository's root.

    `secrets` are the caller's variables that the build receives as `--mount=type=secret,id=NAME`.
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
    """Load the production image into the local Docker under a name."""

    name: str

    def __str__(self) -> str:
        return f"docker load {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishImage:
    """Push the production image to a registry; without `push`, only report what would be pushed.

    `password` names a variable of the caller. Without `username`, the engine uses its own credentials.
    """

    address: str
    username: str | None = None
    password: str | None = None
    push: bool = False

    def __str__(self) -> str:
        return f"docker push {self.address}" + ("" if self.push else " (dry run)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customise:
    """Pass the base environment to a function of the project: `module:function` or `file.py:function`."""

    function: str

    def __str__(self) -> str:
        return f"call {self.function}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """Start the application as the service `app` and wait until it is healthy; it runs until the stage ends.

    If `command` is None, the image's own command is used; `{app.port}` and `{app.interface}` in it are the address to
    listen on. The application is healthy once `health` answers with a status below 400 or, if `health` is None, once
    its port is open. `within` is the time limit in seconds.
    """

    runs_in: RunsIn
    command: str | tuple[str, ...] | None = None
    port: int | None = None
    health: str | None = None
    within: float = 60.0

    def __str__(self) -> str:
        command = self.command if isinstance(self.command, str) else shlex.join(self.command or ())
        return f"serve {command or 'the image'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReports:
    """Do nothing except collect the report files that earlier steps of the stage have produced."""

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
