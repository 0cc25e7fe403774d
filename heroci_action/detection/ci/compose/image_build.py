"""Builds of images: which Dockerfile, from which directory, with which arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.interpolation import fill
from heroci_action.detection.ci.dockerfile import Dockerfile
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Command
from heroci_action.repository.files import RepositoryFiles, join

# `./backend`, `$GITHUB_WORKSPACE/backend`
_CONTEXT = re.compile(rf"(?:{re.escape(ROOT)}|[\w./])[\w./-]*")
_VALUED = frozenset(
    {
        "-f", "--file", "--target", "-t", "--tag", "--build-arg", "--platform", "--cache-from", "--cache-to", "-o",
        "--output", "--label", "--network", "--progress", "--secret", "--ssh", "--builder", "-m", "--memory",
    }
)  # fmt: skip
_VALUED_BY_KANIKO = frozenset(
    {
        "-c",
        "--context",
        "-f",
        "--dockerfile",
        "--target",
        "-d",
        "--destination",
        "--build-arg",
        "--cache-repo",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """A build of an image; paths are relative to the repository's root. `below` is the build of its base image."""

    dockerfile: str
    context: str
    target: str | None
    source: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    # The container's options in a compose file.
    health_check: str = ""
    command: tuple[str, ...] = ()
    below: ImageBuild | None = None

    def parse(self, tree: RepositoryFiles) -> Dockerfile:
        """Return the Dockerfile at the target of the build."""
        return Dockerfile(tree.text(self.dockerfile), self.target)

    def base(self, tree: RepositoryFiles) -> str | None:
        """Return the image from which the build starts, or the build of its base image."""
        return self.below.base(tree) if self.below else self.own_base(tree)

    def own_base(self, tree: RepositoryFiles) -> str | None:
        """Return the image that the Dockerfile itself starts from."""
        dockerfile = self.parse(tree)
        known = {**dockerfile.arguments, **self.arguments}
        return fill(dockerfile.base, known) if dockerfile.base else None


def read_tag(command: Command, builds: Iterable[ImageBuild]) -> Iterator[ImageBuild]:
    """Yield the build of an image that `docker tag IMAGE NAME` gives another name."""
    match command.words:
        case ("docker" | "podman", "tag", image, name) | ("docker", "image", "tag", image, name):
            build = find_build(image, builds)
            yield from [replace(build, tags=(name,))] if build else ()


def build_arguments(options: Options) -> dict[str, str]:
    """Return the values of `--build-arg NAME=VALUE`."""
    pairs = (pair.partition("=") for pair in options.values("--build-arg"))
    return {name: value for name, sign, value in pairs if sign}


def find_build(reference: str, builds: Iterable[ImageBuild]) -> ImageBuild | None:
    """Return the build of an image: by its whole name, or by the name without tag if all builds of it are the same.

    Parts that only the CI knows are equal; a name of which nothing is known has no build. The context may have the
    name of the image: `ci_base` for `ci-base`.
    """
    if _is_unnamed(reference):
        return None
    wanted = _Name.parse(reference)
    named = [(build, [_Name.parse(tag) for tag in build.tags]) for build in builds]
    by_reference = [build for build, tags in named if wanted in tags]
    by_name = [build for build, tags in named if wanted.name in {tag.name for tag in tags}]
    similar = [build for build, tags in named if wanted.is_similar(build.context, tags)]
    for found in (by_reference, by_name, similar):
        if only := _only(found):
            return only
    return None


def find_unnamed(reference: str, builds: Iterable[ImageBuild]) -> ImageBuild | None:
    """Return the only build of a job whose name only the CI knows, for an image of which nothing is known either."""
    unnamed = [build for build in builds if not build.tags or any(map(_is_unnamed, build.tags))]
    return _only(unnamed) if _is_unnamed(reference) else None


def find_only(
    reference: str, builds: Iterable[ImageBuild], tree: RepositoryFiles
) -> ImageBuild | None:
    """Return the build of the only Dockerfile that the CI builds, for an image of which nothing is known.

    Of several, it is the one whose tag may be the name: `ghcr.io/…:latest` for `ghcr.io/acme/shop`.
    """
    known = [build for build in builds if tree.has(build.dockerfile)]
    if not _is_unnamed(reference):
        known = [build for build in known if any(_may_be(tag, reference) for tag in build.tags)]
    return _only(known)


def _may_be(tag: str, reference: str) -> bool:
    """Return whether a tag is this name of an image, in a registry, if a part that only the CI knows is left open."""
    parts = [re.escape(part) for part in re.split(f"{UNKNOWN}+", tag)]
    in_registry = re.match(r"[\w-]+\.[\w.-]+(:\d+)?/", tag) is not None
    text = reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
    return in_registry and len(parts) > 1 and re.fullmatch("[^:@]+".join(parts), text) is not None


def _only(builds: Iterable[ImageBuild]) -> ImageBuild | None:
    distinct = {(build.dockerfile, build.target): build for build in builds}
    return next(iter(distinct.values())) if len(distinct) == 1 else None


def _is_unnamed(reference: str) -> bool:
    return not re.search(r"\w", _Name.parse(reference).name)


@dataclass(frozen=True, slots=True)
class _Name:
    """The name of an image and its tag, with an ellipsis for each part that only the CI knows."""

    name: str
    tag: str

    @classmethod
    def parse(cls, reference: str) -> _Name:
        text = re.sub(rf"(?:\$\{{?\w+\}}?|{UNKNOWN})+", "…", reference.split("@", 1)[0])
        place, slash, last = text.rpartition("/")
        name, _, tag = last.partition(":")
        return cls(f"{place}{slash}{name}", tag or "latest")

    @property
    def letters(self) -> str:
        return _letters(self.name)

    def is_similar(self, context: str, tags: Iterable[_Name]) -> bool:
        return bool(self.letters) and self.letters in {
            _letters(context),
            *(tag.letters for tag in tags),
        }


def on_its_base(
    build: ImageBuild, builds: Iterable[ImageBuild], tree: RepositoryFiles
) -> ImageBuild:
    """Return a build with the one of the image from which it starts, if that is one of the builds."""
    base = build.own_base(tree)
    below = find_build(base, builds) if base else None
    return build if below is None or below == build else replace(build, below=below)


def _letters(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", path.rstrip("/").rpartition("/")[2].lower())


def read_build(command: Command) -> ImageBuild | None:
    """Return the build that a command such as `docker build` does; None for any other command."""
    match command.words:
        case ("docker" | "podman" | "buildah", "build" | "bud", *words) | (
            "docker",
            "buildx" | "image" | "builder",
            "build",
            *words,
        ):
            options = Options.split(words, _VALUED)
            contexts = options.words
        case (program, *words) if program.endswith("kaniko/executor"):
            options = Options.split(words, _VALUED_BY_KANIKO)
            named = options.values("-c", "--context")
            contexts = tuple(name.removeprefix("dir://") for name in named)
        case _:
            return None
    context = next(filter(_CONTEXT.fullmatch, reversed(contexts)), ".")
    place = locate(context, command.directory)
    file = options.value("-f", "--file", "--dockerfile")
    # The file is relative to the directory of the command, not to the context.
    dockerfile = locate(file, command.directory) if file else join(place or ".", "Dockerfile")
    if place is None or dockerfile is None:
        return None
    return ImageBuild(
        dockerfile=dockerfile,
        context=place,
        target=options.value("--target"),
        source=command.source,
        arguments=build_arguments(options),
        tags=options.values("-t", "--tag", "-d", "--destination"),
    )
