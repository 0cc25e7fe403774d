"""Every engine is complete: chosen by name, created, and able to execute every kind of action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import anyio
import pytest

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.choice import choose
from heroci_action.engines.dispatch import Dispatcher
from heroci_action.engines.registry import ENGINES, create_engine
from heroci_action.engines.settings import EngineSettings
from heroci_action.options import EngineChoice
from heroci_action.plan.actions import (
    Action,
    BuildImage,
    CollectReports,
    Command,
    Customise,
    ExportImage,
    InstallDependencies,
    InstallSystemPackages,
    PublishImage,
    RunsIn,
    Serve,
)
from heroci_action.plan.stages import Step

ACTIONS: tuple[tuple[Action, str | None], ...] = (
    (InstallSystemPackages(packages=("git",)), "install_system_packages"),
    (InstallDependencies(), "install_dependencies"),
    (Customise(function="a:b"), "customise"),
    (BuildImage(dockerfile="Dockerfile"), "build_image"),
    (ExportImage(name="shop"), "export_image"),
    (PublishImage(address="shop:1", push=True), "push_image"),
    (Serve(runs_in=RunsIn.IMAGE), "serve"),
    (Command(line="true"), "run_command"),
    (CollectReports(), None),
)


def test_every_choice_but_auto_has_an_engine() -> None:
    assert set(ENGINES) == set(EngineChoice) - {EngineChoice.AUTO}


@pytest.mark.parametrize("choice", ENGINES)
def test_an_engine_is_registered_under_its_own_name(choice: EngineChoice, tmp_path: Path) -> None:
    settings = EngineSettings(root=tmp_path, cache=tmp_path, machine={})
    engine = create_engine(ENGINES[choice], settings, lambda _: None)
    assert engine.name == ENGINES[choice].name == choice.value


@pytest.mark.parametrize("choice", ENGINES)
def test_a_named_engine_is_chosen_without_looking_for_it(choice: EngineChoice) -> None:
    async def main() -> str:
        return (await choose(choice, machine={"PATH": "/nowhere"})).name

    assert anyio.run(main) == choice.value


def test_the_last_engine_is_always_available() -> None:
    async def main() -> str:
        return await tuple(ENGINES.values())[-1].inspect({"PATH": "/nowhere"}, None)

    assert anyio.run(main)


def recorder(called: list[str]) -> Dispatcher:
    """Return a dispatcher that notes the methods that are called."""

    def noting(name: str) -> Callable[..., Awaitable[StepOutcome]]:
        async def method(*_: object) -> StepOutcome:
            called.append(name)
            return StepOutcome(exit_code=0)

        return method

    methods = {name: noting(name) for name in Dispatcher.__abstractmethods__}
    made: Dispatcher = type("Recorder", (Dispatcher,), {**methods, "values": {}})()
    return made


def test_every_kind_of_action_has_a_method() -> None:
    assert {type(action) for action, _ in ACTIONS} == set(get_args(Action))
    for action, method in ACTIONS:
        called: list[str] = []
        step = Step(name="a", action=action)
        outcome = anyio.run(recorder(called).dispatch, step, lambda _stream, _line: None)
        assert outcome.exit_code == 0
        assert called == ([method] if method else [])


EXPLAINED = Command(line=("fast",), explain=("slow",))
TRIED = Command(line=("slow",), quick=("fast",))
LED = Command(line=("rewriter", "a.py"), through=("python", "probe.py"))
LED_TRIED = Command(line=("slow",), quick=("fast",), explain=("diff",), through=("sh",))


@pytest.mark.parametrize(
    ("action", "codes", "shown", "exit_code"),
    [
        (EXPLAINED, (0,), ["fast"], 0),
        (EXPLAINED, (1, 1), ["slow"], 1),
        (EXPLAINED, (123, 0), ["slow"], 123),
        (TRIED, (0,), ["fast"], 0),
        (TRIED, (3, 1), ["slow"], 1),
        (TRIED, (3, 0), ["slow"], 0),
        (LED, (1,), ["python"], 1),
        (LED_TRIED, (1, 0), ["sh"], 0),
    ],
    ids=[
        "passed",
        "failed",
        "the explanation cannot turn a failure into a pass",
        "nothing has changed",
        "the command itself fails",
        "the command itself decides",
        "a program of HeroCI starts the command",
        "a program of HeroCI starts every form of the command",
    ],
)
def test_a_failure_is_followed_by_the_second_command(
    action: Command, codes: tuple[int, ...], shown: list[str], exit_code: int
) -> None:
    pending = iter(codes)

    async def run_command(_self: object, _step: Step, called: Command, sink: Sink) -> StepOutcome:
        sink(Stream.STDOUT, called.line[0])
        return StepOutcome(exit_code=next(pending))

    dispatcher = type(recorder([]))
    setattr(dispatcher, "run_command", run_command)  # noqa: B010  for mypy
    lines: list[str] = []
    step = Step(name="a", action=action)
    outcome = anyio.run(dispatcher().dispatch, step, lambda _, line: lines.append(line))
    assert (lines, outcome.exit_code, next(pending, None)) == (shown, exit_code, None)


def test_every_method_serves_an_action() -> None:
    assert {method for _, method in ACTIONS if method} == Dispatcher.__abstractmethods__ - {
        "values"
    }


def test_a_dry_run_pushes_nothing() -> None:
    called: list[str] = []
    lines: list[str] = []
    step = Step(name="push", action=PublishImage(address="shop:1"))

    async def main() -> StepOutcome:
        return await recorder(called).dispatch(step, lambda _, line: lines.append(line))

    assert anyio.run(main).facts == {"would publish": "shop:1"}
    assert called == []
    assert any("shop:1" in line for line in lines)
