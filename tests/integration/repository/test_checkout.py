"""The base of a change, in checkouts as actions/checkout makes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.repository.git import Checkout, GitError


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    done = subprocess.run(
        ["git", *identity, "-C", str(root), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def pull_request(tmp_path: Path) -> Path:
    """A repository with a merge commit of a pull request, after which main has moved on."""
    root = tmp_path / "origin"
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    (root / "a.py").write_text("one\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "base")
    git(root, "switch", "-qc", "proposal")
    (root / "a.py").write_text("one\ntwo\n")
    git(root, "commit", "-qam", "change")
    git(root, "switch", "-q", "main")
    (root / "b.py").write_text("other\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "onward")
    git(root, "switch", "-qc", "merged")
    git(root, "merge", "-q", "--no-ff", "-m", "merge", "proposal")
    return root


def cloned(origin: Path, branch: str, depth: int) -> Checkout:
    target = origin.parent / f"{branch}-{depth}"
    git(
        origin.parent,
        "clone",
        "-q",
        f"--depth={depth}",
        "--branch",
        branch,
        origin.as_uri(),
        str(target),
    )
    return Checkout.of(target)


def test_the_first_parent_of_a_merge_commit_is_the_base_at_depth_2(pull_request: Path) -> None:
    checkout = cloned(pull_request, "merged", depth=2)

    base = checkout.merge_base("origin/main", merge_commit=checkout.commit())

    assert base == git(pull_request, "rev-parse", "main")
    assert checkout.changed_lines(base) == {"a.py": frozenset({2})}


@pytest.mark.parametrize(
    ("branch", "depth"),
    [("merged", 1), ("proposal", 2)],
    ids=["the parents are not here", "not a merge commit"],
)
def test_without_both_parents_the_base_is_unknown(
    pull_request: Path, branch: str, depth: int
) -> None:
    checkout = cloned(pull_request, branch, depth)

    with pytest.raises(GitError) as caught:
        checkout.merge_base("origin/main", merge_commit=checkout.commit())

    assert "fetch-depth: 0" in str(caught.value.remedy)


def test_a_merge_commit_of_somebody_else_is_not_taken_for_that_of_the_pull_request(
    pull_request: Path,
) -> None:
    checkout = cloned(pull_request, "merged", depth=2)

    with pytest.raises(GitError):
        checkout.merge_base("origin/main", merge_commit="0" * 40)
