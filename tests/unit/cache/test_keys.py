from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.cache.keys import Inputs, may_replay, replayable, source_digest, stage_keys
from heroci_action.plan.actions import BuildImage, Command, ExportImage, InstallDependencies
from heroci_action.plan.report_kinds import Report
from heroci_action.plan.stages import Environment, Plan, Service, Stage, Step

BASE = Stage(name="base", steps=(Step(name="install", action=Command(line="install")),))
TESTS = Stage(
    name="tests",
    needs=("base",),
    services=("postgres",),
    env={"MODE": "{env.MODE}"},
    secrets=("TOKEN",),
    timeout=60,
    steps=(Step(name="tests", action=Command(line=("pytest", "-q"))),),
)
PLAN = Plan(
    project="shop",
    services={"postgres": Service(name="postgres", version="17", env={"USER": "{env.DB_USER}"})},
    environment=Environment(python="3.13", requirements=("requirements.txt",)),
    stages=(BASE, TESTS),
)
INPUTS = Inputs(
    content="c1",
    facts={"machine": "x86_64", "postgres": "17"},
    machine={"MODE": "a", "TOKEN": "b", "DB_USER": "d", "HOME": "/root", "HTTP_PROXY": "p"},
    salt=b"s" * 32,
    inherited=frozenset({"HTTP_PROXY", "NO_PROXY"}),
)
# Made once: hashing the secrets is slow on purpose.
KEYS = stage_keys(PLAN, INPUTS)
Change = Callable[[Plan, Inputs], tuple[Plan, Inputs]]


def plan(**changes: object) -> Change:
    return lambda given, inputs: (replace(given, **changes), inputs)  # type: ignore[arg-type]


def changed_tests(**changes: object) -> Change:
    return plan(stages=(BASE, replace(TESTS, **changes)))  # type: ignore[arg-type]


def inputs(**changes: object) -> Change:
    return lambda given, known: (given, replace(known, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        inputs(content="c2"),
        inputs(facts={"machine": "arm64", "postgres": "17"}),
        inputs(machine={**INPUTS.machine, "MODE": "b"}),
        inputs(machine={**INPUTS.machine, "TOKEN": "c"}),
        inputs(machine={**INPUTS.machine, "DB_USER": "e"}),
        inputs(machine={"MODE": "a"}),
        inputs(machine={**INPUTS.machine, "HTTP_PROXY": "q"}),
        inputs(machine={**INPUTS.machine, "NO_PROXY": "localhost"}),
        inputs(salt=b"t" * 32),
        inputs(heroci="another version"),
        plan(services={"postgres": Service(name="postgres", version="16")}),
        plan(services={"postgres": Service(name="postgres", env={"POSTGRES_DB": "x"})}),
        plan(environment=replace(PLAN.environment, python="3.12")),
        plan(environment=replace(PLAN.environment, lock="uv.lock")),
        plan(environment=replace(PLAN.environment, packages=("x",))),
        plan(environment=replace(PLAN.environment, extras=("x",))),
        plan(directory="src"),
        plan(public_variables=("MODE",)),
        plan(stages=(replace(BASE, env={"X": "1"}), TESTS)),
        changed_tests(steps=(Step(name="tests", action=Command(line=("pytest", "-v"))),)),
        changed_tests(steps=(Step(name="tests", action=Command(line="pytest -q")),)),
        changed_tests(env={"MODE": "fixed"}),
        changed_tests(files={"times.json": "{}"}),
        changed_tests(timeout=61),
        changed_tests(services=()),
        changed_tests(caches=("~/.npm",)),
        changed_tests(steps=(replace(TESTS.steps[0], reports=(Report(kind="junit", path="j"),)),)),
        plan(environment=replace(PLAN.environment, tools=("black==26.1.0",))),
        plan(environment=replace(PLAN.environment, requirements=("requirements-dev.txt",))),
    ],
)
def test_every_input_is_part_of_the_key(change: Change) -> None:
    assert KEYS["tests"] != stage_keys(*change(PLAN, INPUTS))["tests"]


@pytest.mark.parametrize(
    "change",
    [
        inputs(machine={**INPUTS.machine, "HOME": "/home/me", "OTHER": "x"}),
        plan(project="renamed", max_parallel=1, fail_fast=True, timeout=5),
        changed_tests(emoji="🧪", optional=True),
    ],
)
def test_what_changes_no_result_is_not_part_of_the_key(change: Change) -> None:
    assert stage_keys(*change(PLAN, INPUTS)) == KEYS


BUILD = BuildImage(dockerfile="Dockerfile")
IMAGE = Stage(name="image", confined_to=BUILD, steps=(Step(name="build", action=BUILD),))
CHECKS = replace(TESTS, name="integration", needs=("base", "image"), confined_to=BUILD)


@pytest.mark.parametrize(
    ("base", "is_needed"),
    [
        (Stage(name="base", steps=(Step(name="i", action=InstallDependencies()),)), False),
        (Stage(name="base", steps=BASE.steps), True),
        (Stage(name="base", outputs=("static",)), True),
    ],
)
def test_a_stage_that_runs_only_an_image_depends_on_its_files_and_not_on_packages(
    base: Stage, *, is_needed: bool
) -> None:
    stages = replace(PLAN, stages=(base, IMAGE, CHECKS, TESTS))
    seen = replace(INPUTS, contexts={"image": "part", "integration": "part"})
    before = stage_keys(stages, seen)
    other_file = stage_keys(stages, replace(seen, content="c2"))
    assert before["image"] == other_file["image"]
    assert (before["integration"] != other_file["integration"]) is is_needed
    assert before["tests"] != other_file["tests"]
    other_image = stage_keys(stages, replace(seen, contexts={**seen.contexts, "image": "x"}))
    assert before["image"] != other_image["image"]
    assert before["integration"] != other_image["integration"]


def test_a_changed_file_of_heroci_changes_its_hash(tmp_path: Path) -> None:
    for name, text in (("one", "a = 1"), ("two", "a = 2"), ("three", "a = 1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(text)
    hashes = [source_digest(tmp_path / name) for name in ("one", "two", "three")]
    assert hashes[0] == hashes[2] != hashes[1]


def test_a_stage_without_some_of_its_tests_has_no_key() -> None:
    partial = replace(TESTS, partial=True)
    waiting = replace(TESTS, name="integration", needs=("tests",))
    assert set(stage_keys(replace(PLAN, stages=(BASE, partial, waiting)), INPUTS)) == {"base"}


def test_keys_contain_no_value_of_a_secret() -> None:
    assert "b" * 8 not in str(stage_keys(PLAN, replace(INPUTS, machine={"TOKEN": "b" * 8})))


def test_a_stage_that_delivers_or_belongs_to_the_project_has_no_key() -> None:
    own = Stage(name="deploy", steps=BASE.steps)
    export = Step(name="export", action=ExportImage(name="shop"))
    build = Step(name="build", action=BuildImage(dockerfile="Dockerfile"))
    assert not may_replay(own)
    assert may_replay(Stage(name="image", steps=(build,)))
    assert not may_replay(Stage(name="image", steps=(build, export)))
    waiting = replace(TESTS, name="integration", needs=("deploy",))
    assert stage_keys(replace(PLAN, stages=(own, waiting)), INPUTS) == {}


def test_a_skipped_need_does_not_prevent_a_replay() -> None:
    skipped = replace(BASE, skip="excluded by --skip")
    assert set(stage_keys(replace(PLAN, stages=(skipped, TESTS)), INPUTS)) == {"tests"}


def test_a_product_is_replayed_only_together_with_everything_that_needs_it() -> None:
    lint = replace(TESTS, name="lint")
    three = replace(PLAN, stages=(BASE, TESTS, lint))
    assert replayable(three, {"base", "tests", "lint"}) == {"base", "tests", "lint"}
    assert replayable(three, {"base", "tests"}) == {"tests"}
    assert replayable(three, {"base", "lint"}) == {"lint"}
