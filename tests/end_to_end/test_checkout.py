"""The host engine works in the developer's checkout and leaves it as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import run
from tests.end_to_end.projects import FILES, write

PROJECT = {
    ".gitignore": ".env\nlocal.py\nheroci-reports/\n",
    ".env.example": "GREETING=example\n",
    "pyproject.toml": FILES["pyproject.toml"]
    + """
        [tool.heroci.tests]
        before = [
            "cp .env.example .env",
            "sed -i s/example/changed/ .env",
            "echo 'NUMBER = 1' >> local.py",
        ]
        """,
    "shop/test_files.py": """
        from pathlib import Path

        from django.test import SimpleTestCase


        class Files(SimpleTestCase):
            def test_files(self):
                print("greeting:", Path(".env").read_text())
                self.assertTrue(Path("local.py").exists())
        """,
}


@pytest.mark.promise(
    "a command before the tests would overwrite a file that git does not track",
    "the command does not run, a warning names the file, and the file stays as it was",
)
def test_untracked_files_of_the_developer_are_kept(tmp_path: Path) -> None:
    project = write(tmp_path / "p", PROJECT)
    (project / ".env").write_text("GREETING=mine\n")
    (project / "local.py").write_text("SECRET = 1\n")
    done = run(project, "--stages", "tests")
    assert done.exit_code == 0, done.stdout
    assert (project / ".env").read_text() == "GREETING=mine\n"
    assert (project / "local.py").read_text() == "SECRET = 1\n"
    warnings = done.step("tests", "cp .env.example .env")["warnings"]
    assert warnings == ["not run, because it would overwrite .env, which git cannot restore"]
    assert "not run, because it would overwrite local.py" in done.stdout


def test_files_that_commands_create_are_removed_after_the_run(tmp_path: Path) -> None:
    project = write(tmp_path / "p", PROJECT)
    done = run(project, "--stages", "tests")
    assert done.exit_code == 0, done.stdout
    assert "greeting: GREETING=changed" in (done.reports / "logs/tests.tests.log").read_text()
    assert not (project / ".env").exists()
    assert not (project / "local.py").exists()
