from __future__ import annotations

import pytest

from heroci_action.errors import UsageError
from heroci_action.plan.actions import Command, PublishImage
from heroci_action.plan.caller_variables import require_variables
from heroci_action.plan.stages import Plan, Service, Stage, Step


def step(line: str | tuple[str, ...], **env: str) -> Step:
    return Step(name="step", action=Command(line=line), env=env)


STAGES = {
    "in the environment of a stage": Stage(name="x", env={"A": "{env.TOKEN}"}),
    "in the environment of a step": Stage(name="x", steps=(step("true", A="b{env.TOKEN}"),)),
    "in a shell command": Stage(name="x", steps=(step("echo {env.TOKEN}"),)),
    "in an argument": Stage(name="x", steps=(step(("echo", "{env.TOKEN}")),)),
    "in the address of a push": Stage(
        name="x",
        steps=(Step(name="push", action=PublishImage(address="a:{env.TOKEN}", push=True)),),
    ),
    "in the environment of a service": Stage(name="x", services=("db",)),
}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
@pytest.mark.parametrize("machine", [{}, {"TOKEN": ""}], ids=["not set", "empty"])
def test_a_variable_without_a_value_is_an_error_before_anything_runs(
    stage: Stage, machine: dict[str, str]
) -> None:
    service = Service(name="db", image="db", env={"PASSWORD": "{env.TOKEN}"})
    plan = Plan(project="shop", services={"db": service}, stages=(stage,))
    with pytest.raises(UsageError, match=r"stage 'x' refers to \{env\.TOKEN\}"):
        require_variables(plan, machine)
    require_variables(plan, {"TOKEN": "1"})


@pytest.mark.parametrize(
    "stage",
    [
        Stage(name="x", env={"A": "{env.TOKEN}"}, skip="not selected"),
        Stage(name="x", env={"A": "{env.TOKEN}"}, secrets=("TOKEN",)),
        Stage(name="x", env={"A": "{environment.TOKEN} ${TOKEN} {env} {env.}"}),
        Stage(
            name="x", steps=(Step(name="dry run", action=PublishImage(address="a:{env.TOKEN}")),)
        ),
    ],
    ids=["skipped stage", "declared secret", "no reference", "dry run"],
)
def test_a_variable_that_is_not_used_may_be_missing(stage: Stage) -> None:
    require_variables(Plan(project="shop", stages=(stage,)), {})
