"""`heroci run --affected`: find the recording of an earlier run, select the tests, and record this run."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from heroci_action.affected.recording import (
    DamagedRecordingError,
    RecordedId,
    Recording,
    pack,
    record,
    reduce_to,
    tests_of,
    unpack,
)
from heroci_action.affected.selection import Changes, Selected, select_affected
from heroci_action.cache.atomic_file import write_atomically
from heroci_action.cache.content import Content, UnknownContentError, matches, read_content
from heroci_action.cache.keys import Inputs, stage_keys
from heroci_action.cache.store import Store
from heroci_action.commands.cache_directory import below, cache_directory
from heroci_action.engines.choice import Chosen
from heroci_action.errors import UsageError
from heroci_action.options import RunOptions
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import AffectedTests, RunContext
from heroci_action.pipeline.tests import NAME as TESTS
from heroci_action.project import ProjectConfig
from heroci_action.results.records import Result, Status, StepResult

_CI = ("CI", "GITHUB_ACTIONS")
_FALSE = ("", "0", "false")
_DONE = (Status.PASSED, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedRun:
    """A run of the affected tests: the file of its recording, and the content of the repository at its start."""

    root: Path
    exclude: tuple[str, ...]
    place: Path
    content: Content
    recording: Recording | None
    selected: Selected

    @property
    def tests(self) -> AffectedTests:
        """The selection for the plan."""
        if self.selected.all_because:
            return AffectedTests()
        return AffectedTests(
            left_out=_by_step(self.selected.left_out), failed=_by_step(self.selected.failed)
        )

    def save(self, result: Result, contexts: Mapping[str, object] | None) -> None:
        """Store the recording, unless some tests were cut short or a file changed during the run."""
        steps = _steps_with_tests(result)
        if contexts is None or not all(map(_ended_in_order, steps)) or not self._is_unchanged():
            return
        recording = record(
            contexts,
            (test for step in steps for test in tests_of(step)),
            files=self.content.files,
            sources=_texts(self.root, self.content.files),
            kept=self._kept(),
        )
        # Without a recording, the next run runs every test.
        with contextlib.suppress(OSError):
            write_atomically(self.place, pack(recording))

    def _is_unchanged(self) -> bool:
        try:
            now = _read(self.root, self.exclude)
        except UnknownContentError:
            return False
        return now.find_change(self.content) is None

    def _kept(self) -> Recording | None:
        """Return the part of the earlier recording that still applies: the tests that were left out."""
        if self.recording is None or self.selected.all_because:
            return None
        return reduce_to(self.recording, self.selected.left_out)


def _steps_with_tests(result: Result) -> tuple[StepResult, ...]:
    steps = (step for stage in result.stages if stage.name == TESTS for step in stage.steps)
    return tuple(step for step in steps if step.has_tests)


def _ended_in_order(step: StepResult) -> bool:
    return step.status in _DONE and not step.incomplete and not step.problems


def refuse_in_ci(machine: Mapping[str, str]) -> None:
    """Raise UsageError in a CI, which has to run every test."""
    for name in _CI:
        if machine.get(name, "").lower() not in _FALSE:
            raise UsageError(
                f"--affected is for a developer's machine, and {name} is set: a CI runs every test",
                remedy="remove --affected",
            )


def prepare_affected(
    loaded: ProjectConfig,
    chosen: Chosen,
    context: RunContext,
    options: RunOptions,
    machine: Mapping[str, str],
) -> AffectedRun | str:
    """Select the affected tests; return why nothing can be recorded if that is impossible."""
    if not loaded.config.tests.coverage:
        return "`tests.coverage` is off, so nothing can be recorded"
    root, cache = loaded.root, cache_directory(machine)
    exclude = (*below(root, options.destination.output), *below(root, cache))
    try:
        content = _read(root, exclude)
        key = _environment_key(loaded, chosen, context, machine, Store(cache=cache))
    except UnknownContentError as error:
        return error.cause
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    directory = cache / "affected" / hashlib.sha256(str(root).encode()).hexdigest()[:16]
    place = directory / f"{key}.json.z"
    recording, problem = _load(place)
    if recording is None or options.refresh or not options.use_cache:
        selected = Selected(all_because=_why_not(problem, options))
    else:
        selected = select_affected(recording, _changes(loaded, content))
    return AffectedRun(
        root=root,
        exclude=exclude,
        place=place,
        content=content,
        recording=recording,
        selected=selected,
    )


def _changes(loaded: ProjectConfig, content: Content) -> Changes:
    """Return the files as they are now, to be compared with a recording."""
    ignore = loaded.config.cache.ignore
    return Changes(
        files=content.files,
        texts=_texts(loaded.root, content.files),
        is_ignored=lambda path: matches(path, ignore),
    )


def _why_not(problem: str, options: RunOptions) -> str:
    if options.refresh:
        return "--refresh ignores earlier recordings"
    return problem if options.use_cache else "--no-cache ignores earlier recordings"


def _environment_key(
    loaded: ProjectConfig,
    chosen: Chosen,
    context: RunContext,
    machine: Mapping[str, str],
    store: Store,
) -> str:
    """Return a hash of everything but the files that may change a test: engine, Python, variables, services, HeroCI."""
    plan = build_plan(loaded, replace(context, affected=AffectedTests()))
    inputs = Inputs(
        content="", facts=chosen.engine.facts(plan, machine), machine=machine, salt=store.salt()
    )
    names = (TESTS, *plan.stage(TESTS).needs)
    keys = stage_keys(
        replace(plan, stages=tuple(stage for stage in plan.stages if stage.name in names)), inputs
    )
    if TESTS not in keys:
        raise UnknownContentError("the stage `tests` needs a stage whose result cannot be known")
    return keys[TESTS]


def _load(place: Path) -> tuple[Recording | None, str]:
    """Return the recording, or why there is none."""
    try:
        return unpack(place.read_bytes()), ""
    except OSError:
        if any(place.parent.glob("*.json.z")):
            return None, (
                "the recording is of another environment (engine, Python, variables, services, arguments or HeroCI)"
            )
        return None, "there is no recording of an earlier run yet"
    except DamagedRecordingError as error:
        return None, error.cause


def _read(root: Path, exclude: tuple[str, ...]) -> Content:
    return read_content(root, exclude=exclude)


def _texts(root: Path, files: Iterable[str]) -> dict[str, str]:
    """Return the texts of all Python files that can be read."""
    texts = {}
    for path in files:
        if path.endswith(".py"):
            try:
                texts[path] = (root / path).read_text(encoding="utf-8")
            except (OSError, ValueError):
                continue
    return texts


def _by_step(tests: Iterable[RecordedId]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return classes and names by step, in a stable order."""
    steps: dict[str, list[tuple[str, str]]] = {}
    for test in sorted(tests):
        steps.setdefault(test.step, []).append((test.classname, test.name))
    return {step: tuple(found) for step, found in steps.items()}
