"""Lines that rewrite tracked files with a patch, a version or code are left out with a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded


@pytest.mark.parametrize(
    ("line", "is_left_out"),
    [
        ("git apply ci.patch", True),
        ("npm version 1.2 --no-git-tag-version", True),
        ("bump2version patch", True),
        ("envsubst < a.template > conf/a.yml", True),
        ("python -c \"open('conf/a.yml', 'w').write('x')\"", True),
        ("python -c \"from pathlib import Path; Path('conf/a.yml').write_text('')\"", True),
        ("envsubst < a.template > conf/b.yml", False),
        ("python -c \"open('conf/b.yml', 'w').write(open('conf/a').read())\"", False),
    ],
)
def test_a_line_that_rewrites_tracked_files_is_left_out_with_a_warning(
    tmp_path: Path, line: str, *, is_left_out: bool
) -> None:
    files = {"conf/a.yml": "", "a.template": "", "ci.patch": "", "package.json": "{}"}
    ci = {**workflow("sh ci.sh"), "ci.sh": f"{line}\npython manage.py test\n"}
    found = loaded(tmp_path, {**django(), **files, **ci})
    assert bool(found.config.tests.before) is not is_left_out
    assert any("changes files that git tracks" in text for text in found.warnings) is is_left_out
