"""The workflow for GitHub that `heroci init` writes."""

from __future__ import annotations

import re

import yaml

from heroci_action.version import __version__

WORKFLOW = ".github/workflows/heroci.yml"
RELEASE = f"OWNER/heroci@v{__version__}"
"""The action in this version; its owner is known only after the release."""

CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"

_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*@(?P<ref>[\w./-]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MOVING = "zizmor: ignore[unpinned-uses] a tag may move: use the commit of the release"
_MATRIX = "${{ matrix.project }}"
_INDEX = "${{ strategy.job-index }}"


def is_action(text: str) -> bool:
    """Return whether a text is an action in a repository at a ref, as `uses:` accepts it."""
    return bool(_ACTION.fullmatch(text))


def workflow(*, action: str, branch: str, projects: tuple[str, ...]) -> str:
    """Return the workflow; `projects` are directories, none if the action finds the project by itself."""
    match = _ACTION.fullmatch(action)
    pinned = match and _COMMIT.fullmatch(match["ref"])
    several = len(projects) > 1
    directory = _MATRIX if several else "".join(map(_scalar, projects))
    return _TEMPLATE.format(
        branch=_scalar(branch),
        uses=action if pinned else f"{action} # {_MOVING}",
        name=f"HeroCI ({_MATRIX})" if several else "HeroCI",
        matrix=_STRATEGY.format(projects=_sequence(projects)) if several else "",
        directory=f"          working-directory: {directory}\n" if projects else "",
        artifact=f"heroci-reports-{_INDEX}" if several else "heroci-reports",
        checkout=CHECKOUT,
        upload=UPLOAD,
    )


_STRATEGY = """\
    strategy:
      fail-fast: false
      matrix:
        project: {projects}
"""
_TEMPLATE = """\
# Written by heroci init.
name: HeroCI

on:
  push:
    branches: [{branch}]
  pull_request:

permissions: {{}}

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  heroci:
    name: {name}
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
{matrix}    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0 # the coverage of changed lines needs the commit that they changed since
          persist-credentials: false
      - uses: {uses}
        with:
          output: heroci-reports
{directory}      - uses: {upload}
        if: always()
        with:
          name: {artifact}
          path: heroci-reports
"""


def _sequence(texts: tuple[str, ...]) -> str:
    return yaml.safe_dump(list(texts), default_flow_style=True, width=10_000).strip()


def _scalar(text: str) -> str:
    """Return a text as YAML, quoted if necessary, inside or outside of brackets."""
    return _sequence((text,))[1:-1]
