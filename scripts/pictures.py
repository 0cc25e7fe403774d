#!/usr/bin/env python3
"""Create docs/summary.png and docs/report.png from a real run of the reference project.

pictures.py [MERMAID]   MERMAID is mermaid.min.js (npm pack mermaid), which draws the timeline as GitHub does

The script clones the project, records a baseline, then breaks a test and the formatting of a line.
Requires Chromium and the packages of requirements-dev.txt.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
HEROCI = (
    sys.executable,
    "-I",
    "-m",
    "heroci_action",
    "run",
    "--engine",
    "host",
    "--skip",
    "image",
    "--quiet",
)
SIZES = {"summary": (1012, 1350), "report": (1200, 1500)}

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 24px 32px; max-width: 950px; background: #fff; color: #1f2328;
       font: 16px/1.5 "DejaVu Sans", sans-serif; }
h1, h2 { border-bottom: 1px solid #d1d9e0; padding-bottom: .3em; margin: 24px 0 16px; line-height: 1.25; }
h1 { font-size: 2em; margin-top: 0; }
table { border-collapse: collapse; margin-bottom: 16px; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; }
tr:nth-child(2n) { background: #f6f8fa; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; font: 85% "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: hidden; }
pre.mermaid, pre code { background: none; padding: 0; }
</style><body>"""


def run(*command: str | Path, cwd: Path) -> int:
    """Return the exit code of a command that may fail."""
    return subprocess.run([str(word) for word in command], cwd=cwd, check=False).returncode


def project(place: Path) -> Path:
    """Clone the last commit of this repository."""
    target = place / "superheroes"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    return target


def break_things(clone: Path) -> None:
    """Break a test and add findings of two linters."""
    test = clone / "tests/superheroes/test_top_superheroes.py"
    text = test.read_text()
    test.write_text(text.replace('["Hero"]', '["Villain"]'))
    model = clone / "superheroes/models.py"
    model.write_text(model.read_text() + "\n\nUNIVERSES = [ 'Marvel','DC' ]\n")
    if test.read_text() == text:
        sys.exit(f"error: {test} does not contain the expected line")


def reports(clone: Path, output: Path) -> None:
    """Run HeroCI twice: for the baseline, then for the pictures."""
    if run(*HEROCI, "--output", output / "before", cwd=clone):
        sys.exit("error: the reference project does not pass")
    break_things(clone)
    baseline = output / "before/heroci-result.json"
    if run(*HEROCI, "--baseline", baseline, "--output", output / "after", cwd=clone) != 1:
        sys.exit("error: the broken project passed")


def rendered(summary: str, mermaid: str | None) -> str:
    """Render the summary as HTML; without Mermaid the timeline is hidden."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    html = str(markdown.render(summary))
    html = html.replace('<pre><code class="language-mermaid">', '<pre class="mermaid"><code>')
    if mermaid is None:
        return PAGE + html.replace('<pre class="mermaid">', "<pre hidden>")
    html = html.replace('<pre class="mermaid"><code>', '<pre class="mermaid">')
    return f"{PAGE}{html}<script>{mermaid}</script><script>mermaid.initialize({{startOnLoad: true}})</script>"


def photograph(page: Path, picture: Path) -> None:
    """Take a screenshot of a page with Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("error: Chromium not found: apt-get install chromium")
    width, height = SIZES[picture.stem]
    flags = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--virtual-time-budget=5000",
    )
    window = (
        f"--window-size={width},{height}",
        "--force-device-scale-factor=1",
        f"--screenshot={picture}",
    )
    subprocess.run(
        [chromium, *flags, *window, page.as_uri()], check=True, stderr=subprocess.DEVNULL
    )


def main(mermaid: str | None = None) -> None:
    """Create both pictures."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        reports(project(place), place)
        page = place / "summary.html"
        library = Path(mermaid).read_text() if mermaid else None
        page.write_text(rendered((place / "after/summary.md").read_text(), library))
        photograph(page, ROOT / "docs/summary.png")
        photograph(place / "after/report.html", ROOT / "docs/report.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
