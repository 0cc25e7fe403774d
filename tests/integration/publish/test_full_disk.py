"""A full disk: reports are written completely or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from heroci_action.output_directory import REPORTS
from heroci_action.publish.files import Repository, write_reports
from tests.unit.builders import failures, run_of

FILL = """
import resource, signal, sys
from pathlib import Path
from heroci_action.publish.files import Repository, write_reports
from heroci_action.results.serialise import load
result = load(Path(sys.argv[1]).read_bytes())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
done = write_reports(result, Path(sys.argv[2]), Repository(root=Path()))
print(sorted(done.paths), [problem.cause for problem in done.problems])
"""


def test_a_report_that_does_not_fit_on_the_disk_leaves_no_part_of_itself(tmp_path: Path) -> None:
    """The kernel refuses to write more than a limit, as it does on a full disk."""
    first = run_of(*failures(200, causes=1))
    done = write_reports(first, tmp_path / "first", Repository(root=tmp_path))

    call = (sys.executable, "-c", FILL, done.paths["heroci-result.json"], tmp_path / "second")
    printed = subprocess.run(call, check=True, capture_output=True, text=True).stdout

    assert "summary.md" in printed
    assert "cannot write heroci-result.json: File too large" in printed
    left = {path.name for path in (tmp_path / "second").iterdir()}
    assert left <= {".gitignore", *REPORTS} - {"heroci-result.json"}
