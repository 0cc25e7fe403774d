"""Record every test of Django's test runner, next to whatever runner class the project has.

`manage.py test --testrunner heroci_django_runner.Runner` runs the project's own runner class: `Runner` *is* that class.
The recording is done by the hooks of `heroci_hooks`. See the package's docstring for the environment variables and the
format.
"""

# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415

from __future__ import annotations

import functools
import os
import unittest
from typing import Any, Optional

from heroci_contexts import hook_imports  # type: ignore[import-not-found,unused-ignore]
from heroci_hooks import (  # type: ignore[import-not-found,unused-ignore]
    hook_build,
    hook_fixtures,
    hook_run_tests,
    hook_suite,
    hook_test,
)
from heroci_parallel import hook_parallel_suite  # type: ignore[import-not-found,unused-ignore]
from heroci_recorder import Recorder  # type: ignore[import-not-found,unused-ignore]
from heroci_template import install as install_template  # type: ignore[import-not-found,unused-ignore]

_recorder: Optional[Recorder] = None


def install(*, worker: bool = False) -> None:
    """Install the hooks, once per process, if HEROCI_RECORD names a directory."""
    global _recorder  # noqa: PLW0603  there is one unittest and one Django in a process
    directory = os.environ.get("HEROCI_RECORD")
    if directory and _recorder is None:
        from django.test import SimpleTestCase
        from django.test.runner import DiscoverRunner

        _recorder = Recorder(directory)
        hook_test(_recorder, unittest.TestCase)
        hook_test(_recorder, SimpleTestCase)
        hook_fixtures(_recorder)
        hook_suite(_recorder)
        hook_parallel_suite(_recorder, _install_in_worker)
        hook_build(_recorder, DiscoverRunner)
        hook_run_tests(_recorder, DiscoverRunner)
        install_template(directory)
        hook_imports()
    if _recorder is not None:
        _recorder.enter_process(worker=worker)


def _install_in_worker() -> None:
    install(worker=True)


def __getattr__(name: str) -> Any:
    """Create `Runner` when Django asks for it, because its settings are known only then."""
    if name != "Runner":
        raise AttributeError(name)
    install()
    return _runner()


@functools.lru_cache(maxsize=None)  # Django asks twice: for its options, and to run
def _runner() -> Any:
    from django.test.runner import DiscoverRunner

    runner_class = _project_runner()
    if _recorder is not None:
        # The project's class may extend Django's methods.
        for name, hook in (("build_suite", hook_build), ("run_tests", hook_run_tests)):
            if getattr(runner_class, name, None) is not getattr(DiscoverRunner, name):
                hook(_recorder, runner_class)
    return runner_class


def _project_runner() -> Any:
    from django.conf import settings
    from django.utils.module_loading import import_string

    return import_string(os.environ.get("HEROCI_TEST_RUNNER") or settings.TEST_RUNNER)
