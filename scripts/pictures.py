#!/usr/bin/env python3
"""Create docs/pictures/ from a real run of the reference project: the job summary and the page, wide and narrow.

pictures.py [MERMAID]   MERMAID is mermaid.min.js (npm pack mermaid), which draws the timeline as GitHub does

The script clones the project, records a baseline, then breaks a test and adds findings.
Requires Chromium, fonts-noto-color-emoji, pngquant (to keep the files small) and the packages of requirements-dev.txt.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs/pictures"
HEROCI = (sys.executable, "-I", "-m", "heroci_action", "run")
OPTIONS = ("--engine", "host", "--skip", "image", "--quiet", "--refresh")
HEIGHTS = {1400: 1200, 390: 1400}
SCHEMES = ("light", "dark")
COLORS = {
    "light": ("#fff", "#1f2328", "#d1d9e0", "#f6f8fa", "#0969da"),
    "dark": ("#0d1117", "#f0f6fc", "#3d444d", "#151b23", "#4493f8"),
}
# GitHub's style of a job summary, as far as it decides about lines and widths.
STYLE = """
body {{ margin: 0; padding: 24px 32px; max-width: 1160px; background: {0}; color: {1};
       font: 14px/1.5 -apple-system, "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }}
@media (max-width: 500px) {{ body {{ padding: 16px; }} }}
h1, h2 {{ border-bottom: 1px solid {2}; padding-bottom: .3em; margin: 24px 0 16px; line-height: 1.25; }}
h1 {{ font-size: 2em; margin-top: 0; }}
table {{ border-collapse: collapse; margin-bottom: 16px; display: block; width: max-content; max-width: 100%;
        overflow: auto; }}
th, td {{ border: 1px solid {2}; padding: 6px 13px; }}
tr:nth-child(2n) {{ background: {3}; }}
a {{ color: {4}; text-decoration: none; }}
code {{ background: #818b9826; border-radius: 6px; padding: .2em .4em; font: 85% "DejaVu Sans Mono", monospace;
       white-space: break-spaces; }}
pre {{ background: {3}; border-radius: 6px; padding: 16px; overflow: auto; }}
pre.mermaid, pre code {{ background: none; padding: 0; white-space: pre; }}
"""


def run(*command: str | Path, cwd: Path) -> int:
    """Return the exit code of a command that may fail."""
    return subprocess.run([str(word) for word in command], cwd=cwd, check=False).returncode


def project(place: Path) -> Path:
    """Clone the last commit of this repository."""
    target = place / "superheroes"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    return target


def replace(file: Path, old: str, new: str) -> None:
    """Replace a text that the file must contain."""
    text = file.read_text()
    if old not in text:
        sys.exit(f"error: {file} does not contain {old!r}")
    file.write_text(text.replace(old, new, 1))


def break_things(clone: Path) -> None:
    """Break a test, and add findings of linters."""
    replace(clone / "tests/superheroes/test_top_superheroes.py", '["Hero"]', '["Villain"]')
    model = clone / "superheroes/models.py"
    model.write_text(model.read_text() + "\n\nUNIVERSES = [ 'Marvel','DC' ]\n")


def create_reports(clone: Path, output: Path) -> None:
    """Run HeroCI for a short history, then for the pictures."""
    baseline: tuple[str | Path, ...] = ()
    for name in ("first", "second"):
        if run(*HEROCI, *OPTIONS, *baseline, "--output", output / name, cwd=clone):
            sys.exit("error: the reference project does not pass")
        baseline = ("--baseline", output / name / "heroci-result.json")
    break_things(clone)
    if run(*HEROCI, *OPTIONS, *baseline, "--output", output / "last", cwd=clone) != 1:
        sys.exit("error: the broken project passed")


def render_summary(summary: str, mermaid: str | None, scheme: str) -> str:
    """Render the summary as HTML; without Mermaid the timeline is hidden."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    html = str(markdown.render(summary))
    style = STYLE.format(*COLORS[scheme])
    head = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>{style}</style><body>"
    )
    html = html.replace('<pre><code class="language-mermaid">', '<pre class="mermaid"><code>')
    if mermaid is None:
        return head + html.replace('<pre class="mermaid">', "<pre hidden>")
    html = html.replace('<pre class="mermaid"><code>', '<pre class="mermaid">')
    theme = "dark" if scheme == "dark" else "default"
    start = f"mermaid.initialize({{startOnLoad: true, theme: '{theme}'}})"
    return f"{head}{html}<script>{mermaid}</script><script>{start}</script>"


def photograph(page: Path, picture: Path, *, width: int, scheme: str) -> None:
    """Take a screenshot of a page with Chromium, in a frame, because its window has a minimum width."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("error: Chromium not found: apt-get install chromium")
    height = HEIGHTS[width]
    frame = page.with_name(f"frame-{picture.stem}.html")
    size = f"border: 0; width: {width}px; height: {height}px"
    frame.write_text(
        f'<!doctype html><body style="margin: 0"><iframe src="{page.name}" style="{size}"></iframe>'
    )
    flags = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        f"--blink-settings=preferredColorScheme={SCHEMES[::-1].index(scheme)}",
        f"--window-size={width},{height}",
        "--force-device-scale-factor=1",
        f"--screenshot={picture}",
    )
    subprocess.run([chromium, *flags, frame.as_uri()], check=True, stderr=subprocess.DEVNULL)
    if quantize := shutil.which("pngquant"):
        subprocess.run([quantize, "--force", "--ext", ".png", "64", str(picture)], check=True)


def main(mermaid: str | None = None) -> None:
    """Create all pictures."""
    library = Path(mermaid).read_text() if mermaid else None
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        create_reports(project(place), place)
        last = place / "last"
        for scheme, width in product(SCHEMES, HEIGHTS):
            summary = last / f"summary-{scheme}.html"
            summary.write_text(render_summary((last / "summary.md").read_text(), library, scheme))
            for page, kind in ((summary, "summary"), (last / "report.html", "report")):
                picture = PICTURES / f"{kind}-{width}-{scheme}.png"
                photograph(page, picture, width=width, scheme=scheme)


if __name__ == "__main__":
    main(*sys.argv[1:])
