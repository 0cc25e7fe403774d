"""The stage `tests`: Django's checks, the migrations, then every test, with coverage and real services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.runner_arguments import combine
from heroci_action.pipeline.variables import manage, source_paths, stage_env, with_path
from heroci_action.plan.actions import Command
from heroci_action.plan.report_kinds import (
    COVERAGE_JSON,
    DATABASE_RECORD,
    DJANGO_RECORD,
    JUNIT,
    TEST_CONTEXTS,
    Report,
)
from heroci_action.plan.stages import Stage, Step
from heroci_action.project import ProjectConfig

NAME = "tests"
RC = "{reports}/coveragerc"
DATA = "{reports}/coverage-data/data"
PROBE = "{probes}/heroci_coverage.py"
SCHEMA = "{reports}/schema.json"
TIMES = "times.json"


def build(loaded: ProjectConfig, context: RunContext) -> Stage:
    """Run everything that tests the code, quick steps first."""
    services = tuple(loaded.config.services)
    return Stage(
        name=NAME,
        services=services,
        env=with_path(stage_env(loaded, services), "{probes}", *source_paths(loaded)),
        steps=tuple(_steps(loaded, context)),
        files=dict(_files(context)),
        partial=bool(context.only or (context.affected and context.affected.left_out)),
    )


def _files(context: RunContext) -> Iterator[tuple[str, str]]:
    if _has_times(context):
        yield TIMES, json.dumps(context.times)
    for step, tests in (context.only or {}).items():
        if tests:
            yield _only(step), json.dumps(tests)
    yield from _affected_files(context)


def _affected_files(context: RunContext) -> Iterator[tuple[str, str]]:
    if context.affected is None:
        return
    for step, left_out in context.affected.left_out.items():
        failed = context.affected.failed.get(step, ())
        yield _affected(step), json.dumps({"left_out": left_out, "failed": failed})


def _affected(step: str) -> str:
    """Return the name of the file with the tests that a step must leave out."""
    return f"affected-{step.replace(' ', '-')}.json"


def _only(step: str) -> str:
    """Return the name of the file with the tests that a step must run."""
    return f"only-{step.replace(' ', '-')}.json"


def _has_times(context: RunContext) -> bool:
    return context.shard is not None and bool(context.times)


def _steps(loaded: ProjectConfig, context: RunContext) -> Iterator[Step]:
    tests = loaded.config.tests
    # Detected commands may do more than the tests need; configured ones are needed.
    needed = not loaded.detected("tests.before")
    for step in tests.before:
        yield Step(
            name=step.title,
            action=Command(line=step.run),
            blocking=needed,
            writes=loaded.facts.written.get(step.line, ()),
        )
    if tests.coverage:
        yield Step(
            name="coverage settings",
            action=Command(line=("python", PROBE, RC, DATA)),
            env=_recorded(NAME, context),
        )
    if _has_settings(loaded):
        yield from _django_steps(loaded, context)
    for run in _runs(loaded, context):
        yield _leave_out(_select(_shard(run.step(), context), context), context)
    if tests.coverage:
        yield _collect_coverage(recorded=context.affected is not None)


def _shard(step: Step, context: RunContext) -> Step:
    """Return the step for this job's part of the tests, which the probes select after collection."""
    if context.shard is None:
        return step
    env = {**step.env, "HEROCI_SHARD": str(context.shard)}
    if _has_times(context):
        env["HEROCI_TIMES"] = f"{{reports}}/{TIMES}"
    return replace(step, env=env, sharded=True)


def _select(step: Step, context: RunContext) -> Step:
    """Return the step for the tests that failed in the last run, if only these must run."""
    if not (context.only and context.only[step.name]):
        return step
    return replace(step, env={**step.env, "HEROCI_ONLY": f"{{reports}}/{_only(step.name)}"})


def _leave_out(step: Step, context: RunContext) -> Step:
    """Return the step that records what its tests execute, without tests for which nothing has changed."""
    env = {**step.env, **_recorded(step.name, context)}
    if context.affected and step.name in context.affected.left_out:
        env["HEROCI_AFFECTED"] = f"{{reports}}/{_affected(step.name)}"
    return replace(step, env=env)


def _recorded(step: str, context: RunContext) -> dict[str, str]:
    if context.affected is None:
        return {}
    # Only this way of measuring sees every test execute a line, and not just the first one.
    return {"HEROCI_CONTEXTS": step, "COVERAGE_CORE": "ctrace"}


def _has_settings(loaded: ProjectConfig) -> bool:
    """Return whether Django's checks apply: without a manage.py or the like, the settings are for the tests only."""
    facts = loaded.facts
    return facts.manage is not None or (facts.starts_django and bool(loaded.config.settings))


def _django_steps(loaded: ProjectConfig, context: RunContext) -> Iterator[Step]:
    """Yield the checks and the migration, which run at the same time unless the system checks need the tables."""
    check = _check(loaded)
    migrates = bool(loaded.config.services) and not loaded.facts.computed_name
    late = loaded.facts.imports_query
    others = []
    if loaded.config.tests.check_migrations:
        others.append(_check_migrations(loaded))
    if migrates:
        # The last one leaves files for the tests.
        others.append(_migrate(loaded, context))
    together = others if late else [check, *others]
    yield from (replace(step, concurrent=True) for step in together)
    # Without them, only the tests have tables; Django's own runner checks then.
    if late and migrates:
        yield check


def _check(loaded: ProjectConfig) -> Step:
    # Django's own runner runs the same checks before the first test; pytest does not and may pass without them.
    blocking = loaded.config.tests.runner != "pytest"
    # If the CI runs the checks itself, with the settings of any command, they must pass in this way.
    as_tests = None if loaded.facts.runs_check else _asked_runner(loaded)
    line = ("python", *_as_tests(as_tests), *manage(loaded), "check")
    return Step(name="check", action=Command(line=line), env=_named(as_tests), blocking=blocking)


def _asked_runner(loaded: ProjectConfig) -> str | None:
    """Return the runner if the settings ask which program loads them; how a project's own script does is not known."""
    tests = loaded.config.tests
    return tests.runner if loaded.facts.asks_process and tests.script is None else None


def _as_tests(runner: str | None) -> tuple[str, ...]:
    """Return the program that starts manage.py with the settings that this runner loads, if others would be loaded."""
    return ("{probes}/heroci_as_tests.py",) if runner else ()


def _named(runner: str | None) -> dict[str, str]:
    """Return the variable that tells the probes whose settings to load."""
    return {"HEROCI_AS_TESTS": runner} if runner else {}


def _shares_schema(loaded: ProjectConfig, context: RunContext) -> bool:
    """Return whether test databases may be copies of the migrated one; the probes check that they would be the same."""
    # The code that the migrations execute is recorded in the process of the tests.
    wanted = loaded.config.tests.share_schema and context.affected is None
    migrates = "postgres" in loaded.config.services and not loaded.facts.computed_name
    return wanted and migrates and _has_settings(loaded)


def _migrate(loaded: ProjectConfig, context: RunContext) -> Step:
    """Migrate the stage's database. The tests create another one, some without migrations."""
    line, runner = ("migrate", "--noinput"), _asked_runner(loaded)
    if not _shares_schema(loaded, context):
        command = ("python", *_as_tests(runner), *manage(loaded), *line)
        env = _named(runner)
        return Step(name="migrate", action=Command(line=command), env=env, blocking=False)
    measure = {"HEROCI_SCHEMA_COVERAGE": RC} if loaded.config.tests.coverage else {}
    return Step(
        name="migrate",
        action=Command(line=("python", "{probes}/heroci_migrate.py", *manage(loaded), *line)),
        env={
            "HEROCI_SCHEMA": SCHEMA,
            "HEROCI_SERVER": "{postgres.host}:{postgres.port}",
            **_named(runner),
            **measure,
        },
        blocking=False,
    )


def _check_migrations(loaded: ProjectConfig) -> Step:
    record = "{reports}/migrations"
    used = loaded.facts.migration_settings
    settings = {"DJANGO_SETTINGS_MODULE": used} if used else {}
    # The project's own check does not have the settings of the tests, which may do without migrations.
    lenient = loaded.config.tests.check_migrations == "warn"
    runner = _asked_runner(loaded) if lenient else None
    apps = ",".join(loaded.facts.migration_apps)
    options = ("--warn", *_as_tests(runner)) if lenient else (f"--apps={apps}",) * bool(apps)
    return Step(
        name="migrations",
        action=Command(line=("python", "{probes}/heroci_migrations.py", *options, *manage(loaded))),
        env={"HEROCI_RECORD": record, **settings, **_named(runner)},
        reports=(Report(kind=DJANGO_RECORD, path=f"{record}/*"),),
        blocking=False,
    )


def _collect_coverage(*, recorded: bool) -> Step:
    json, contexts = "{reports}/coverage.json", "{reports}/contexts.json"
    reports: tuple[Report, ...] = (Report(kind=COVERAGE_JSON, path=json),)
    line: tuple[str, ...] = ("python", PROBE, RC, "--json", json)
    if recorded:
        reports = (*reports, Report(kind=TEST_CONTEXTS, path=contexts))
        line = (*line, "--contexts", contexts)
    return Step(
        name="coverage",
        action=Command(line=line),
        reports=reports,
        always=True,
        belongs_to=NAME,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One invocation of the test runner."""

    loaded: ProjectConfig
    arguments: tuple[str, ...]
    number: int
    shares_schema: bool

    @property
    def name(self) -> str:
        return "tests" if self.number == 1 else f"tests {self.number}"

    @property
    def record(self) -> str:
        return f"{{reports}}/record-{self.number}"

    @property
    def junit(self) -> str:
        return f"{{reports}}/junit-{self.number}.xml"

    def step(self) -> Step:
        """Return the run as a step; if it fails, the other runs still follow."""
        pytest = self.loaded.config.tests.runner == "pytest"
        line = self._pytest() if pytest else self._django()
        env = {
            "HEROCI_RECORD": self.record,
            "HEROCI_PROGRESS": "1",
            "PYTEST_PLUGINS": self._pytest_plugins(),
        }
        if self.loaded.config.tests.coverage:
            env["COVERAGE_PROCESS_START"] = RC
        if self.shares_schema:
            env |= {"HEROCI_SCHEMA": SCHEMA, "HEROCI_SCHEMA_DATA": DATA}
        return Step(
            name=self.name,
            action=Command(line=("python", *line)),
            env=env,
            reports=tuple(self._reports(pytest=pytest)),
            must_report=True,
            blocking=False,
        )

    def _pytest_plugins(self) -> str:
        """Return the plugins of any pytest; a project's own runner class or test script may call it, too."""
        config = self.loaded.config
        stage = config.stages.get(NAME)
        own = {**config.env, **(stage.env if stage else {})}.get("PYTEST_PLUGINS")
        return ",".join(filter(None, (own, "heroci_pytest_plugin")))

    def _reports(self, *, pytest: bool) -> Iterator[Report]:
        if pytest:
            yield Report(kind=JUNIT, path=self.junit)
            yield Report(kind=DATABASE_RECORD, path=f"{self.record}/*")
        else:
            yield Report(kind=DJANGO_RECORD, path=f"{self.record}/*")

    def _django(self) -> tuple[str, ...]:
        script = self.loaded.config.tests.script
        if script:
            return ("{probes}/heroci_script.py", script, *self.arguments)
        recorder = ("--noinput", "--testrunner", "heroci_django_runner.Runner")
        return (*manage(self.loaded), "test", *self._processes(), *recorder, *self.arguments)

    def _processes(self) -> tuple[str, ...]:
        """Return the option for parallel processes; without a number, Django starts one per core."""
        match self.loaded.config.tests.parallel:
            case True:
                return ("--parallel",)
            case int(number) if number > 1:
                return ("--parallel", str(number))
            case _:
                return ()

    def _pytest(self) -> tuple[str, ...]:
        report = (f"--junitxml={self.junit}", "-o", "junit_family=xunit1")
        measured_twice = self.loaded.facts.pytest_coverage and self.loaded.config.tests.coverage
        no_cov = ("--no-cov",) if measured_twice else ()
        workers: tuple[str, ...] = ()
        match self.loaded.config.tests.parallel:
            case True:
                workers = ("-n", "auto")
            case int(number) if number > 1:
                workers = ("-n", str(number))
        return ("-m", "pytest", *report, *no_cov, *workers, *self.arguments)


def run_names(loaded: ProjectConfig) -> tuple[str, ...]:
    """Return the names of the steps that run tests."""
    return tuple(run.name for run in _runs(loaded, RunContext()))


def _runs(loaded: ProjectConfig, context: RunContext) -> Iterator[_Run]:
    for number, arguments in enumerate(loaded.config.tests.args, start=1):
        combined = combine(arguments, context.arguments, context.test_names)
        run = _Run(loaded, combined, number, _shares_schema(loaded, context))
        if context.only is None or run.name in context.only:
            yield run
