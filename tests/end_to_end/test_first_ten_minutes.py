"""docs/first-ten-minutes.md is a session that really happens as it is written."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.end_to_end.documented import DOCS, Shell, commands, masked, shows
from tests.end_to_end.program import environment


def test_the_session_happens_as_the_document_shows_it(tmp_path: Path) -> None:
    session = list(commands((DOCS / "first-ten-minutes.md").read_text()))
    here = environment()
    env = {
        **here,
        "PATH": f"{Path(sys.executable).parent}:{here['PATH']}",
        "HEROCI_CACHE_DIR": str(tmp_path / "cache"),
        "COLUMNS": "100",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    empty = tmp_path / "empty"
    empty.mkdir()
    shell = Shell(empty, env)

    for command in session:
        exit_code, output = shell.run(command.line)

        assert exit_code == command.exit_code, output
        assert shows(command.output, output), f"{masked(command.output)}\n---\n{masked(output)}"
    assert len(session) <= 10
    assert [command.exit_code for command in session if "heroci run" in command.line] == [1, 0, 0]
