"""The commands that build an image, followed through its Dockerfile."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.ci.command_line import split_words
from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.dockerfile import Dockerfile
from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.left_out import PACKAGES, reason_of_program
from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import UNKNOWN, Command, Script
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import RepositoryFiles, ancestors, join, relative_path

# `/code/install.sh`, `./packages.txt` and `packages.txt`
_FILE = re.compile(r"(?<![\w./=-])[\w./-]*[\w-]\.\w+\b(?![\w./-])")
# `--mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt`
_FLAG = re.compile(r"\s*--(\w+)=(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents:
    """The commands that build an image, the variables of its containers, and the places of the repository's files."""

    commands: tuple[Command, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)

    def in_repository(self, command: Command, tree: RepositoryFiles) -> Command:
        """Return a command in the image as one in the repository: `cd /code/shop && pytest --ignore=/code/x`."""

        def moved(word: str) -> str:
            name, sign, value = word.rpartition("=")
            path = self.locate(value, tree) if value.startswith("/") else None
            return word if path is None else f"{name}{sign}{spell(path)}"

        return replace(
            command,
            words=tuple(map(moved, command.words)),
            call=replace(command.call, arguments=tuple(map(moved, command.call.arguments))),
            directory=self.locate(command.directory, tree) or command.directory,
            env={**self.env, **command.env},
        )

    def locate(self, path: str, tree: RepositoryFiles) -> str | None:
        """Return the path in the repository of an absolute path in the image; None if it is not from there."""
        for target in sorted(self.copies, key=len, reverse=True):
            if path == target or path.startswith(f"{target.rstrip('/')}/"):
                found = join(self.copies[target], path[len(target) :].lstrip("/") or ".")
                if found == "." or tree.has(found) or tree.has_directory(found):
                    return found
        return None


def read_contents(build: ImageBuild, tree: RepositoryFiles) -> ImageContents:
    """Read the instructions of the built stage, and of the stages and builds that it starts from or copies from."""
    reader = _Reader(build, tree)
    commands = tuple(reader.commands(build.parse(tree)))
    return ImageContents(commands=commands, env=reader.container_env(), copies=reader.copies)


def find_in_image(build: ImageBuild, tree: RepositoryFiles, path: str) -> str | None:
    """Return where a file of the repository is in the image, from its working directory; None if that is not known.

    Without WORKDIR, the base image may have one, and the path is absolute.
    """
    reader = _Reader(build, tree)
    for _ in reader.commands(build.parse(tree)):
        pass
    found = min(reader.places_of(path), key=len, default=None)
    return f"/{found}" if found and reader.place == "/" else found


@dataclass
class _Reader:
    """The state of a build: variables, working directory, and the places of the repository's files in the image."""

    build: ImageBuild
    tree: RepositoryFiles
    arguments: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    place: str = "/"
    copies: dict[str, str] = field(default_factory=dict)
    directories: set[str] = field(default_factory=lambda: {"/"})  # WORKDIR and mkdir make others

    def commands(self, dockerfile: Dockerfile) -> Iterator[Command]:
        if self.build.below:
            below = _Reader(self.build.below, self.tree)
            yield from below.commands(self.build.below.parse(self.tree))
            self.env, self.place, self.copies = below.env, below.place, below.copies
            self.directories = below.directories
        self.arguments |= {**dockerfile.arguments, **self.build.arguments}
        others = dockerfile.lines_of_other_languages
        for line in dockerfile.needed_lines:
            name, _, rest = line.partition(" ")
            match name.upper():
                case "ARG":
                    self._declare(rest)
                case "ENV":
                    self.env |= _pairs(self._fill(rest))
                case "WORKDIR":
                    self.place = self._inside(self._fill(rest.strip()))
                    self.directories.add(self.place)
                case "COPY" | "ADD":
                    self._copy(self._fill(rest))
                case "RUN" if line in others:
                    # Packages of a stage that builds assets are not for Python.
                    found = ((each, reason_of_program(each.call.name)) for each in self._run(rest))
                    yield from (each for each, reason in found if reason != PACKAGES)
                case "RUN":
                    yield from self._run(rest)

    def container_env(self) -> dict[str, str]:
        """Return a container's variables; paths become those in the repository, unknown ones are left out."""
        found: dict[str, str] = {}
        for name, value in self.env.items():
            path = self._locate(value) if value.startswith("/") else None
            if path is not None:
                found[name] = spell(path)
            elif not re.search(rf"(^|:)/|\$|{UNKNOWN}", value):
                found[name] = value
        return found

    def places_of(self, path: str) -> Iterator[str]:
        """Yield the places of a file of the repository below the working directory."""
        here = f"{self.place.rstrip('/')}/"
        for target, source in self.copies.items():
            copied = posixpath.normpath(posixpath.join(target, posixpath.relpath(path, source)))
            if source in ancestors(path) and copied.startswith(here):
                yield copied.removeprefix(here)

    def _declare(self, text: str) -> None:
        for name, value in _pairs(self._fill(text), default="").items():
            self.arguments.setdefault(name, value)

    def _fill(self, text: str) -> str:
        known = {**self.arguments, **self.env}
        return re.sub(
            r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))",
            lambda match: known.get(match[1] or match[3], match[2] or match[0]),
            text,
        )

    def _inside(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self.place, path))

    def _copy(self, text: str) -> None:
        flags = dict(_FLAG.findall(text))
        words = [word.strip('[]",') for word in _FLAG.sub("", text).split()]
        for source in words[:-1]:
            if "from" not in flags:
                self._place(source, words[-1])
            elif flags["from"] in self.build.parse(self.tree).stage_names:
                # A file from another stage may be one of the repository that the stage does not change.
                self._record(filter(None, [self._locate(posixpath.join("/", source))]), words[-1])

    def _place(self, source: str, target: str) -> None:
        """Record the places of the context's files in the image."""
        path = join(self.build.context, source.lstrip("/") or ".")
        regex = "".join("[^/]*" if char == "*" else re.escape(char) for char in path)
        self._record(self.tree.matching(regex) if "*" in path else (path,), target, "*" in path)

    def _record(self, files: Iterable[str], target: str, several: bool = False) -> None:
        into = several or target.endswith(("/", "/.")) or self._inside(target) in self.directories
        for file in files:
            inner = posixpath.join(target, posixpath.basename(file))
            self.copies[self._inside(inner if into and self.tree.has(file) else target)] = file

    def _locate(self, word: str) -> str | None:
        """Return the path in the repository of a path in the image; None if it is not from there."""
        return ImageContents(copies=self.copies).locate(self._inside(word), self.tree)

    def _run(self, text: str) -> Iterator[Command]:
        before = dict(self.copies)
        while flag := _FLAG.match(text):
            options = dict(pair.partition("=")[::2] for pair in flag[2].split(","))
            source = options.get("source", options.get("src"))
            target = options.get("target", options.get("dst", options.get("destination")))
            if flag[1] == "mount" and target and options.get("type", "bind") == "bind":
                self._place(source or ".", target)
            text = text[flag.end() :]
        if text.lstrip().startswith("["):
            text = shlex.join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
        directory = self._locate(".") or self.build.context
        script = Script(
            text=_FILE.sub(lambda found: self._spell(found[0], directory), text),
            source=self.build.dockerfile,
            directory=directory,
            env={**self.arguments, **self.env},
        )
        commands = list(run(script, Context(files=WorkingTree(self.tree))))
        # The variables of the image may be paths in it.
        tasks = {id(task): replace(task, env={}) for each in commands for task in each.via}
        for command in commands:
            if command.call.name == "mkdir":
                self.directories |= {self._inside(word) for word in command.call.arguments}
                if self.place == "/" and self._locate(".") is None:
                    # Before the first WORKDIR, the directory is that of the system.
                    continue
            via = tuple(tasks[id(task)] for task in command.via)
            yield replace(self._in_repository(command), via=via)
        self.copies = before

    def _spell(self, word: str, directory: str) -> str:
        """Return the path of a file in the image as one from a directory of the repository, so that it is read."""
        path = self._locate(word)
        moved = path is not None and path != join(directory, word) and self.tree.has(path)
        return f"./{relative_path(str(path), directory)}" if moved else word

    def _in_repository(self, command: Command) -> Command:
        """Return a command with the paths in the image replaced by those in the repository."""
        words = []
        for word in command.words:
            name, sign, value = word.rpartition("=")
            path = self._locate(value) if "/" in value or "." in value else None
            here = relative_path(path, command.directory) if path else value
            words.append(f"{name}{sign}{here}")
        return replace(command, words=tuple(words), env={}, unknown=frozenset(), perhaps=())


def _pairs(text: str, default: str | None = None) -> dict[str, str]:
    """Return `A=b C="d e"`, or the old form `A b`."""
    words = split_words(text)
    if words and "=" not in words[0] and default is None:
        return {words[0]: " ".join(words[1:])}
    pairs = (word.partition("=") for word in words)
    return {name: value for name, sign, value in pairs if sign}
