"""The circumstances of a run that its plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.pipeline.runner_arguments import TestNames
from heroci_action.sharding import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedTests:
    """The tests to leave out and those to run first, because they failed, by step; a step that is missing runs all."""

    left_out: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    failed: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The engine's abilities and the part of the tests to run.

    `no_image` is the reason why no image can be built and started, `no_containers` the reason why no stage can run in
    its own image; both are None if it is possible. `shard` is None if all tests run; `times` are the durations of an
    earlier run by indivisible unit (see `analysis.times`). `arguments` are added to the test runner's; names of
    tests among them, recognized by `test_names`, replace the configured ones. `only` maps the steps that run tests to
    the classes and names of the tests to run, or to nothing for all of them; None means all tests of all steps.
    `affected` is set if the run records what each test executes.
    """

    no_image: str | None = None
    no_containers: str | None = None
    shard: Shard | None = None
    times: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    test_names: TestNames = field(default_factory=TestNames)
    only: Mapping[str, tuple[tuple[str, str], ...]] | None = None
    affected: AffectedTests | None = None
