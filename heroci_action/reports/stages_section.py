"""The stages in the summary: a table with times, the critical path, and a Gantt chart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.analysis.critical_path import critical_path, engine_start
from heroci_action.analysis.gates import STAGE as GATES
from heroci_action.analysis.replays import describe_replays
from heroci_action.reports.markdown import fit, icon, number, prose, row, table
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import count, one_line, seconds

SLOWEST_STEPS = 4
PATH = 20  # stages of the critical path
GANTT = 50  # bars
HOUR = 3_600
# Keywords that begin a statement: mermaid, parser/gantt.jison
GANTT_WORDS = frozenset(
    """acctitle accdescr axisformat call click dateformat excludes gantt href includes inclusiveenddates section
    tickinterval title todaymarker topaxis weekday weekend""".split()  # noqa: SIM905
)


def stages_section(result: Result, budget: int) -> Iterator[str]:
    """Yield the section; the table has at most `budget` bytes."""
    yield from table("Stage", "Result", "Time:", "Share:", "Cached", "Remarks")
    if start := engine_start(result.stages):
        share = _share(start, result.duration)
        yield row("engine start", "", number(seconds(start)), share, "", "")
    rows = (_stage_row(stage, result.duration) for stage in result.stages)
    yield from fit(rows, budget, lambda left: row(f"and {count(left, 'more stage')}"))
    yield ""
    if replays := describe_replays(result):
        yield f"⚡ {prose(replays, 1_000)}"
        yield ""
    path = critical_path(result.stages)
    if len(path) > 1:
        yield _path_line(path, result.duration)
        yield ""
    yield from _gantt(result)


def _stage_row(stage: StageResult, total: float) -> str:
    ran = stage.status is not Status.SKIPPED
    return row(
        f"{prose(stage.emoji, 10)}\u00a0**{prose(stage.name)}**".strip(),
        f"{icon(stage.status)} {stage.status.value}" + (" (optional)" if stage.optional else ""),
        number(seconds(stage.duration)) if ran and stage.duration else "",
        _share(stage.duration, total),
        _cached(stage),
        _remarks(stage),
    )


def _share(duration: float, total: float) -> str:
    return number(f"{100 * duration / total:.0f} %") if duration and total else ""


def _cached(stage: StageResult) -> str:
    cached = sum(step.cached for step in stage.steps)
    if not cached:
        return "no" if stage.steps else ""
    return "yes" if stage.cached else f"{cached} of {len(stage.steps)} steps"


def _remarks(stage: StageResult) -> str:
    """Return the reason, or the figures of gates, or the slowest steps."""
    if stage.name == GATES and stage.status is not Status.SKIPPED:
        return ", ".join(prose(text) for step in stage.steps for text in _figures(step))
    return prose(stage.reason or "") or _steps_line(stage)


def _figures(step: StepResult) -> tuple[str, ...]:
    return (step.reason,) if step.reason else tuple(step.facts.values())


def _steps_line(stage: StageResult) -> str:
    """Return the slowest steps with their times; empty for a single step, which adds nothing to its stage."""
    ran = [step for step in stage.steps if step.status is not Status.SKIPPED]
    if len(ran) == 1:
        return ""
    slowest = sorted(ran, key=lambda step: -step.duration)[:SLOWEST_STEPS]
    more = f", {len(ran) - len(slowest):,} more" if len(ran) > len(slowest) else ""
    return (
        ", ".join(f"{prose(step.name, 40)} {number(seconds(step.duration))}" for step in slowest)
        + more
    )


def _path_line(path: tuple[StageResult, ...], total: float) -> str:
    chain = " → ".join(
        f"{prose(stage.name, 40)} {seconds(stage.duration)}" for stage in path[:PATH]
    )
    length = sum(stage.duration for stage in path)
    share = f", {100 * length / total:.0f} % of the run" if total else ""
    return f"Critical path: {chain} = {seconds(length)}{share}"


def _gantt(result: Result) -> Iterator[str]:
    """Yield a chart in milliseconds from the start of the run; none if all stages started with the run."""
    ran = [stage for stage in result.stages if stage.duration > 0][:GANTT]
    if not any(stage.started for stage in ran):
        return
    yield "```mermaid"
    yield "gantt"
    yield "    dateFormat x"
    yield f"    axisFormat {'%M:%S' if result.duration < HOUR else '%H:%M:%S'}"
    for stage in ran:
        start, length = round(1000 * stage.started), max(round(1000 * stage.duration), 1)
        mark = "crit, " if stage.status.is_failure else ""
        yield f"    {_gantt_name(stage.name)} :{mark}{start}, {length}ms"
    yield "```"
    yield ""


def _gantt_name(name: str) -> str:
    """Return the name without other characters and keywords: Mermaid cannot escape them."""
    plain = re.sub(r"[^\w ./-]", "_", one_line(name, 40)).strip() or "_"
    return f"_{plain}" if plain.split(" ")[0].lower() in GANTT_WORDS else plain
