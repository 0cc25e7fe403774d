"""What `heroci init` writes: a workflow, and configuration where detection has to be helped."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import dataclass

import yaml

from heroci_action.version import __version__

WORKFLOW = ".github/workflows/heroci.yml"
RELEASE = f"OWNER/heroci@v{__version__}"
"""Where this version is published; whoever publishes it is not known here."""

CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"

_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*@(?P<ref>[\w./-]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MOVING = "zizmor: ignore[unpinned-uses] a tag may move: put the release's commit here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file with its text before (None: it is not there) and after; `path` is relative to the repository's root.

    `replaces`: what is there was written by somebody, and would be lost.
    """

    path: str
    before: str | None
    after: str
    replaces: bool = False

    @property
    def needed(self) -> bool:
        """Whether anything is different."""
        return self.before != self.after

    def difference(self) -> str:
        """The change as a unified diff."""
        return "".join(
            difflib.unified_diff(
                (self.before or "").splitlines(keepends=True),
                self.after.splitlines(keepends=True),
                fromfile=f"a/{self.path}" if self.before is not None else "/dev/null",
                tofile=f"b/{self.path}",
            )
        )


def is_action(text: str) -> bool:
    """Whether it is an action in a repository at a ref, as `uses:` takes it."""
    return bool(_ACTION.fullmatch(text))


def workflow(*, action: str, branch: str, directory: str | None) -> str:
    """The text of the workflow; `directory` is the project's where the action would not find it itself."""
    match = _ACTION.fullmatch(action)
    pinned = match and _COMMIT.fullmatch(match["ref"])
    uses = action if pinned else f"{action} # {_MOVING}"
    given = f"          working-directory: {_scalar(directory)}\n" if directory else ""
    return f"""\
# Made by heroci init.
name: HeroCI

on:
  push:
    branches: [{_scalar(branch)}]
  pull_request:

permissions: {{}}

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  heroci:
    name: HeroCI
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
    steps:
      - uses: {CHECKOUT}
        with:
          fetch-depth: 0 # the coverage of changed lines needs the commit that they changed since
          persist-credentials: false
      - uses: {uses}
        with:
          output: heroci-reports
{given}      - uses: {UPLOAD}
        if: always()
        with:
          name: heroci-reports
          path: heroci-reports
"""


def _scalar(text: str) -> str:
    """The text as YAML in brackets and out of them, quoted where it must be."""
    return yaml.safe_dump([text], default_flow_style=True, width=10_000).strip()[1:-1]


def configuration(before: str, table: dict[str, str]) -> str:
    """The text of a pyproject.toml with this table at its end. Raises ValueError where it has one already."""
    tool = tomllib.loads(before).get("tool", {})
    if "heroci" in tool:
        raise ValueError("there is a table [tool.heroci] already")
    gap = "" if not before or before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
    return f"{before}{gap}[tool.heroci]\n{settings(table)}"


def settings(table: dict[str, str]) -> str:
    """Keys and texts as TOML, whose basic strings take what JSON escapes."""
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items()
    )
