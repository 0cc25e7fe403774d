"""The project's own function for the base container: import it from the repository, call it, and use its result."""

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
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.errors import EngineError

_REMEDY = (
    "`hook` names a function, which may be async, that takes a dagger.Container and returns one"
)

Function = Callable[..., object]
"""Takes the base container, and the client if it has two parameters; returns a container or an awaitable of one."""


class HookError(Exception):
    """The project's hook is wrong. `trace` is the traceback."""

    def __init__(self, message: str, trace: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.trace = tuple(trace)


async def customise(resources: RunResources, function: str, sink: Sink) -> StepOutcome:
    """Pass the base environment through the function; any error that it raises fails the step."""
    base = resources.built_environment
    telemetry = resources.connection.telemetry
    output = Output(sink)
    try:
        with telemetry.observe(output, "hook") as span:
            with _importing_from(resources.settings.root):
                hook = _import_function(resources.settings.root, function)
                changed = await _call(hook, base, resources.client)
            resources.environment = await resources.connection.evaluate(changed)
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        return _failed(f"a command of the hook exited with code {error.exit_code}", error.exit_code)
    except dagger.QueryError as error:
        return _failed(f"the container of the hook cannot be built: {first_line(error)}")
    except HookError as error:
        for line in "".join(error.trace).splitlines():
            sink(Stream.STDERR, line)
        return _failed(str(error))
    return StepOutcome(exit_code=0, cached=not telemetry.executed(span))


async def _call(
    function: Function, base: dagger.Container, client: dagger.Client
) -> dagger.Container:
    wants_client = len(inspect.signature(function).parameters) > 1
    try:
        returned = function(base, client) if wants_client else function(base)
        if inspect.isawaitable(returned):
            returned = await returned
    except (dagger.QueryError, EngineError):
        raise
    except Exception as error:
        raise HookError(
            f"the hook raised {type(error).__name__}: {error}", traceback.format_exception(error)
        ) from error
    if not isinstance(returned, dagger.Container):
        raise HookError(f"the hook returned {type(returned).__name__}, not a dagger.Container")
    return returned


def _failed(cause: str, exit_code: int = 1) -> StepOutcome:
    return StepOutcome(exit_code=exit_code, cause=cause, remedy=_REMEDY)


def _import_function(root: Path, function: str) -> Function:
    """Return the function `module:function` or `file.py:function`, from the repository only."""
    module_name, _, name = function.rpartition(":")
    try:
        module = _import(root, module_name)
    except HookError:
        raise
    except Exception as error:
        raise HookError(
            f"the hook {module_name!r} cannot be imported: {error}",
            traceback.format_exception(error),
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise HookError(f"there is no function {name!r} in {module_name!r}")
    checked: Function = found
    return checked


def _import(root: Path, name: str) -> ModuleType:
    return _import_file(root / name) if name.endswith(".py") else _import_module(root, name)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise HookError(f"there is no file {str(path)!r}")
    spec = importlib.util.spec_from_file_location(f"heroci_hook_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise HookError(f"{str(path)!r} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _import_module(root: Path, name: str) -> ModuleType:
    module = importlib.import_module(name)
    if not _is_below(root, module):
        raise HookError(f"the module {name!r} does not belong to this repository: {module}")
    return module


@contextmanager
def _importing_from(root: Path) -> Iterator[None]:
    """Let imports find the repository after everything installed; leave no trace in HeroCI or in the checkout."""
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
            if _is_below(root, sys.modules[name]):
                del sys.modules[name]


def _is_below(root: Path, module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).resolve().is_relative_to(root.resolve())
