"""Records of a project's CI: jobs, and the commands they run after everything is expanded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from heroci_action.text import one_line

# `ruff@0.9.1`, `isort==5.13.2`
_VERSION = re.compile(r"(?<=.)(?:@|[=<>~!]=).*")
_OF_NODE = re.compile(r"\.[cm]?js$")
# A private-use character marks the part of a word that only the CI service knows.
UNKNOWN = "\ue000"
# The checkout's directory, spelled as the placeholder that a step of the plan uses for it.
ROOT = "{root}"
_BRIEF = 120  # characters of a line in a sentence
_CONDITION = 200  # characters of a condition in a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A file that a shell statement writes; the text is None if it is not known."""

    path: str
    text: str | None
    append: bool = False
    copy_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Where a command runs if it runs in a container: a service of a compose file, or an image.

    `called_from` is the directory of the repository in which Docker is called, if the command itself runs in another;
    `called_with` are the variables of the call, if the container gets others. `pulled` is the image of a service that
    the repository does not build.
    """

    service: str | None = None
    image: str | None = None
    files: tuple[str, ...] = ()
    called_from: str | None = None
    called_with: Mapping[str, str] | None = None
    pulled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A program with its arguments.

    `program` is a command, or the path or module of Python code. `script` is the text that `sh -c` runs. `directory`
    is where a launcher runs the program, relative to the directory of the command. `env_files` are files of variables
    that a launcher reads. If it starts a container, `passed` are the command's variables that the container receives.
    `lost` are options of the interpreter that no variable replaces.
    """

    program: str = ""
    arguments: tuple[str, ...] = ()
    python: bool = False
    module: bool = False
    script: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    directory: str | None = None
    container: Container | None = None
    passed: tuple[str, ...] | None = None
    launchers: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the program's name without its directory, and without the version in `uvx ruff@0.9.1`.

        A program in node_modules is named like its command: `node_modules/eslint/bin/eslint.js` is `eslint`.
        """
        name = self.program.rpartition("/")[2]
        if "node_modules/" in self.program:
            return _OF_NODE.sub("", name)
        return _VERSION.sub("", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional:
    """A variable that a job sets for its later commands if conditions hold that are not known.

    One that `is_local` is only the shell's, and a command has it in its words.
    """

    name: str
    value: str
    source: str
    conditions: frozenset[str]
    is_local: bool = False

    def left_out(self) -> LeftOut:
        """Return the assignment as a line that the plan does not contain."""
        when = one_line(" and ".join(sorted(self.conditions)), _CONDITION)
        line = f"{self.name}={self.value}".replace(UNKNOWN, "…")
        reason = f"the CI sets it only if {when}".replace(UNKNOWN, "…")
        return LeftOut(line=line, source=self.source, reason=reason, variable=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a job, with its words as the program receives them.

    `line` is the statement as the shell would run it again, with redirections and pipes. `via` lists the commands
    that it was expanded from (`make test`), the outermost first. It runs only if all `conditions` hold, which are
    not known here; if one fails that `decides` about others, the script goes on. `directory` is relative to the
    repository's root; an absolute one is outside it. `environment` is the virtual environment that tox, nox or Hatch
    makes for it; empty for the job's own. `unknown` are its variables with values that only the CI knows, which `env`
    lacks; `perhaps` are those that it has only if something unknown holds. `feeds` are the programs after its
    pipe; if it `reads_pipe`, one is before it. A `negated` line passes only if its command fails: `! grep TODO`. If it
    is `passed_over`, its script runs its other commands after a failure, and the last one decides. A loop `repeats` it
    until it passes or fails.
    """

    words: tuple[str, ...]
    line: str
    source: str
    call: Call = field(default_factory=Call)
    directory: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    via: tuple[Command, ...] = ()
    conditions: frozenset[str] = frozenset()
    may_fail: bool = False
    decides: bool = False
    passed_over: bool = False
    negated: bool = False
    background: bool = False
    repeats: bool = False
    piped: bool = False
    reads_pipe: bool = False
    feeds: tuple[str, ...] = ()
    writes: tuple[Write, ...] = ()
    environment: str = ""
    perhaps: tuple[Conditional, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether it runs only if something holds that is not known here."""
        return bool(self.conditions)

    @property
    def is_contained(self) -> bool:
        """Whether it runs in a container that it, or a command around it, enters."""
        return any(outer.call.container is not None for outer in (*self.via, self))

    @property
    def shown(self) -> str:
        """The line for people, with an ellipsis for every unknown part."""
        return self.line.replace(UNKNOWN, "…")

    @property
    def brief(self) -> str:
        """The line in a sentence: without line breaks, and cut if it is long."""
        return one_line(self.shown, _BRIEF)


# Words for a system in the tag of an image: `jammy-3.10`, `3.10-slim`
_OF_SYSTEM = re.compile(r"\b(focal|jammy|noble|buster|bullseye|bookworm|trixie|slim|alpine)\b")
# Docker's own registry, and the place of its official images
_DEFAULT_REGISTRY = re.compile(r"^((index\.|registry-1\.)?docker\.io/)?(library/)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A container image that a job or a compose file uses; `tag` is empty if it is not known.

    `ports` are written as `8080:80` or `80`. `arguments` replace the image's own command. If the repository builds the
    image, it is `built`, and `name` is its base image. `mounts` are files of the repository that the container sees.
    It is `needed` if the container of the tests waits for it, or the job starts it by name.
    """

    name: str
    tag: str
    source: str
    alias: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    built: bool = False
    mounts: tuple[str, ...] = ()
    needed: bool = False

    @classmethod
    def parse(
        cls, text: str, *, source: str, alias: str = "", env: Mapping[str, str] | None = None
    ) -> Image:
        """Split `registry/name:tag@digest`; `docker.io/library/postgres` is the same as `postgres`."""
        bare = _DEFAULT_REGISTRY.sub("", text.split("@", 1)[0])
        name, _, tag = bare.rpartition(":") if ":" in bare.rsplit("/", 1)[-1] else (bare, "", "")
        known = "" if UNKNOWN in tag or "$" in tag else tag
        return cls(name=name, tag=known, source=source, alias=alias, env=env or {})

    @property
    def is_known(self) -> bool:
        """Whether the name contains no unknown part."""
        return bool(self.name) and UNKNOWN not in self.name and "$" not in self.name

    @property
    def reference(self) -> str:
        """Return `name:tag`, or the name if the tag is not known."""
        return f"{self.name}:{self.tag}" if self.tag else self.name

    @property
    def python(self) -> str | None:
        """The Python version in the tag: `python:3.12-slim`, `cimg/python:3.12`, `astral-sh/uv:python3.12-alpine`.

        An image with another name, such as `acme/python-ci`, has versions of its own, except beside those of a system.
        """
        name = self.name.rpartition("/")[2]
        is_python = name == "python" or ("python" in name and _OF_SYSTEM.search(self.tag))
        forms = (r"\bpython-?(3\.\d+)", *([r"(?:^|-)(3\.\d+)"] if is_python else ()))
        version = next(filter(None, (re.search(form, self.tag) for form in forms)), None)
        return version[1] if version else None


class Trigger(IntEnum):
    """How a job starts, the most usual way first."""

    CHANGE = 0  # each push or pull request
    CONDITION = 1  # a push or pull request, if something holds that is not known here
    SELDOM = 2  # a schedule, a tag, or by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A line of the CI that the plan does not contain, and why.

    The tests do not need a `harmless` line: HeroCI does the same, or it only prints or checks. `command` is what the
    shell would run for it, empty if it is not a shell command. `variable` is the variable that it only sets. `after` is
    the number of the plan's own lines before it.
    """

    line: str
    source: str
    reason: str
    harmless: bool = False
    command: str | None = None
    variable: str = ""
    after: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A piece of shell that runs in its own shell: a step, a recipe, a file with its arguments.

    It `goes_on` if a command fails, until it says `set -e`. `in_docker` is None if it is not known whether it runs in a
    container of Docker.
    """

    text: str
    source: str
    directory: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    arguments: tuple[str, ...] = ()
    conditions: frozenset[str] = frozenset()
    may_fail: bool = False
    goes_on: bool = False
    in_docker: bool | None = None
    environment: str = ""
    perhaps: tuple[Conditional, ...] = ()

    def under(self, condition: str) -> Script:
        """Return the script as one that runs only if a condition holds that is not known."""
        return replace(self, conditions=self.conditions | {condition})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job in one leg of its matrix, with its commands in order.

    `base` is the image of the container of the tests, or the one from which that is built. `created` are the files
    that the job writes, with their text. `presumed` is the Dockerfile of the tests' image if the only reason is that
    the CI builds no other one. `left_out` are containers for people, files of variables that Compose
    misses, and lines after the tests.
    """

    name: str
    source: str
    commands: tuple[Command, ...] = ()
    services: tuple[Image, ...] = ()
    image_commands: tuple[Command, ...] = ()  # that build the image in which the tests run
    image: Image | None = None
    base: Image | None = None
    presumed: str = ""
    python: str | None = None
    pythons: tuple[str, ...] = ()  # of all legs of its matrix that must pass
    trigger: Trigger = Trigger.CHANGE
    may_fail: bool = False
    is_linux: bool = True  # HeroCI runs the tests on Linux
    is_used: bool = True  # by a workflow; another job is started by the API, or not at all
    predefined: Mapping[str, str] = field(default_factory=dict)  # variables of the service
    created: Mapping[str, str] = field(default_factory=dict)
    not_followed: tuple[LeftOut, ...] = ()
    # The job in the other legs of its matrix that have the same Python; read only if it is needed.
    similar: Callable[[], tuple[Job, ...]] = field(default=tuple, repr=False, compare=False)
    actions: tuple[
        LeftOut, ...
    ] = ()  # steps that call something from elsewhere: a marketplace, an orb
    left_out: tuple[LeftOut, ...] = ()
