"""A Dockerfile: its stages, the files that it copies, its port and its health check."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

# `FROM python:3.13-slim AS build`
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
# `CMD ["gunicorn"]`
_COMMAND = re.compile(r"(CMD|ENTRYPOINT)\s", re.IGNORECASE)
# `ENTRYPOINT ["/entrypoint.sh"]`
_ENTRY_POINT = re.compile(r"ENTRYPOINT\s", re.IGNORECASE)
# `CMD ["gunicorn"]` alone
_DEFAULT_COMMAND = re.compile(r"CMD\s", re.IGNORECASE)
# `CMD ["tail", "-f", "/dev/null"]`: the container waits for a developer.
_IDLE = re.compile(
    r"(\S*/)?(tail\s+-[fF]\s+/dev/null|sleep\s+(inf\w*|\d+[smhd]?)|(ba|da|z)?sh|cat|true)"
)
# `COPY --from=build /app /app`
_COPY_FROM = re.compile(r"(?:COPY|ADD)\s+(?:--\S+\s+)*--from=(\S+)", re.IGNORECASE)
# `docker.io/library/node:22-alpine`
_OTHER_LANGUAGE = re.compile(r"(?:^|/)(?:node|bun|deno|golang|rust|ruby)(?:[:@]|$)")
# `RUN <<EOF`
_HERE_DOCUMENT = re.compile(r"<<-?['\"]?(\w+)['\"]?\s*$")
# `COPY requirements.txt .`
_COPY = re.compile(r"(?:COPY|ADD)\s+(.+)", re.IGNORECASE)
# `EXPOSE 8000`
_EXPOSE = re.compile(r"EXPOSE\s+(\d{2,5})\b", re.IGNORECASE)
# `--bind 0.0.0.0:8000`
_BIND = re.compile(r"(?:0\.0\.0\.0|\[::\]|-b\s*|--bind[ =]|--port[ =]):?(\d{2,5})\b")
# `HEALTHCHECK CMD true`
_HEALTH_CHECK = re.compile(r"HEALTHCHECK\s", re.IGNORECASE)
# A host with its port may contain variables of a shell or of Python's f-strings: http://localhost:${PORT:-8000}/health
_HEALTH_URL = re.compile(
    r"(?:https?://|\b(?=localhost|127\.0\.0\.1|0\.0\.0\.0))(?:\$?\{[^}]*\}|[^/\s\"'])+"
    r"(/(?:\$\{[^}]*\}|[\w./?=&%${}-])*)"
)
# `$PORT`, `${PORT:-8000}`
_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?[^}]*\}|\$(\w+)")
# `ENV PORT=8000`
_SETTING = re.compile(r"(?:ENV|ARG)\s+(\w+)[= ]\"?([^\"\s]*)\"?", re.IGNORECASE)
# Images of a language or system: `python:3.13-slim`, `docker.io/library/debian`, `ghcr.io/astral-sh/uv:alpine`
_PLAIN = re.compile(
    r"(\S+/)?(python|pypy|uv|node|debian|ubuntu|alpine|fedora|buildpack-deps|baseimage|ubi\d+)([:@]\S*)?"
)
# `requirements/base.txt`, `uv.lock`
_PACKAGES = re.compile(
    r"(.*/)?([\w.-]*require[\w.-]*(/.*)?|pyproject\.toml|Pipfile|package\.json|[\w-]*[.-]lock(\.\w+)?)/?"
)
# `COPY . .`, `RUN --mount=type=bind,target=/src pip install /src`, `RUN git clone …`, `RUN pip install git+https://…`
_CODE = re.compile(
    r"(COPY|ADD|ONBUILD)\s+(?!.*(--from=|<<|https?://))|RUN\s.*(--mount=type=bind|\bgit\s+clone\b|\bgit\+)|"
    r"ADD\s.*\.git\b",
    re.IGNORECASE | re.DOTALL,
)
_TCP_PORTS = range(1, 65536)
_NO_DEFAULT = re.compile(r"ARG\s+(\w+)\s*$", re.IGNORECASE)
_PREFERRED_TARGETS = ("production", "prod", "runtime", "final", "release", "app", "web")
_PRODUCTION_TARGETS = ("production", "prod")


@dataclass(frozen=True, slots=True)
class DockerStage:
    """A stage of a Dockerfile, with its instructions after FROM."""

    name: str
    base: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile; `target` is the stage that is built, None for the last one."""

    text: str
    target: str | None = None

    @cached_property
    def stages(self) -> tuple[DockerStage, ...]:
        """Return the stages in order."""
        found: list[DockerStage] = []
        for line in self._instructions():
            if match := _FROM.match(line):
                # `FROM "$IMAGE":"$TAG"`
                base = re.sub(r"[\"']", "", match[1])
                found.append(DockerStage(name=match[2] or "", base=base, lines=()))
            elif found:
                last = found[-1]
                found[-1] = DockerStage(last.name, last.base, (*last.lines, line))
        return tuple(found)

    def _instructions(self) -> Iterator[str]:
        """Yield each instruction on one line, a here-document on several."""
        # Comments are allowed between the lines of an instruction.
        text = re.sub(r"(?m)^[ \t]*#.*\n?", "", self.text)
        lines = iter(text.replace("\\\n", " ").splitlines())
        for line in lines:
            if match := _HERE_DOCUMENT.search(line):
                body = iter(lambda: next(lines, match[1]).strip(), match[1])
                yield "\n".join([line[: match.start()].strip(), *body])
            elif line.strip():
                yield line.strip()

    @cached_property
    def _chain(self) -> tuple[DockerStage, ...]:
        """The stage that is built, after its base stages."""
        by_name = {stage.name: stage for stage in self.stages if stage.name}
        last = self.stages[-1] if self.stages else None
        stage = by_name.get(self.target) if self.target else last
        found: list[DockerStage] = []
        while stage is not None and stage not in found:
            found.insert(0, stage)
            stage = by_name.get(stage.base)
        return tuple(found)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the instructions of the stage that is built, after the instructions of its base stages."""
        return tuple(line for stage in self._chain for line in stage.lines)

    @property
    def needed_lines(self) -> tuple[str, ...]:
        """Return the same, after the instructions of the stages from which files are copied."""
        others = (line for stage in self._copied_stages() for line in stage.lines)
        return tuple(dict.fromkeys((*others, *self.lines)))

    @property
    def lines_of_other_languages(self) -> frozenset[str]:
        """Return the instructions of the copied stages that start from an image of another language, such as Node."""
        stages = self._copied_stages()
        others = (stage.lines for stage in stages if _OTHER_LANGUAGE.search(stage.base or ""))
        return frozenset(itertools.chain.from_iterable(others)) - {*self.lines}

    def _copied_stages(self) -> list[Dockerfile]:
        copied = {match[1] for line in self.lines if (match := _COPY_FROM.match(line))}
        return [Dockerfile(self.text, each.name) for each in self.stages if each.name in copied]

    @property
    def stage_names(self) -> frozenset[str]:
        """Return the names of all stages."""
        return frozenset(stage.name for stage in self.stages if stage.name)

    @property
    def base(self) -> str | None:
        """Return the image from which the stage that is built starts, with its variables."""
        return self._chain[0].base if self._chain else None

    @property
    def arguments(self) -> dict[str, str]:
        """Return the build arguments before the first stage, with their default values."""
        found = {}
        for line in self._instructions():
            if _FROM.match(line):
                break
            if match := _SETTING.match(line):
                found[match[1]] = match[2]
        return found

    @property
    def required_arguments(self) -> tuple[str, ...]:
        """Return the build arguments without a default that the names of images contain."""
        first = itertools.takewhile(lambda line: not _FROM.match(line), self._instructions())
        found = (match[1] for line in first if (match := _NO_DEFAULT.match(line)))
        declared = dict.fromkeys(found)
        images = " ".join(m[1] for line in self._instructions() if (m := _FROM.match(line)))
        return tuple(name for name in declared if re.search(rf"\$({name}\b|{{{name}}})", images))

    @property
    def settings(self) -> dict[str, str]:
        """Return the variables of the stage that is built, with the values that ENV and ARG give them."""
        found = (match for line in self.lines if (match := _SETTING.match(line)))
        return {match[1]: match[2] for match in found}

    @property
    def entry_point(self) -> str:
        """Return the command that receives a container's arguments; empty if the image has none."""
        return self._last(_ENTRY_POINT)

    @property
    def default_command(self) -> str:
        """Return the words that the entry point receives if a container is started without any; empty without CMD."""
        return self._last(_DEFAULT_COMMAND)

    def _last(self, instruction: re.Pattern[str]) -> str:
        """Return the words of the last instruction of a kind as a line of a shell; empty without one."""
        found = (line.partition(" ")[2] for line in reversed(self.lines) if instruction.match(line))
        text = next(found, "").strip()
        return shlex.join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)) if text[:1] == "[" else text

    @property
    def has_command(self) -> bool:
        """Return whether the image starts something by itself."""
        return any(_COMMAND.match(line) for line in self.lines)

    @property
    def is_idle(self) -> bool:
        """Return whether the image starts nothing, only keeps its container running for a developer."""
        started = [match[1].upper() for line in self.lines if (match := _COMMAND.match(line))]
        commands = [line.partition(" ")[2] for line in self.lines if _COMMAND.match(line)]
        # An entry point may run its arguments, or ignore them.
        if "ENTRYPOINT" in started or not commands:
            return False
        words = re.sub(r"[\[\]\",]", " ", commands[-1]).split()
        return _IDLE.fullmatch(" ".join(words)) is not None

    @property
    def is_bare(self) -> bool:
        """Return whether the image contains no application: a base of others, or one for files that are mounted.

        The files may come from the repository, by the network, or with an image that is none of a language or system.
        """
        others = {base for base in self._bases if not _PLAIN.fullmatch(base)}
        lines = [line for line in self._instructions() if _CODE.match(line)]
        if self.has_command:
            return not (others or lines)
        return all(_PACKAGES.fullmatch(word) for line in lines for word in _copied(line) or [line])

    @property
    def fetches_code(self) -> bool:
        """Return whether code may come from elsewhere than by COPY: with the base image, from git, or a mount."""
        lines = (line for line in self._instructions() if _CODE.match(line))
        fetched = any(not _copied(line) for line in lines)
        return fetched or not all(map(_PLAIN.fullmatch, self._bases))

    @property
    def _bases(self) -> set[str]:
        """The images from which the stages start."""
        names = {stage.name for stage in self.stages}
        return {stage.base for stage in self.stages} - names

    @property
    def port(self) -> int | None:
        """Return the port that is exposed last, else the one in a command."""
        ports = [match[1] for line in self.lines if (match := _EXPOSE.match(line))]
        ports = ports or _BIND.findall("\n".join(self.lines))
        return int(ports[-1]) if ports and int(ports[-1]) in _TCP_PORTS else None

    @property
    def health(self) -> str | None:
        """Return the path of the last HEALTHCHECK; a variable without a known value is left out."""
        checks = (line for line in reversed(self.lines) if _HEALTH_CHECK.match(line))
        return self.path_checked_by(next(checks, ""))

    def path_checked_by(self, command: str) -> str | None:
        """Return the path that a health check requests from the image."""
        match = _HEALTH_URL.search(command)
        return self._filled(match[1]) if match else None

    def _filled(self, path: str) -> str:
        known = self.settings

        def value(match: re.Match[str]) -> str:
            return known.get(match[1] or match[3]) or match[2] or ""

        filled = _VARIABLE.sub(value, path)
        return re.sub(r"/{2,}", "/", f"/{filled}")

    @property
    def copied(self) -> tuple[str, ...]:
        """Return the files and directories that are copied from the build context."""
        found = (word for line in self._instructions() for word in _copied(line))
        relative = (word.removeprefix("./").rstrip("/") for word in found)
        return tuple(word for word in relative if word not in {".", ""})

    @property
    def copied_into_stage(self) -> tuple[str, ...]:
        """Return what is copied from the build context for the stage that is built, the context itself as `.`."""
        found = (word for line in self.needed_lines for word in _copied(line))
        return tuple(word.removeprefix("./").strip("/") or "." for word in found)

    def production_target(self, side: re.Pattern[str], *, builds_last: bool = False) -> str | None:
        """Return the stage for production if it is not the last one; `side` matches the names of other stages.

        If the project is known to build the last one, only one for developers makes room.
        """
        names = {stage.name.lower(): stage.name for stage in self.stages}
        last = self.stages[-1].name.lower() if self.stages else ""
        is_side = side.fullmatch(last or "production") is not None
        if last in _PREFERRED_TARGETS or (builds_last and not is_side):
            return None
        # `docker build` builds the last stage; only a stage for developers makes room for another one.
        wanted = _PREFERRED_TARGETS if is_side else _PRODUCTION_TARGETS
        return next((names[name] for name in wanted if name in names), None)


def _copied(line: str) -> list[str]:
    """Return the sources of COPY and ADD that are in the build context."""
    match = _COPY.match(line)
    if match is None or "--from=" in line or "<<" in line:
        return []
    words = [word.strip('[]",') for word in match[1].split() if not word.startswith("--")]
    return [word for word in words[:-1] if not word.startswith(("http", "$"))]
