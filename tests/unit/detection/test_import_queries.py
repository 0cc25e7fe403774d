"""Queries that run when a module is imported: `check` imports the URLs before there are tables."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from heroci_action.detection.sources.import_queries import find_query
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded


@pytest.mark.parametrize(
    "code",
    [
        "LOCALE = Site.objects.get(is_default=True).locale",
        "class Form:\n    kind = Choice(choices=[(k.pk, k) for k in Kind.objects.filter(open=True)])",
        "KINDS = list(Kind.objects.values_list('pk'))",
        "FIRST = Kind.objects.order_by('pk')[0]",
        "for kind in Kind.objects.all():\n    pass",
        "if settings.SHOP:\n    COUNT = Kind.objects.count()",
        "def choose(kind=Kind.objects.first()): ...",
        "KINDS = tuple(k.pk for k in Kind.objects.all())",
    ],
)
def test_a_query_that_runs_on_import_is_found(code: str) -> None:
    assert find_query(ast.parse(code)) is not None


@pytest.mark.parametrize(
    "code",
    [
        "class View:\n    queryset = Kind.objects.filter(open=True)",
        "def choose():\n    return Kind.objects.first()",
        "choose = lambda: Kind.objects.count()",
        "try:\n    KIND = Kind.objects.get()\nexcept DatabaseError:\n    KIND = None",
        "if __name__ == '__main__':\n    Kind.objects.create()",
        "NEWEST = Kind.objects.order_by('-pk')[:3]",
        "kinds = Kind.objects.as_manager()",
        "objects = data.get('objects')",
    ],
)
def test_what_only_describes_a_query_or_runs_later_is_none(code: str) -> None:
    assert find_query(ast.parse(code)) is None


@pytest.mark.parametrize(
    ("path", "line", "warned"),
    [
        ("mysite/forms.py", "pytest", True),
        ("mysite/forms.py", "python manage.py test", False),
        ("mysite/import_kinds.py", "pytest", False),
    ],
)
def test_checks_that_cannot_run_are_reported_unless_the_runner_does_them(
    tmp_path: Path, path: str, line: str, *, warned: bool
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    code = {
        path: "KINDS = list(Kind.objects.all())\n",
        "mysite/urls.py": "from mysite import views\n",
        "mysite/views.py": "from .forms import KINDS\n",
    }
    found = loaded(tmp_path, {**django(SQLITE), **code, **workflow(line)})
    assert any("`manage.py check` is left out" in text for text in found.warnings) is warned
