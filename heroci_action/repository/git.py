"""Run git, and answer what HeroCI asks of it: root, files, commit, changed lines."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from heroci_action.errors import HeroCIError

TIMEOUT = 60.0  # seconds for one command

# In a container action, the checkout belongs to another user.
_GIT = ("git", "--no-optional-locks", "-c", "safe.directory=*", "-c", "core.quotePath=true")
_DIFF = (
    "diff",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--unified=0",
    "--find-renames",
)


class GitError(HeroCIError):
    """Git failed or is not installed."""


def git(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run git in a directory and return its output; undecodable bytes become surrogates.

    `env` replaces the environment of this process. Raises GitError.
    """
    command = [*_GIT, "-C", str(directory), *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            # Error messages are quoted in English.
            env={**(os.environ if env is None else env), "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git does not answer: {error}") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitError(lines[-1] if lines else f"git {arguments[0]} exited with {done.returncode}")
    return done.stdout.decode("utf-8", errors="surrogateescape")


def list_files(
    directory: Path, *options: str, env: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the paths that `git ls-files` prints with these options, relative to the directory. Raises GitError."""
    return _list(directory, "ls-files", *options, env=env)


def find_words(directory: Path, pattern: str, *words: str) -> tuple[str, ...]:
    """Return the files that contain one of the words and match a pattern. Raises GitError, also if there are none."""
    options = ("--untracked", "--files-with-matches", "--word-regexp", "--fixed-strings")
    wanted = (part for word in words for part in ("-e", word))
    return _list(directory, "grep", *options, *wanted, "--", pattern)


def _list(
    directory: Path, command: str, *options: str, env: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    if not _may_be_repository(directory, os.environ if env is None else env):
        raise GitError(f"{str(directory)!r} is not in a git repository")
    listed = git(directory, command, "-z", *options, env=env)
    return tuple(path for path in listed.split("\0") if path)


def _may_be_repository(directory: Path, env: Mapping[str, str]) -> bool:
    """Return whether git could find a repository here, which costs far less than starting it."""
    place = directory.resolve()
    # In a bare repository, HEAD is in the directory itself.
    return (
        "GIT_DIR" in env
        or (place / "HEAD").exists()
        or any((above / ".git").exists() for above in (place, *place.parents))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A directory, inside a git repository or not. Every method runs git."""

    root: Path
    known: bool  # to git

    @classmethod
    def of(cls, directory: Path) -> Checkout:
        """Return the repository around a directory; without one, the directory itself."""
        try:
            top = git(directory, "rev-parse", "--show-toplevel").removesuffix("\n")
        except GitError:
            return cls(root=directory.resolve(), known=False)
        return cls(root=Path(top), known=True)

    def commit(self) -> str | None:
        """Return the commit that is checked out; None without one."""
        return self._resolve("HEAD")

    def is_clean(self) -> bool:
        """Return whether the tracked files are as in the commit."""
        try:
            return not git(self.root, "status", "--porcelain", "--untracked-files=no").strip()
        except GitError:
            return False

    def merge_base(self, ref: str, *, merge_commit: str | None = None) -> str:
        """Return the commit at which HEAD left `ref`.

        `merge_commit` merges a pull request into its base, as GitHub does for a workflow. If it is checked out with a
        depth of 2, `ref` is unknown, but its first parent is the base. Raises GitError with a remedy.
        """
        if not self.known:
            raise GitError("this is not a git repository, so the changed lines are unknown")
        try:
            target = git(
                self.root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}"
            )
            return git(self.root, "merge-base", "HEAD", target.strip()).strip()
        except GitError as error:
            parents = self._parents(merge_commit) if merge_commit else ()
            if len(parents) > 1:
                return parents[0]
            raise GitError(
                f"the commit at which this branch left {ref!r} is unknown: {error.cause}",
                remedy=self._remedy(ref),
            ) from error

    def _parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of a commit that exist in this clone; none if another commit is checked out."""
        if self.commit() != commit:
            return ()
        return tuple(filter(None, (self._resolve(f"{commit}^{n}^{{commit}}") for n in (1, 2))))

    def _resolve(self, ref: str) -> str | None:
        try:
            return git(self.root, "rev-parse", "--verify", "--quiet", ref).strip()
        except GitError:
            return None

    def _remedy(self, ref: str) -> str:
        if git(self.root, "rev-parse", "--is-shallow-repository").strip() == "true":
            return "the clone is shallow: give actions/checkout `fetch-depth: 0`, or run `git fetch --unshallow`"
        return f"fetch it with `git fetch origin {ref.removeprefix('origin/')}`, or name another with --base"

    def changed_lines(self, base: str) -> Mapping[str, frozenset[int]]:
        """Return the lines of the working tree that are new or different since a commit, by file. Raises GitError."""
        return parse_changes(git(self.root, *_DIFF, "--end-of-options", base, "--"))


def parse_changes(diff: str) -> dict[str, frozenset[int]]:
    """Return the new lines of a unified diff without context, by file. Raises GitError if it is not one."""
    try:
        patch = PatchSet(_unambiguous(diff), metadata_only=True)
    except UnidiffParseError as error:
        raise GitError(f"git printed a diff that cannot be read: {error}") from error
    changes: dict[str, set[int]] = {}
    for file in patch:
        lines = changes.setdefault(_unquote(file.target_file), set())
        for hunk in file:
            lines.update(range(hunk.target_start, hunk.target_start + hunk.target_length))
    return {path: frozenset(lines) for path, lines in changes.items() if lines}


def _unambiguous(diff: str) -> Iterator[str]:
    """Yield the lines without git's extended headers, which are ambiguous if a path contains ` b/`."""
    return (line for line in io.StringIO(diff) if line[0] in "-+@\\")


def _unquote(path: str) -> str:
    """Return the path in `b/a b.py`, or in quotes with escapes (git config, core.quotePath)."""
    if path.startswith('"'):
        path = path[1:-1].encode("latin-1").decode("unicode_escape")
        path = path.encode("latin-1").decode("utf-8", errors="surrogateescape")
    return path.removeprefix("b/")
