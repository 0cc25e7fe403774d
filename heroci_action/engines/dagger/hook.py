"""The project's own function over the base container: found in its repository, called, its container taken over."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import dagger

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.dagger.execution import first_line
from heroci_action.engines.dagger.session import DaggerSession
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.errors import EngineError

REMEDY = (
    "`hook` names a function that takes a dagger.Container and returns one, also as a coroutine"
)


Function = Callable[..., object]
"""Takes the base container, and the client where it has two parameters; returns a container or an awaitable of one."""


class HookError(Exception):
    """The hook is not what it should be; the project is to blame. `trace` says where in it."""

    def __init__(self, message: str, trace: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.trace = tuple(trace)


async def customise(session: DaggerSession, function: str, sink: Sink) -> StepOutcome:
    """Let the function change the base environment; whatever it raises fails the step."""
    if session.environment is None:
        raise EngineError(
            "the base environment has not been built", remedy="do not skip the stage 'base'"
        )
    output = Output(sink)
    try:
        with session.connection.telemetry.observed(output) as seen:
            with _importing_from(session.engine.root):
                changed = await _changed(session, _found(session.engine.root, function))
            session.environment = await session.connection.ask(changed.sync())
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        return _failed(
            f"a command of the hook ended with exit code {error.exit_code}", error.exit_code
        )
    except dagger.QueryError as error:
        return _failed(f"the container of the hook cannot be made: {first_line(error)}")
    except HookError as error:
        for line in "".join(error.trace).splitlines():
            sink(Stream.STDERR, line)
        return _failed(str(error))
    return StepOutcome(exit_code=0, cached=not session.connection.telemetry.executed(seen))


async def _changed(session: DaggerSession, function: Function) -> dagger.Container:
    wants_client = len(inspect.signature(function).parameters) > 1
    try:
        more = (session.client,) if wants_client else ()
        found = function(session.environment, *more)
        if inspect.isawaitable(found):
            found = await found
    except (dagger.QueryError, EngineError):
        raise
    except Exception as error:
        raise HookError(
            f"the hook raised {type(error).__name__}: {error}", traceback.format_exception(error)
        ) from error
    if not isinstance(found, dagger.Container):
        raise HookError(f"the hook returned {type(found).__name__}, not a dagger.Container")
    return found


def _failed(cause: str, exit_code: int = 1) -> StepOutcome:
    return StepOutcome(exit_code=exit_code, cause=cause, remedy=REMEDY)


def _found(root: Path, function: str) -> Function:
    """The function that `module:function` or `file.py:function` names, in the repository and nowhere else."""
    place, _, name = function.rpartition(":")
    try:
        module = _from_file(root / place) if place.endswith(".py") else _from_module(root, place)
    except HookError:
        raise
    except Exception as error:
        raise HookError(
            f"the hook {place!r} cannot be imported: {error}", traceback.format_exception(error)
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise HookError(f"there is no function {name!r} in {place!r}")
    checked: Function = found
    return checked


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise HookError(f"there is no file {str(path)!r}")
    spec = importlib.util.spec_from_file_location(f"heroci_hook_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise HookError(f"{str(path)!r} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _from_module(root: Path, name: str) -> ModuleType:
    module = importlib.import_module(name)
    if not _lies_in(root, module):
        raise HookError(f"the module {name!r} is none of this repository: {module}")
    return module


@contextmanager
def _importing_from(root: Path) -> Iterator[None]:
    """Imports see the repository behind all that is installed; nothing of it is left afterwards, or in the checkout."""
    bytecode, known = sys.dont_write_bytecode, set(sys.modules)
    sys.dont_write_bytecode = True
    sys.path.append(str(root))
    try:
        importlib.invalidate_caches()
        yield
    finally:
        sys.path.remove(str(root))
        sys.dont_write_bytecode = bytecode
        for name in set(sys.modules) - known:
            if _lies_in(root, sys.modules[name]):
                del sys.modules[name]


def _lies_in(root: Path, module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).resolve().is_relative_to(root.resolve())
