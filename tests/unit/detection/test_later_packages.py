"""Packages that the CI installs after a file or a lock replace the versions in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.pipeline.base import environment
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

FILE = "pip install -r requirements.txt"


@pytest.mark.parametrize(
    ("required", "lines", "replacing"),
    [
        ("a==3.1", [FILE, "pip install a==1.0"], ("a==1.0",)),
        ("a==3.1", [FILE, "pip install 'a<2'"], ("a<2",)),
        ("a<2", [FILE, "pip install a==3.1"], ("a==3.1",)),
        ("a==3.1", [FILE, "pip install a"], ()),
        ("a>=3", [FILE, "pip install a==3.1"], ()),
        ("a==3.1", [f"{FILE} a==1.0"], ()),
        ("a==3.1", ["pip install a==1.0", FILE], ()),
        ("a==3.1", [FILE, "pip install b==1.0"], ()),
    ],
)
def test_a_package_replaces_the_version_of_the_file_before_it(
    tmp_path: Path, required: str, lines: list[str], replacing: tuple[str, ...]
) -> None:
    files = {**django(), **workflow(*lines, "python manage.py test")}
    project = loaded(tmp_path, {**files, "requirements.txt": f"django\n{required}\n"})
    found = environment(project)
    assert found.overrides == replacing
    assert not {*found.overrides} & {*found.packages}
    assert {*found.overrides, *found.packages} == {*project.config.packages}


def test_the_django_of_a_cell_counts_before_that_of_the_ci(tmp_path: Path) -> None:
    lines = [FILE, "pip install django==4.2", "python manage.py test"]
    files = {**django(), **workflow(*lines), "requirements.txt": "django==5.1\n"}
    project = loaded(tmp_path, files)
    assert environment(project).overrides == ("django==4.2",)
    assert environment(replace(project, django="django==5.2")).overrides == ("django==5.2",)
