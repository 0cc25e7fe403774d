from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import commands_of, shown

TABLE = """
    import subprocess, sys
    COMMANDS = {"unit": ["pytest", "-m", "not slow"], "lint": ["flake8"]}
    for name in sys.argv[1:]:
        subprocess.run(COMMANDS[name], check=True)
"""
MODES = """
    import os, subprocess, sys
    def run(words):
        subprocess.check_call(words)
    def main(mode):
        words = [sys.executable, "manage.py", "test"]
        words += ["--keepdb"]
        if mode == "unit":
            run([*words, *sys.argv[1:]])
        elif mode == "lint":
            run("flake8 shop".split())
        if os.environ.get("REPORT"):
            os.system("coverage html")
    if __name__ == "__main__":
        main(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("text", "arguments", "found"),
    [
        (TABLE, "unit", ["pytest -m not slow"]),
        (MODES, "unit", ["python manage.py test --keepdb unit", "coverage html ?"]),
        ("import os\nos.system('coverage run manage.py test shop')\n", "", ["coverage run manage.py test shop"]),
        ("import os\nos.execvp('pytest', ['pytest', 'shop'])\n", "", ["pytest shop"]),
        ("import subprocess\ndef other():\n    subprocess.call(['pytest'])\n", "", ["pytest ?"]),
        # Without a line of tests, the script is a program.
        (TABLE, "lint", ["python run.py lint"]),
        ("import subprocess\nsubprocess.run(['npm', 'run', 'build'])\n", "", ["python run.py"]),
    ],
)  # fmt: skip
def test_the_processes_that_a_script_starts_are_its_commands(
    text: str, arguments: str, found: list[str]
) -> None:
    commands = commands_of(f"python run.py {arguments}", {"run.py": text, "manage.py": ""})
    assert shown(commands) == found
