"""Requirements files: which ones the tests need, and their contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.layout import Layout
from heroci_action.repository.files import RepositoryFiles, join, parent

MAX_NESTED = 30  # files that include each other
_FILE = (
    r"([^/]*/)?[^/]*require[^/]*\.(txt|in|pip)|([^/]*require[^/]*|reqs|deps)/[^/]+\.(txt|in|pip)"
)
# `backend/requirements.txt`
_PLAIN = re.compile(r"(.*/)?requirements?\.(txt|in|pip)")
# The best word comes first: requirements/test.txt is chosen before requirements/dev.txt.
_TEST_WORDS = (
    "ci", "test", "tests", "testing", "dev", "develop", "development", "devel", "local", "all",
)  # fmt: skip
_OUTER_TEST_WORDS = frozenset(_TEST_WORDS[:4])
_BASE_WORDS = ("base", "common", "main", "default", "core", "prod", "production", "deploy")
# requirements-docs.txt, lint-requirements.txt: packages for something other than the tests.
_SIDE_WORDS = frozenset(
    {
        "docs", "doc", "lint", "linters", "linting", "release", "build", "pip", "optional", "extra", "docker",
        "heroku", "typing", "mypy", "constraints", "pre-commit", "tools", "migrations", "maintainer", "packaging",
        "style",
    }
)  # fmt: skip
# `-r base.txt`
_INCLUDE = re.compile(r"^\s*(?:-r|--requirement)[ =]*[\"']?([^\s\"'#]+)", re.MULTILINE)
# `-c constraints.txt`
_CONSTRAINT = re.compile(r"^\s*(?:-c|--constraint)[ =]*[\"']?([^\s\"'#]+)", re.MULTILINE)
# `django # the web`
_COMMENT = re.compile(r"(^|\s)#.*")
# `git+https://example.com/x#egg=x`
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
# `django-filter>=24`
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def parse_requirement(text: str) -> Requirement | None:
    """Parse a requirement (PEP 508); only its name if the rest is invalid, None if there is no name."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        match = _NAME.match(text)
        try:
            return Requirement(match[1].rstrip("._-")) if match else None
        except InvalidRequirement:
            return None


def parse_requirements(texts: Iterable[str]) -> list[Requirement]:
    """Parse every text that is a requirement."""
    return [found for text in texts if (found := parse_requirement(text)) is not None]


def distribution(requirement: Requirement) -> str:
    """Return the normalised name of a requirement (PEP 503)."""
    return canonicalize_name(requirement.name)


def read_requirements(tree: RepositoryFiles, files: Iterable[str]) -> list[Requirement]:
    """Read the requirements of files and of the files that they include."""
    every = dict.fromkeys(inner for outer in files for inner in included(tree, outer))
    return parse_requirements(text for file in every for text in requirement_texts(tree.text(file)))


def read_constraints(tree: RepositoryFiles, files: Iterable[str]) -> list[Requirement]:
    """Read the constraints (`-c FILE`) of requirements files and of the files that they include."""
    every = dict.fromkeys(inner for outer in files for inner in included(tree, outer))
    constraints = (
        join(parent(file), name) for file in every for name in _CONSTRAINT.findall(tree.text(file))
    )
    return read_requirements(tree, constraints)


def requirement_texts(content: str) -> Iterator[str]:
    """Yield the requirements of a file as text, without comments and options."""
    for raw in content.replace("\\\n", " ").splitlines():
        line = _COMMENT.sub("", raw).split(" --", 1)[0].strip()
        if egg := _EGG.search(raw):
            yield egg[1]
        elif line and not line.startswith("-"):
            yield line


def included(tree: RepositoryFiles, path: str, seen: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a file and the files that it includes with `-r`, at any depth."""
    if path in seen or len(seen) > MAX_NESTED:
        return seen
    seen = (*seen, path)
    for name in _INCLUDE.findall(tree.text(path)):
        seen = included(tree, join(parent(path), name), seen)
    return seen


def without_included(tree: RepositoryFiles, files: Iterable[str]) -> tuple[str, ...]:
    """Return the files that no other file includes."""
    files = tuple(dict.fromkeys(files))
    inner = {name for file in files for name in included(tree, file) if name != file}
    return tuple(file for file in files if file not in inner)


def choose_files(tree: RepositoryFiles, layout: Layout) -> tuple[str, ...]:
    """Return the requirements file of the project and the one for its tests.

    The first is left out if the second includes it or requires Django itself.
    """
    for directory in layout.directories:
        files = [path for path in tree.matching(_FILE, under=directory) if tree.text(path).strip()]
        # pip-compile writes requirements.txt from requirements.in.
        compiled = {f"{path.removesuffix('.txt')}.in" for path in files if path.endswith(".txt")}
        candidates = _Candidates(tree, tuple(f for f in files if f not in compiled), directory)
        if chosen := candidates.choose():
            return chosen
    return ()


@dataclass(frozen=True)
class _Candidates:
    """Requirements files in a directory and in the directories below it."""

    tree: RepositoryFiles
    files: tuple[str, ...]
    directory: str

    def choose(self) -> tuple[str, ...]:
        files = [file for file in self.files if not self._words(file) & _SIDE_WORDS]
        named = [file for file in files if not _PLAIN.fullmatch(file)]
        plain = next(filter(_PLAIN.fullmatch, files), None)
        tests = self._including(self._best(_TEST_WORDS, named), named)
        base = plain or self._best(_BASE_WORDS, named)
        if tests is None:
            return (base,) if base else tuple(files[:1])
        if base is None or self._is_whole(tests, base):
            return (tests,)
        return (self._complete(base, tests, named), tests)

    def _is_whole(self, tests: str, base: str) -> bool:
        """Return whether the file for the tests includes the other one, or requires Django itself."""
        within = included(self.tree, tests)
        return base in within or self._require_django(within)

    def _words(self, path: str) -> set[str]:
        return _words(path if self.directory == "." else path.removeprefix(f"{self.directory}/"))

    def _best(self, words: tuple[str, ...], files: list[str]) -> str | None:
        hits = (file for word in words for file in files if word in self._words(file))
        return next(hits, None)

    def _including(self, chosen: str | None, files: list[str]) -> str | None:
        """Return `test.txt` in place of the `test-ci.txt` that it includes."""
        outer = (
            file
            for file in files
            if file != chosen
            and _OUTER_TEST_WORDS & self._words(file)
            and chosen in included(self.tree, file)
        )
        return next(outer, chosen)

    def _complete(self, base: str, tests: str, named: list[str]) -> str:
        # requirements.txt at the root is often for the hosting service only.
        near = [file for file in named if parent(file) == parent(tests)]
        other = self._best(_BASE_WORDS, near)
        return other if other and not self._require_django(included(self.tree, base)) else base

    def _require_django(self, files: Iterable[str]) -> bool:
        return any(distribution(item) == "django" for item in read_requirements(self.tree, files))


def _words(path: str) -> set[str]:
    return set(re.split(r"[-_./]", path.lower())[:-1])


def with_joined(
    files: Iterable[str], commands: Iterable[Command], tree: RepositoryFiles
) -> tuple[str, ...]:
    """Return installed files, with A and B in place of a file that `cat A B > FILE` writes in an image."""
    joined = {
        write.path: [path for path in paths if path and tree.has(path)]
        for command in commands
        if command.words[:1] == ("cat",)
        for paths in [[locate(word, command.directory) for word in command.words[1:]]]
        for write in command.writes
    }
    return tuple(dict.fromkeys(part for file in files for part in joined.get(file) or (file,)))
