"""The shell's own commands that change its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heroci_action.detection.ci.shell_state import ShellState


def _cd(arguments: list[str], state: ShellState) -> None:
    targets = [argument for argument in arguments if not argument.startswith("--")]
    state.enter(targets[0] if targets else "~")


def _popd(_: list[str], state: ShellState) -> None:
    state.enter("-")


def _set(arguments: list[str], state: ShellState) -> None:
    for index, argument in enumerate(arguments):
        if argument == "allexport" and index and arguments[index - 1] in {"-o", "+o"}:
            state.export_all = arguments[index - 1] == "-o"
        elif argument[:1] in {"-", "+"} and "a" in argument[1:] and argument[1:2] != "-":
            state.export_all = argument[0] == "-"


def _unset(arguments: list[str], state: ShellState) -> None:
    for name in arguments:
        state.env.pop(name, None)
        state.local.pop(name, None)


def _export(arguments: list[str], state: ShellState) -> None:
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if sign:
            state.assign(name, value, export=True)
        else:
            state.export(name)


def _shift(arguments: list[str], state: ShellState) -> None:
    count = int(arguments[0]) if arguments and arguments[0].isdigit() else 1
    state.arguments = state.arguments[count:]


def _end(_: list[str], state: ShellState) -> None:
    state.ended = True


def _nothing(*_: object) -> None:
    pass


# Commands whose effects are not followed.
_WITHOUT_EFFECT = (
    ":", "true", "break", "continue", "wait", "trap", "shopt", "ulimit", "umask", "hash", "alias", "read",
)  # fmt: skip
BUILTINS: Mapping[str, Callable[[list[str], ShellState], None]] = {
    "cd": _cd,
    "pushd": _cd,
    "popd": _popd,
    "set": _set,
    "unset": _unset,
    "export": _export,
    "shift": _shift,
    "exit": _end,
    "return": _end,
    **dict.fromkeys(_WITHOUT_EFFECT, _nothing),
}
