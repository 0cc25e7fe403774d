"""Programs that rewrite files, run on copies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.probes.projects import PROBES

# A rewriter as pyupgrade is one: it replaces a word in its files, says so, and fails if there was one.
REWRITER = """#!{python}
import pathlib, sys

word = pathlib.Path("pyproject.toml").read_text().strip() if pathlib.Path("pyproject.toml").exists() else "old"
code = 0
for name in sys.argv[1:]:
    file = pathlib.Path(name)
    text = file.read_text()
    if "broken" in text:
        sys.exit("cannot read " + name)
    if word in text:
        file.write_text(text.replace(word, "new"))
        print("Rewriting", name)
        code = {code}
sys.exit(code)
"""


def rewrite(root: Path, *files: str, code: int = 1) -> subprocess.CompletedProcess[str]:
    """Run the rewriter through the probe."""
    program = root / "rewriter"
    program.write_text(REWRITER.format(python=sys.executable, code=code))
    program.chmod(0o755)
    line = [sys.executable, str(PROBES / "heroci_unchanged.py"), str(program), *files]
    work = root / "work"
    return subprocess.run(line, cwd=work, capture_output=True, text=True, check=False)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name, text in {
        "shop/a.py": "old = 1\n",
        "shop/b.py": "x = 1\n",
        "../lib/c.py": "old\n",
    }.items():
        file = tmp_path / "work" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "work"


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("name", ["shop/a.py", "../lib/c.py"])
def test_a_file_that_would_change_fails_with_a_diff_and_stays(
    work: Path, name: str, code: int
) -> None:
    before = (work / name).read_text()
    done = rewrite(work.parent, name, "shop/b.py", code=code)
    assert done.returncode == 1
    assert f"+{before.replace('old', 'new')}" in done.stdout
    assert done.stdout.endswith(f"would change {name}\n")
    assert (work / name).read_text() == before


def test_files_that_stay_the_same_pass(work: Path) -> None:
    done = rewrite(work.parent, "shop/b.py")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_configuration_of_the_working_directory_counts(work: Path) -> None:
    (work / "pyproject.toml").write_text("x")
    done = rewrite(work.parent, "shop/a.py", "shop/b.py")
    assert done.stdout.endswith("would change shop/b.py\n")


def test_a_program_that_fails_without_a_change_fails(work: Path) -> None:
    (work / "shop/b.py").write_text("broken")
    done = rewrite(work.parent, "shop/b.py")
    assert (done.returncode, "cannot read shop/b.py" in done.stderr) == (1, True)
