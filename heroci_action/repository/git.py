"""What git knows of a checkout: its root, its files, its commit, and the lines that changed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heroci_action.errors import HeroCIError

SECONDS = 60  # that one question may take

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_OPTIONS = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")


class GitError(HeroCIError):
    """Git does not answer, or not as it should; a report without it says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A directory, in a repository or not; every question is one call of git."""

    root: Path
    known: bool  # to git

    @classmethod
    def of(cls, directory: Path) -> Checkout:
        """The repository around a directory, else the directory itself."""
        try:
            top = _git(directory, "rev-parse", "--show-toplevel").strip()
        except GitError:
            return cls(root=directory.resolve(), known=False)
        return cls(root=Path(top), known=True)

    def files(self) -> frozenset[str]:
        """The files that git tracks, relative to the root; none without git."""
        if not self.known:
            return frozenset()
        return frozenset(_git(self.root, "ls-files", "-z", "--cached").split("\0")) - {""}

    def commit(self) -> str | None:
        """The commit that is checked out; None where there is none."""
        try:
            return _git(self.root, "rev-parse", "--verify", "HEAD").strip()
        except GitError:
            return None

    def is_clean(self) -> bool:
        """Whether the files are those of the commit."""
        try:
            return not _git(self.root, "status", "--porcelain", "--untracked-files=no").strip()
        except GitError:
            return False

    def merge_base(self, ref: str) -> str:
        """The commit at which this one left `ref`. Raises GitError, which names the remedy for a shallow clone."""
        if not self.known:
            raise GitError("this is no git repository, so no line is known to have changed")
        try:
            target = _git(
                self.root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}"
            )
            return _git(self.root, "merge-base", "HEAD", target.strip()).strip()
        except GitError as error:
            raise GitError(
                f"the commit where this branch left {ref!r} is not known: {error.cause}",
                remedy=self._remedy(ref),
            ) from error

    def _remedy(self, ref: str) -> str:
        if _git(self.root, "rev-parse", "--is-shallow-repository").strip() == "true":
            return "the clone is shallow: give actions/checkout `fetch-depth: 0`, or run `git fetch --unshallow`"
        return f"fetch it with `git fetch origin {ref.removeprefix('origin/')}`, or name another with --base"

    def changed_lines(self, base: str) -> Mapping[str, frozenset[int]]:
        """The lines that are new or different in the working tree since a commit, by file. Raises GitError."""
        diff = _git(
            self.root, "diff", *_OPTIONS, "--unified=0", "-M", "--end-of-options", base, "--"
        )
        return parse_changes(diff)


def parse_changes(diff: str) -> dict[str, frozenset[int]]:
    """The new lines of a unified diff without context, by file."""
    changes: dict[str, set[int]] = {}
    lines: set[int] = set()
    left = 0  # lines of the hunk, which may look like headers
    for row in diff.split("\n"):
        if left:
            left -= 1
        elif row.startswith("+++ "):
            lines = changes.setdefault(_path(row.removeprefix("+++ ")), set())
        elif hunk := _HUNK.match(row):
            first, number = int(hunk[1]), int(hunk[2] or 1)
            lines.update(range(first, first + number))
            left = number + _removed(row)
    changes.pop("/dev/null", None)
    return {path: frozenset(numbers) for path, numbers in changes.items() if numbers}


def _removed(hunk: str) -> int:
    old = hunk.split(" ")[1]
    return int(old.partition(",")[2] or 1)


def _path(written: str) -> str:
    """`b/a b.py`, or in quotes with escapes where it has odd characters (git config, core.quotePath)."""
    name = written.rstrip("\t\r")
    if name.startswith('"'):
        name = name[1:-1].encode("latin-1").decode("unicode_escape")
        name = name.encode("latin-1").decode("utf-8", errors="surrogateescape")
    return name.removeprefix("b/")


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "safe.directory=*", "-c", "core.quotePath=true", "-C", str(directory)]
    env = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            [*command, *arguments], capture_output=True, timeout=SECONDS, check=False, env=env
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git does not answer: {error}") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitError(words[-1] if words else f"git {arguments[0]} has no answer")
    return done.stdout.decode("utf-8", errors="surrogateescape")
