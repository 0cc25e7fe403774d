"""Read the commands, files and outputs that a document shows."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT_CODE = re.compile(r" # exit code (\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a session, with the output and the exit code that the document states."""

    line: str
    output: str
    exit_code: int


def blocks(document: str, language: str, *, section: str | None = None) -> list[str]:
    """Return the code blocks of a language, of the whole document or of one section."""
    if section is not None:
        parts = re.split(r"^#+ (.+)$", document, flags=re.MULTILINE)
        document = dict(zip(parts[1::2], parts[2::2], strict=True))[section]
    return [text for name, text in _BLOCK.findall(document) if name == language]


def commands(document: str) -> Iterator[Command]:
    """Yield the commands of all sessions; a line that begins with `$` is a command, here-documents included."""
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            end = re.search(r"<<'(\w+)'", line)
            if end:
                text, _, output = output.partition(f"\n{end[1]}\n")
                line = f"{line}\n{text}\n{end[1]}"
            stated = _EXIT_CODE.search(line)
            yield Command(
                line=_EXIT_CODE.sub("", line),
                output=output,
                exit_code=int(stated[1]) if stated else 0,
            )


@dataclass(slots=True)
class Shell:
    """A shell that remembers its directory from command to command."""

    directory: Path
    env: Mapping[str, str]

    def run(self, line: str) -> tuple[int, str]:
        """Run a command; return its exit code and what it printed."""
        end = self.directory / ".directory"
        script = f"{line}\nstatus=$?\npwd > {shlex.quote(str(end))}\nexit $status\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.directory,
            env=dict(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.directory = Path(end.read_text().strip())
        end.unlink()
        return done.returncode, done.stdout


def masked(output: str) -> str:
    """Return an output without times, percentages and the widths of tables."""
    text = re.sub(r"(?:\d+ h )?(?:\d+ min )?\d+(?:\.\d+)? (?:ms|s)\b|\d+ min\b", "TIME", output)
    text = re.sub(r"\d+(?:\.\d+)? %", "SHARE", text)
    return "\n".join(re.sub(r"[ ─]+", " ", line).strip() for line in text.splitlines())


def shows(documented: str, output: str) -> bool:
    """Return whether an output has all documented lines; `…` stands for any number of lines."""
    if not documented.strip():
        return not output.strip()
    parts = masked(documented).split("…")
    pattern = "(?:.*\n)?".join(re.escape(part.strip("\n")) + "\n" for part in parts if part.strip())
    start = "" if parts[0].strip() else "(?:.*\n)?"
    end = "" if parts[-1].strip() else "(?:.*)?"
    return bool(re.fullmatch(f"{start}{pattern}{end}", f"{masked(output)}\n", re.DOTALL))
