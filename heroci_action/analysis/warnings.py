"""Collect the warnings of a run."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.results.records import Result


def warnings_of(result: Result) -> Iterator[tuple[str, str]]:
    """Yield every warning after the name of its stage or step, which is empty for the run itself."""
    yield from (("", text) for text in result.warnings)
    for stage in result.stages:
        yield from ((stage.name, text) for text in stage.warnings)
        for step in stage.steps:
            yield from ((f"{stage.name}/{step.name}", text) for text in step.warnings)
