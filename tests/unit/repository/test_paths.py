"""Paths as tools write them become paths of the repository."""

from __future__ import annotations

import pytest

from heroci_action.readers import PathResolver

TRACKED = frozenset({"backend/shop/models.py", "backend/manage.py", "tools/build.py", "models.py"})


@pytest.mark.parametrize(
    ("path", "located"),
    [
        ("shop/models.py", "backend/shop/models.py"),
        ("./shop/models.py", "backend/shop/models.py"),
        ("../tools/build.py", "tools/build.py"),
        ("tools/build.py", "tools/build.py"),  # relative to the root, as pytest's rootdir may be
        ("models.py", "models.py"),
        ("shop/new.py", "backend/shop/new.py"),  # not yet added to git
        ("/src/backend/shop/models.py", "backend/shop/models.py"),
        ("/work//backend/./shop/models.py", "backend/shop/models.py"),
        ("a, b: c/d e.py", "backend/a, b: c/d e.py"),
    ],
)
def test_a_path_is_placed_in_the_repository(path: str, located: str) -> None:
    tree = PathResolver(directory="backend", tracked=TRACKED, roots=("/src", "/work/"))
    assert tree.locate(path) == located


@pytest.mark.parametrize(
    "path",
    [
        "",
        "-",
        "<string>",
        "<frozen importlib._bootstrap>",
        "../../etc/passwd",
        "/usr/lib/python3/shop/models.py",
        "/srcery/backend/manage.py",
        "/src/../etc/passwd",
        "/src",
        ".",
        "a\0b.py",
    ],
)
def test_what_is_no_file_of_the_repository_has_no_place(path: str) -> None:
    tree = PathResolver(directory=".", tracked=TRACKED, roots=("/src",))
    assert tree.locate(path) is None


def test_a_checkout_of_another_machine_is_recognised_by_the_end_of_its_paths() -> None:
    tree = PathResolver(tracked=TRACKED)
    assert tree.locate("/home/runner/work/x/x/backend/shop/models.py") == "backend/shop/models.py"
    assert tree.locate("/usr/lib/python3/models.py") is None  # one name alone proves nothing
