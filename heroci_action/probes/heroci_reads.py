"""Record the settings and arguments that the step `migrate` reads until its migrations are done.

A setting that nothing but Django has read by then may differ in the tests. Django's own reads count only during the
migrations; the settings from which it builds the schema are always compared (heroci_schema.py). The URLconf and its
views are not imported by then, unless an app imports them.
"""

# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415
# Only the calling frame knows who reads:
# ruff: noqa: SLF001

from __future__ import annotations

import builtins
import os
import sys
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional, Set

import heroci_schema  # type: ignore[import-not-found,unused-ignore]

STANDARD_LIBRARY = os.path.dirname(os.__file__)  # noqa: PTH120  pathlib would only cost time
# Their use of the settings is known or does not matter; `__main__` is manage.py.
EXEMPT = ("django", "psycopg", "psycopg2", "coverage", "__main__")


class Reads:
    """The settings that the migrations may depend on, and the reason if it may be any of them."""

    def __init__(self) -> None:
        self._settings: Set[str] = set()
        self._reason: Optional[str] = None
        # The settings' own modules, if they use the command line.
        self._asking: Set[str] = set()
        self._loading = self._migrating = False

    def describe(self) -> Dict[str, Any]:
        """Return the record for heroci_schema.differences."""
        return {"read": sorted(self._settings), "strict": self._reason}

    def watch(self) -> None:
        """Watch from now on. Call it before the settings are loaded."""
        from django.conf import LazySettings, Settings

        load = Settings.__init__

        def load_settings(settings: Any, module: str) -> None:
            self._asking.add(module)
            self._loading = True
            try:
                load(settings, module)
            finally:
                self._loading = False

        def get_setting(settings: Any, name: str) -> Any:
            if name.isupper():
                self._read(name)
            return object.__getattribute__(settings, name)

        sys.argv = watch_list(sys.argv, self._ask)
        Settings.__init__ = load_settings  # type: ignore[method-assign,unused-ignore]
        LazySettings.__getattribute__ = get_setting  # type: ignore[method-assign,unused-ignore]
        self._watch_imports()

    def _read(self, name: str) -> None:
        frame = sys._getframe(2)
        # Django itself reads DEBUG for each signal and statement; heroci_migrate.py watches the migrations.
        direct = name in heroci_schema.SET_BY_TESTS
        if (self._migrating and not direct) or _responsible(frame, direct=direct):
            self._settings.add(name)

    def _ask(self) -> None:
        module = _responsible(sys._getframe(2))
        if self._loading:
            self._asking.add(module)
        elif module:
            self._reason = self._reason or "{} uses sys.argv".format(module)

    def _watch_imports(self) -> None:
        original = builtins.__import__

        # The names are the same as in the original.
        def forward_import(
            name: str,
            globals: Any = None,  # noqa: A002
            locals: Any = None,  # noqa: A002
            fromlist: Any = (),
            level: int = 0,
        ) -> Any:
            found = original(name, globals, locals, fromlist, level)
            if not self._loading:
                base = getattr(found, "__name__", name) if fromlist else name
                self._see_imported(base, fromlist or (), str((globals or {}).get("__name__")))
            return found

        builtins.__import__ = forward_import

    def _see_imported(self, base: str, names: Any, importer: str) -> None:
        own = {base, *("{}.{}".format(base, each) for each in names)} & self._asking
        if own and importer not in self._asking and importer.split(".", 1)[0] not in EXEMPT:
            self._reason = self._reason or "{} imports {}".format(importer, min(own))

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Count every read, also Django's own."""
        self._migrating = True
        try:
            yield
        finally:
            self._migrating = False


def _responsible(frame: Any, *, direct: bool = False) -> str:
    """Return the module that reads, or (unless `direct`) lets Django or the standard library do it; empty if none does.

    What runs below Django's command line is Django's own.
    """
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        name = frame.f_code.co_name
        if not _is_exempt(module, frame.f_code.co_filename):
            return module
        if direct or (module == "django.core.management" and name == "execute_from_command_line"):
            return ""
        frame = frame.f_back
    return ""


def _is_exempt(module: str, file: str) -> bool:
    root = module.split(".", 1)[0]
    standard = file.startswith(STANDARD_LIBRARY) and "-packages" not in file
    return root in EXEMPT or root.startswith("heroci_") or standard or file.startswith("<frozen")


def watch_list(values: Any, notify: Callable[[], None]) -> Any:
    """Return a list that calls back whenever it is looked at."""

    def watched(method: Any) -> Any:
        def forward_look(self: Any, *args: Any) -> Any:
            notify()
            return method(self, *args)

        return forward_look

    names = ("__contains__", "__getitem__", "__iter__", "__len__", "__eq__", "index", "count")
    return type("Arguments", (list,), {name: watched(getattr(list, name)) for name in names})(
        values
    )
