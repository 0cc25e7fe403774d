"""No field of anything that leaves an engine contains a secret."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from heroci_action.engines.base import Printed, ReportFile, StepOutcome, Stream
from heroci_action.engines.masked import MaskedEngine
from heroci_action.engines.secret_store import SecretStore
from heroci_action.errors import EngineError
from heroci_action.observers.base import Observer
from heroci_action.plan.actions import Command
from heroci_action.plan.report_kinds import JUNIT, Report
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.readers import Readings
from heroci_action.runner.run import run_plan
from tests.unit.memory_engine import Behaviour, MemoryEngine

VALUE = "correct-horse-battery"
MACHINE = {"TOKEN": VALUE}
STEP = Step(name="x", action=Command(line=("true",)), reports=(Report(kind=JUNIT, path="r.xml"),))
PLAN = Plan(project="p", stages=(Stage(name="s", steps=(STEP,), secrets=("TOKEN",)),))
LEAK = f"leaks {VALUE}"


class Lines(Observer):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        self.lines.append(line)


def leave(engine: MemoryEngine) -> str:
    """Run the plan, and return everything that came out of the engine as text."""
    seen = Lines()
    read: list[bytes] = []

    def reader(_step: Step, files: tuple[ReportFile, ...], _printed: Printed) -> Readings:
        read.extend(file.content for file in files)
        return Readings()

    async def main() -> object:
        masked = MaskedEngine(engine, SecretStore(), MACHINE)
        return await run_plan(PLAN, masked, observer=seen, read=reader)

    return f"{anyio.run(main)!r} {seen.lines} {read}"


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(lines=(LEAK,)),
        Behaviour(reports=(ReportFile(kind=JUNIT, path="r.xml", content=LEAK.encode()),)),
        Behaviour(raises=EngineError(LEAK)),
        Behaviour(raises=EngineError("cause", remedy=LEAK)),
        Behaviour(collecting_raises=EngineError(LEAK)),
        Behaviour(outcome=StepOutcome(exit_code=1, cause=LEAK)),
        Behaviour(outcome=StepOutcome(exit_code=1, cause="cause", remedy=LEAK)),
        Behaviour(outcome=StepOutcome(exit_code=0, facts={"fact": LEAK})),
        Behaviour(outcome=StepOutcome(exit_code=0, facts={LEAK: "fact"})),
        Behaviour(outcome=StepOutcome(exit_code=0, warnings=(LEAK,))),
    ],
    ids=[
        *("output", "report", "error", "remedy of an error", "error of the reports", "cause"),
        *("remedy", "fact", "name of a fact", "warning"),
    ],
)
def test_every_field_of_a_step_is_masked(behaviour: Behaviour) -> None:
    left = leave(MemoryEngine({"s/x": behaviour}))

    assert VALUE not in left
    assert "leaks ***" in left


def test_the_warnings_and_errors_of_a_stage_are_masked() -> None:
    warned = leave(MemoryEngine(warnings={"s": (LEAK,)}))
    broken = leave(MemoryEngine(broken_stages={"s": EngineError(LEAK)}))
    engine = replace(MemoryEngine(), broken=EngineError(LEAK))

    for left in (warned, broken, leave(engine)):
        assert VALUE not in left
        assert "leaks ***" in left
