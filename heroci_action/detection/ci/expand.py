"""Read scripts and replace commands such as `make test` by the programs that they run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from heroci_action.detection.ci.compose.builds import read_builds
from heroci_action.detection.ci.compose.calls import compose_words, composition_of
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.entry_points import (
    entry_point_script,
    image_script,
    start_of_container,
    variables_of_image,
)
from heroci_action.detection.ci.compose.image_build import ImageBuild, read_tag
from heroci_action.detection.ci.compose.mounts import (
    Mounts,
    enter_repository,
    enter_service,
    mounts_of,
    mounts_of_service,
)
from heroci_action.detection.ci.compose.up import (
    ending_services,
    expand_compose_up,
    expand_needs,
    with_pulled_image,
)
from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.interpreter import WARNINGS
from heroci_action.detection.ci.left_out import CHECKS, reason_of_program
from heroci_action.detection.ci.one_shot import ends_by_itself
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN, Call, Command, LeftOut, Script
from heroci_action.detection.ci.shell.script import read_script
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.task_runners.coverage_settings import expand_coverage
from heroci_action.detection.ci.task_runners.hatch import expand_hatch
from heroci_action.detection.ci.task_runners.invoke import FILES_OF_TASKS, expand_invoke
from heroci_action.detection.ci.task_runners.just import expand_just
from heroci_action.detection.ci.task_runners.make import expand_make
from heroci_action.detection.ci.task_runners.nox import expand_nox
from heroci_action.detection.ci.task_runners.package_scripts import (
    PACKAGE_MANAGERS,
    RUN_ALL,
    expand_package_script,
    expand_run_all,
)
from heroci_action.detection.ci.task_runners.python_scripts import expand_python_script
from heroci_action.detection.ci.task_runners.shell_scripts import (
    call_as_shell,
    expand_file,
    expand_text,
)
from heroci_action.detection.ci.task_runners.tasks import expand_task
from heroci_action.detection.ci.task_runners.tox import expand_tox
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import join, parent

MAX_DEPTH = 12  # calls that call each other
MAX_COMMANDS = 5_000  # of one job
MAX_TRIALS = 2  # entry points that start containers whose entry points are read
_NOWHERE = Mounts()
# Programs that run tasks from files that are not read.
_UNREADABLE = frozenset(
    {
        "gulp", "grunt", "rake", "gradle", "gradlew", "ant", "bazel", "earthly", "pants", "doit", "scons", "nix",
        "nix-build", "dagger",
    }
)  # fmt: skip


@dataclass(kw_only=True)
class Context:
    """The state that a job's commands share: files, Python, and unread lines (`not_followed`, `actions`).

    `in_docker` is whether the job itself runs in a container of Docker; None if that is not known.
    `trials` is the number of entry points in each other that are read only to see what they do.
    """

    files: WorkingTree
    python: str | None = None
    in_docker: bool | None = None
    used: Composition | None = None  # the compose files of the last call
    builds: list[ImageBuild] = field(default_factory=list)  # of the images that exist so far
    not_followed: list[LeftOut] = field(default_factory=list)
    actions: list[LeftOut] = field(default_factory=list)
    count: int = 0
    trials: int = 0


def run(script: Script, context: Context) -> Iterator[Command]:
    """Yield the commands of a script, expanded."""
    script = replace(script, in_docker=context.in_docker)
    for command in read_script(script, ShellState.start(script, context.files)):
        yield from _expand(command, context)


def _expand(command: Command, context: Context, around: Mounts = _NOWHERE) -> Iterator[Command]:
    """Yield what a command runs; `around` are the mounts of the container in which a script calls it."""
    context.count += 1
    if len(command.via) > MAX_DEPTH or context.count > MAX_COMMANDS:
        return
    command = _launched(command, context)
    context.builds += read_builds(command, context.files.current())
    context.builds += read_tag(command, context.builds)
    if words := compose_words(command):
        context.used = composition_of(
            words, command, context.files.current(), context.used, context.builds
        )
        command = with_pulled_image(enter_service(command, context.used), context.used)
        ends = partial(ends_by_itself, files=context.files)
        for call, script in expand_needs(command, words, context.used, ends):
            yield from _expand_scripts(call, (script,), context)
        for name in filter(None, ending_services(words)):
            around = mounts_of_service(context.used, name)
            yield from _mounted_files(around, context)
    mounts = mounts_of(command, context.used, context.builds, context.files.tree)
    yield from _mounted_files(mounts, context)
    command = enter_repository(command, mounts)
    inside = mounts if mounts.places else around
    start = _read_entry_point(command, context, inside)
    command = _with_exports(command, start, context)
    scripts = _scripts(command, start, context)
    # `npm run build` stays if its script runs no program.
    expanded = list(_expand_scripts(command, scripts or (), context, inside))
    found = expanded or [command]
    yield from _before_words(command, found, start, context, inside)
    yield from found


def _mounted_files(mounts: Mounts, context: Context) -> Iterator[Command]:
    """Yield a copy of each file that a container sees at a place of the code where the repository has none."""
    source = next(iter(context.used.paths), "") if context.used else ""
    for path, place in mounts.files_over_code():
        is_new = context.files.tree.has(path) and not context.files.has(place)
        if is_new and context.files.has_directory(parent(place)):
            yield from run(Script(text=shlex.join(["cp", path, place]), source=source), context)


def _expand_scripts(
    command: Command, scripts: tuple[Script, ...], context: Context, mounts: Mounts = _NOWHERE
) -> Iterator[Command]:
    for script in scripts:
        inherited = replace(
            script,
            text=mounts.move(script.text),
            conditions=script.conditions | command.conditions,
            may_fail=script.may_fail or command.may_fail,
            in_docker=_runs_in_container(command) or context.in_docker,
            perhaps=(*command.perhaps, *script.perhaps),
        )
        for inner in read_script(inherited, ShellState.start(inherited, context.files)):
            via = (*command.via, command, *inner.via)
            environment = script.environment or command.environment
            found = replace(
                inner,
                via=via,
                environment=environment,
                background=inner.background or command.background,
                passed_over=inner.passed_over or command.passed_over,
            )
            yield from _expand(found, context, mounts)


def _runs_in_container(command: Command) -> bool:
    """Return whether what a command starts runs in a container; `docker compose up` enters none by itself."""
    calls = (*command.via, command)
    return command.is_contained or any(compose_words(each) is not None for each in calls)


def _launched(command: Command, context: Context) -> Command:
    """Apply the directory and the variables that launchers set; a variable in a call wins over its file."""
    call = command.call
    directory = join(command.directory, call.directory) if call.directory else command.directory
    paths = (locate(file, command.directory) for file in call.env_files)
    texts = [context.files.text(path) or "" for path in paths if path]
    read = {name: value for text in texts for name, value in parse_dotenv(text).items()}
    known = {name: value for name, value in read.items() if UNKNOWN not in value}
    # A container has only the variables that its call passes.
    env = {n: v for n, v in command.env.items() if call.passed is None or n in call.passed}
    unknown = command.unknown if call.passed is None else command.unknown & {*call.passed}
    env |= {**known, **call.env}
    # `python -W` adds to the variable.
    if WARNINGS in command.env.keys() & call.env.keys():
        env[WARNINGS] = f"{command.env[WARNINGS]},{call.env[WARNINGS]}"
    return replace(command, directory=directory, env=env, unknown=unknown)


def _scripts(
    command: Command, start: _EntryPoint | None, context: Context
) -> tuple[Script, ...] | None:
    """Return the scripts that a command runs; None if it is a program."""
    for expander in (
        _around_program, _by_name, _launched_task, _shell_text, _shell_file, _python_file,
    ):  # fmt: skip
        found = expander(command, context)
        if found is not None:
            return found
    if start and _makes_tests(command, start, context):
        return (start.script,)
    if command.call.name in {*_UNREADABLE, *FILES_OF_TASKS}:
        reason = f"HeroCI does not read the files of {command.call.name}"
        left_out = LeftOut(line=command.line, source=command.source, reason=reason)
        context.not_followed.append(left_out)
    return None


def _around_program(command: Command, context: Context) -> tuple[Script, ...] | None:
    """Return a script of the repository that runs the program in its arguments: `./unchanged.sh python make_docs.py`.

    A script in which that program is not found only counts as its launcher.
    """
    first = next(iter(command.words), "")
    if "/" not in first or command.call.program == first or context.trials == MAX_TRIALS:
        return None
    call = Call(program=first, arguments=command.words[1:])
    scripts = expand_file(replace(command, call=call), context.files)
    if scripts is None:
        return None
    trial = replace(context, files=context.files.fork(), not_followed=[], actions=[])
    trial.trials += 1
    found = list(_expand_scripts(command, scripts, trial))
    context.count = trial.count
    wanted = command.call.program, command.call.arguments
    runs = ((each.call.program, each.call.arguments) for each in found if not each.conditional)
    return scripts if wanted in runs and len(found) > 1 else None


def _by_name(command: Command, context: Context) -> tuple[Script, ...] | None:
    # `docker compose run web` names no program.
    call = command.call
    name = call.name or ("docker" if call.container and call.script is None else "")
    if _is_read(command):
        return None
    expander = _EXPANDERS.get(name)
    return expander(command, context) if expander else None


def _launched_task(command: Command, context: Context) -> tuple[Script, ...] | None:
    """Return the task of `pdm run NAME` and the like, which may also be a program."""
    launchers = (name for name in command.call.launchers if name in _TASK_LAUNCHERS)
    launcher = next(launchers, None)
    return expand_task(command, context.files.tree, launcher) if launcher else None


def _shell_text(command: Command, _: Context) -> tuple[Script, ...] | None:
    return expand_text(command)


def _shell_file(command: Command, context: Context) -> tuple[Script, ...] | None:
    return None if _is_read(command) else expand_file(command, context.files)


def _is_read(command: Command) -> bool:
    """Return whether the program of an image only reads the files in the call: `docker run acme/shellcheck a.sh`."""
    container = command.call.container
    image = (container.image or container.pulled or "") if container else ""
    return reason_of_program(image.rpartition("/")[2].partition(":")[0]) == CHECKS


def _python_file(command: Command, context: Context) -> tuple[Script, ...] | None:
    return expand_python_script(command, context.files.tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryPoint:
    """What a container starts by itself, the commands that it runs in any case, and the variables of its image."""

    script: Script
    commands: tuple[Command, ...]
    settings: Mapping[str, str]


def _read_entry_point(command: Command, context: Context, mounts: Mounts) -> _EntryPoint | None:
    """Return the entry point that receives the words of a command in a container."""
    script = entry_point_script(context.used, command) if context.used else None
    script = script or image_script(command, context.builds, context.files.current())
    if script is None or context.trials == MAX_TRIALS:
        return None
    script = call_as_shell(script, context.files)
    settings = variables_of_image(context.used, command, context.builds, context.files.tree)
    trials = context.trials + 1
    trial = replace(context, files=context.files.fork(), not_followed=[], actions=[], trials=trials)
    started = replace(script, env={**settings, **script.env})
    # What is in the container counts, and not whether the call is reached.
    call = replace(command, conditions=frozenset(), perhaps=())
    found = _expand_scripts(call, (started,), trial, mounts)
    commands = tuple(inner for inner in found if not inner.conditional)
    context.count = trial.count
    return _EntryPoint(script=script, commands=commands, settings=settings)


def _before_words(
    command: Command,
    found: list[Command],
    start: _EntryPoint | None,
    context: Context,
    mounts: Mounts,
) -> Iterator[Command]:
    """Yield what a container of tests runs by itself before them: `collectstatic` in its entry point.

    What `found` contains, and the command of the service, is no part of that: the last one does not end by itself.
    """
    tree = context.files.tree
    if not any(find_test_run(each, tree) for each in found):
        return
    script = start.script if start else None
    if script is None and context.used:
        script = start_of_container(context.used, command)
    if script is None:
        return
    settings = variables_of_image(context.used, command, context.builds, tree)
    script = replace(call_as_shell(script, context.files), env={**settings, **script.env})
    own = {(each.call.program, each.call.arguments) for each in (command, *found)}
    call = replace(command, may_fail=False, background=False)
    started = list(_expand_scripts(call, (script,), context, mounts))
    for place, each in enumerate(started, 1):
        is_new = (each.call.program, each.call.arguments) not in own
        # A program that the container starts without a script is the service itself.
        is_inside = len(each.via) > len(call.via) + 1
        if is_new and is_inside and not find_test_run(each, tree):
            # The image gives its variables to the tests, too.
            env = {key: value for key, value in each.env.items() if settings.get(key) != value}
            stays = place == len(started)
            yield replace(each, env=env, background=each.background or stays)


def _with_exports(command: Command, start: _EntryPoint | None, context: Context) -> Command:
    """Give tests in a container the variables that its entry point exports before it runs their words."""
    call = command.call
    runs_words = call.script is not None or call.name in _EXPANDERS or _shell_file(command, context)
    # Other words, such as `tests`, are those of the entry point itself, which is followed.
    if start is None or not (runs_words or find_test_run(command, context.files.tree)):
        return command
    tests = [found for found in start.commands if find_test_run(found, context.files.tree)]
    if not tests:
        return command
    before = {**start.settings, **start.script.env}.items()
    exported = {key: value for key, value in tests[-1].env.items() if (key, value) not in before}
    return replace(command, env={**command.env, **exported})


def _makes_tests(command: Command, start: _EntryPoint, context: Context) -> bool:
    """Return whether an entry point makes tests or checks of the words that it receives: `run web lint`."""
    if find_test_run(command, context.files.tree):
        return False
    # An entry point that starts the words themselves adds no information about them.
    itself = any(found.call.name == command.call.name for found in start.commands)
    return not itself and any(_tells(found, context) for found in start.commands)


def _tells(command: Command, context: Context) -> bool:
    """Return whether a command is a run of tests, or of a program that checks."""
    tests = find_test_run(command, context.files.tree) is not None
    return tests or reason_of_program(command.call.name) == CHECKS


Expander = Callable[[Command, Context], tuple[Script, ...] | None]

_TASK_LAUNCHERS = frozenset({"pdm", "pipenv", "rye", "pixi"})
_EXPANDERS: Mapping[str, Expander] = {
    "make": lambda command, context: expand_make(command, context.files),
    "gmake": lambda command, context: expand_make(command, context.files),
    **dict.fromkeys(
        ("docker", "docker-compose"),
        lambda command, context: expand_compose_up(command, context.used),
    ),
    "just": lambda command, context: expand_just(command, context.files),
    "tox": lambda command, context: expand_tox(command, context.files.tree, context.python),
    "nox": lambda command, context: expand_nox(command, context.files.tree),
    **dict.fromkeys(
        ("inv", "invoke", "fab"),
        lambda command, context: expand_invoke(command, context.files.tree),
    ),
    "coverage": lambda command, context: expand_coverage(command, context.files.tree),
    "hatch": lambda command, context: expand_hatch(command, context.files.tree),
    "task": lambda command, context: expand_task(command, context.files.tree, "task"),
    "taskipy": lambda command, context: expand_task(command, context.files.tree, "task"),
    "poe": lambda command, context: expand_task(command, context.files.tree, "poe"),
    "pdm": lambda command, context: expand_task(command, context.files.tree, "pdm"),
    **dict.fromkeys(
        RUN_ALL,
        lambda command, context: expand_run_all(command, context.files.tree),
    ),
    **dict.fromkeys(
        PACKAGE_MANAGERS,
        lambda command, context: expand_package_script(command, context.files.tree),
    ),
}
