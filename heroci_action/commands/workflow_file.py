"""The workflow for GitHub that `heroci init` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import yaml

WORKFLOW = ".github/workflows/heroci.yml"
OUTPUT = "heroci-reports"
CACHE = ".git/heroci-cache"
"""Inside .git, because no tool of the project looks there, and few images are built from it."""

CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
DOWNLOAD = "actions/download-artifact@70fc10c6e5e1ce46ad2ea6f2b72d43f7d47b13c3 # v8.0.0"
RESTORE = "actions/cache/restore@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3"
SAVE = "actions/cache/save@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3"

_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*@(?P<ref>[\w./-]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MOVING = "zizmor: ignore[unpinned-uses] a tag may move: use the commit of the release"


class Axis(StrEnum):
    """The differences between the jobs of the workflow."""

    PROJECT = "project"
    PYTHON = "python"
    CELL = "cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """One job for each value of the axis, or a single job; `directory` is the project if the action does not find it.

    Projects have separate results. The results of Python versions and matrix cells are merged in a last job.
    """

    directory: str | None = None
    axis: Axis = Axis.PROJECT
    values: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """The expression for the value of a job, empty for a single one."""
        return f"${{{{ matrix.{self.axis} }}}}" if self.values else ""

    @property
    def merges(self) -> bool:
        """Whether the results of the jobs are one."""
        return bool(self.values) and self.axis is not Axis.PROJECT


def is_action(text: str) -> bool:
    """Return whether a text is an action in a repository at a ref, as `uses:` accepts it."""
    return bool(_ACTION.fullmatch(text))


def workflow(*, action: str, branch: str, jobs: Jobs) -> str:
    """Return the workflow that uses the action on pushes to the branch and on pull requests."""
    match = _ACTION.fullmatch(action)
    pinned = match and _COMMIT.fullmatch(match["ref"])
    uses = action if pinned else f"{action} # {_MOVING}"
    parts = [_HEAD.format(branch=_scalar(branch)), _job(uses, jobs)]
    if jobs.merges:
        parts.append(_report_job(uses, jobs))
    return "".join(parts)


def _artifact(jobs: Jobs) -> str:
    """Return the name of the artifact with the reports of a job."""
    if jobs.merges:
        return f"{jobs.axis}-{jobs.value}"
    return f"{OUTPUT}-${{{{ strategy.job-index }}}}" if jobs.values else OUTPUT


def _job(uses: str, jobs: Jobs) -> str:
    keeps = not jobs.merges
    part = f"{jobs.value}-" if jobs.values else ""
    key = f"heroci-baseline-{part if keeps else ''}"
    cache = f"heroci-cache-{part}"
    return "".join(
        (
            _JOB.format(id="heroci", name=f"HeroCI ({jobs.value})" if jobs.values else "HeroCI"),
            _STRATEGY.format(axis=jobs.axis, values=_sequence(jobs.values)) if jobs.values else "",
            _STEPS.format(checkout=CHECKOUT),
            _RESTORE.format(restore=RESTORE, key=key) if keeps else "",
            _RESTORE_CACHE.format(restore=RESTORE, key=cache),
            _run(uses, {**_inputs(jobs), "cache-dir": CACHE}),
            _SAVE_CACHE.format(save=SAVE, key=cache),
            _UPLOAD.format(upload=UPLOAD, name=_artifact(jobs)),
            _KEEP.format(save=SAVE, key=key) if keeps else "",
        )
    )


def _report_job(uses: str, jobs: Jobs) -> str:
    """Return the job that merges the results, and whose name stays the same if the versions change."""
    key = "heroci-baseline-"
    inputs = {"command": "merge", "results": "results/*/heroci-result.json", **_BASELINE}
    if jobs.directory:
        inputs["working-directory"] = _scalar(jobs.directory)
    return "".join(
        (
            "\n",
            _JOB.format(id="report", name="HeroCI"),
            "    needs: heroci\n    if: always()\n",
            _STEPS.format(checkout=CHECKOUT),
            _RESTORE.format(restore=RESTORE, key=key),
            _DOWNLOAD.format(download=DOWNLOAD, axis=jobs.axis),
            _run(uses, inputs),
            _UPLOAD.format(upload=UPLOAD, name=OUTPUT),
            _KEEP.format(save=SAVE, key=key),
        )
    )


def _inputs(jobs: Jobs) -> dict[str, str]:
    inputs = {"working-directory": _scalar(jobs.directory)} if jobs.directory else {}
    if jobs.merges:
        # The last job shows them once for all jobs.
        return {**inputs, str(jobs.axis): jobs.value, "annotations": "false", "summary": "false"}
    if jobs.values:
        inputs["working-directory"] = jobs.value
    return {**inputs, **_BASELINE}


def _run(uses: str, inputs: dict[str, str]) -> str:
    given = {**inputs, "output": OUTPUT}
    lines = [f"          {name}: {value}\n" for name, value in given.items()]
    return f"      - uses: {uses}\n        id: heroci\n        with:\n{''.join(lines)}"


_BASELINE = {"baseline": ".git/heroci-baseline/heroci-result.json"}
_HEAD = """\
# Written by heroci init.
name: HeroCI

on:
  push:
    branches: [{branch}]
  pull_request:
  merge_group:
  workflow_dispatch:

permissions: {{}}

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
"""
_JOB = """\
  {id}:
    name: {name}
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
"""
_STRATEGY = """\
    strategy:
      fail-fast: false
      matrix:
        {axis}: {values}
"""
_STEPS = """\
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0 # the coverage of changed lines needs the commit that they changed since
          persist-credentials: false
"""
_RESTORE = """\
      # The newest result of the default branch, to tell new failures from known ones.
      - uses: {restore}
        with:
          path: .git/heroci-baseline
          key: {key}${{{{ github.sha }}}}
          restore-keys: {key}
"""
_RESTORE_CACHE = f"""\
      # The newest results and environments of this branch, else of the default branch.
      - uses: {{restore}}
        with:
          path: {CACHE}
          key: {{key}}${{{{{{{{ github.run_id }}}}}}}}-${{{{{{{{ github.run_attempt }}}}}}}}
          restore-keys: {{key}}
"""
_SAVE_CACHE = f"""\
      - uses: {{save}}
        if: ${{{{{{{{ !cancelled() }}}}}}}}
        with:
          path: {CACHE}
          key: {{key}}${{{{{{{{ github.run_id }}}}}}}}-${{{{{{{{ github.run_attempt }}}}}}}}
"""
_DOWNLOAD = """\
      - uses: {download}
        with:
          pattern: {axis}-*
          path: results
"""
_UPLOAD = """\
      - uses: {upload}
        if: always()
        with:
          name: {name}
          path: heroci-reports
"""
_IS_BASELINE = (
    "github.event_name == 'push' && github.ref_name == github.event.repository.default_branch "
    "&& !cancelled() && steps.heroci.outputs.result-path"
)
_KEEP = f"""\
      - name: Keep the result as the baseline of later runs
        if: {_IS_BASELINE}
        env:
          RESULT: ${{{{{{{{ steps.heroci.outputs.result-path }}}}}}}}
        run: |
          mkdir -p .git/heroci-baseline
          cp "$RESULT" .git/heroci-baseline/heroci-result.json
      - uses: {{save}}
        if: {_IS_BASELINE}
        with:
          path: .git/heroci-baseline
          key: {{key}}${{{{{{{{ github.sha }}}}}}}}
"""


def _sequence(texts: tuple[str, ...]) -> str:
    return yaml.safe_dump(list(texts), default_flow_style=True, width=10_000).strip()


def _scalar(text: str) -> str:
    """Return a text as YAML, quoted if necessary, inside or outside of brackets."""
    return _sequence((text,))[1:-1]
