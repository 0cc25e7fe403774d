"""The files of a repository, together with files that a job of the CI creates."""

from __future__ import annotations

from pathlib import Path

from heroci_action.repository.files import RepositoryFiles


def test_files_that_exist_are_no_new_ones(tmp_path: Path) -> None:
    tree = RepositoryFiles(root=tmp_path, files=("b.py", "d.py"))
    # Nothing is sorted and indexed again: detection asks for the current files before each command.
    assert tree.with_files({}) is tree
    assert tree.with_files({"b.py": "other"}) is tree
    found = tree.with_files({"c.py": "new", "a.py": "", "b.py": "other"})
    assert found.files == ("a.py", "b.py", "c.py", "d.py")
    assert (found.created, found.text("c.py")) == (frozenset({"a.py", "c.py"}), "new")
