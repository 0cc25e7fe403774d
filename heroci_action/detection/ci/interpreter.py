"""Options of the Python interpreter: `python -O -W error -m pytest` gives pytest two variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN

WARNINGS = "PYTHONWARNINGS"
_VALUED = ("-W", "-X", "-c", "-m", "--check-hash-based-pycs")
_CODE, _MODULE = "-c", "-m"
# Source: https://docs.python.org/3/using/cmdline.html, "Environment variables"
_X_VARIABLES = {
    "dev": "PYTHONDEVMODE",
    "utf8": "PYTHONUTF8",
    "faulthandler": "PYTHONFAULTHANDLER",
    "tracemalloc": "PYTHONTRACEMALLOC",
    "warn_default_encoding": "PYTHONWARNDEFAULTENCODING",
    "int_max_str_digits": "PYTHONINTMAXSTRDIGITS",
    "no_debug_ranges": "PYTHONNODEBUGRANGES",
    "cpu_count": "PYTHON_CPU_COUNT",
    "gil": "PYTHON_GIL",
}
# Bytes that are compared with texts, and the places of modules and variables that the interpreter ignores.
_WITHOUT_VARIABLE = frozenset("bEIP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A call of Python: what it runs, the variables that mean the same as its options, and the options without one.

    `words` are the module or file with its arguments; empty if it runs code of the call or of a pipe, or nothing.
    """

    words: tuple[str, ...] = ()
    module: bool = False
    env: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()

    @classmethod
    def read(cls, words: list[str], warnings: str | None) -> Interpreter:
        """Read the words after the name of Python; `warnings` are those that a variable of the call asks for."""
        options = Options.lead(words, _VALUED, last=(_CODE, _MODULE))
        module = options.value(_MODULE)
        runs = (*filter(None, [module]), *options.words)
        if options.has(_CODE) or runs[:1] == ("-",):
            runs = ()
        return cls(
            words=runs,
            module=module is not None,
            env=tuple(_variables(options, warnings)),
            lost=tuple(dict.fromkeys(_lost(options))),
        )


def _variables(options: Options, warnings: str | None) -> Iterator[tuple[str, str]]:
    asked = options.values("-W")
    if asked and not any(UNKNOWN in value for value in asked):
        yield WARNINGS, ",".join(filter(None, (warnings, *asked)))
    if level := sum(letters.count("O") for letters in _switches(options)):
        yield "PYTHONOPTIMIZE", str(level)
    for option in options.values("-X"):
        name, _, value = option.partition("=")
        if name in _X_VARIABLES and UNKNOWN not in value:
            yield _X_VARIABLES[name], value or "1"


def _lost(options: Options) -> Iterator[str]:
    for letters in _switches(options):
        yield from (f"-{letter}" for letter in letters if letter in _WITHOUT_VARIABLE)


def _switches(options: Options) -> Iterator[str]:
    """Yield the letters of the options without a value: `bO` of `-bO`."""
    yield from (name[1:] for name, _ in options.named if name not in _VALUED and name[1:2] != "-")
