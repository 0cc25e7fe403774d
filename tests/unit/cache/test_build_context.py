from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.cache.build_context import select_context
from heroci_action.cache.content import Content
from heroci_action.plan.actions import BuildImage

FILES = {
    path: f"100644 {path}"
    for path in (
        *("Dockerfile", "README.md", "manage.py", "a b.txt", ".dockerignore"),
        *("shop/models.py", "shop/notes.md", "shop/deep/notes.md", "tests/test_a.py"),
        *("web/Dockerfile", "web/app.js", "web/tests/a.js"),
    )
}
BUILD = BuildImage(dockerfile="Dockerfile")


def visible(root: Path, ignore: str, build: BuildImage = BUILD) -> set[str]:
    (root / build.context / ".dockerignore").parent.mkdir(parents=True, exist_ok=True)
    (root / build.context / ".dockerignore").write_text(ignore)
    return set(select_context(Content(files=FILES), build, root).files)


@pytest.mark.parametrize(
    ("ignore", "excluded"),
    [
        ("", set()),
        ("tests", {"tests/test_a.py"}),
        ("/tests/", {"tests/test_a.py"}),
        ("# tests\n\n./shop/deep\n", {"shop/deep/notes.md"}),
        ("*.md", {"README.md"}),
        ("**/*.md", {"README.md", "shop/notes.md", "shop/deep/notes.md"}),
        ("*/*.md", {"shop/notes.md"}),
        ("shop/**/notes.md", {"shop/notes.md", "shop/deep/notes.md"}),
        ("shop/**\n!shop/deep", {"shop/models.py", "shop/notes.md"}),
        ("**/*.md\n!README.md", {"shop/notes.md", "shop/deep/notes.md"}),
        ("!README.md\n*.md", {"README.md"}),
        ("shop/[a-m]*.py\n?anage.py", {"shop/models.py", "manage.py"}),
        ("a b.txt  ", {"a b.txt"}),
        ("man\\age.py", {"manage.py"}),
        # Without a valid meaning, it excludes nothing.
        ("tests\nshop/[z-a]", set()),
    ],
)
def test_dockerignore_means_what_it_means_to_docker(
    tmp_path: Path, ignore: str, excluded: set[str]
) -> None:
    assert visible(tmp_path, ignore) == FILES.keys() - excluded


def test_an_allow_list_leaves_the_dockerfile_and_itself(tmp_path: Path) -> None:
    assert visible(tmp_path, "*\n!shop\n**/*.md") == {
        *("Dockerfile", ".dockerignore", "shop/models.py"),
    }


def test_a_context_is_a_directory_with_a_dockerignore_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("web")
    inner = BuildImage(dockerfile="web/Dockerfile", context="./web/")
    assert visible(tmp_path, "tests", inner) == {
        *("web/Dockerfile", "web/app.js", "web/.dockerignore"),
    }
    outer = BuildImage(dockerfile="Dockerfile", context="web")
    assert "Dockerfile" in visible(tmp_path, "", outer)


def test_dockerignore_itself_counts_also_if_git_ignores_it(tmp_path: Path) -> None:
    files = {"shop/models.py": "100644 1"}
    hashes = []
    for text in ("*.md", "*.txt"):
        (tmp_path / ".dockerignore").write_text(text)
        hashes.append(select_context(Content(files=files), BUILD, tmp_path).whole)
    assert hashes[0] != hashes[1]


def test_all_files_count_if_builders_disagree_or_the_context_is_elsewhere(tmp_path: Path) -> None:
    outside = replace(BUILD, context="../elsewhere")
    assert select_context(Content(files=FILES), outside, tmp_path).files == FILES
    (tmp_path / "Dockerfile.dockerignore").write_text("tests")
    assert visible(tmp_path, "tests") == FILES.keys()
