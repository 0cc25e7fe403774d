"""The shell's own commands that change its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.shell.outputs import Lines
from heroci_action.detection.ci.shell.state import ShellState


def _cd(arguments: list[str], state: ShellState) -> None:
    targets = [argument for argument in arguments if not argument.startswith("--")]
    state.enter(targets[0] if targets else "~")


def _popd(_: list[str], state: ShellState) -> None:
    state.enter("-")


def _set(arguments: list[str], state: ShellState) -> None:
    """Apply `set -a`, or replace the arguments of the script: `set -- "${POSITIONAL[@]}"`."""
    if "--" in arguments:
        place = arguments.index("--")
        state.arguments = tuple(arguments[place + 1 :])
        arguments = arguments[:place]
    for index, argument in enumerate(arguments):
        named = index > 0 and arguments[index - 1][-1:] == "o"
        sign, letters = (arguments[index - 1] if named else argument)[:1], argument[1:]
        if sign not in {"-", "+"} or letters[:1] == "-":
            continue
        if argument == "allexport" if named else "a" in letters:
            state.export_all = sign == "-"
        if argument == "errexit" if named else "e" in letters:
            state.goes_on = sign == "+"


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


def _alias(arguments: list[str], state: ShellState) -> None:
    for argument in arguments:
        name, sign, text = argument.partition("=")
        if sign:
            state.aliases[name] = text


def _shift(arguments: list[str], state: ShellState) -> None:
    count = int(arguments[0]) if arguments and arguments[0].isdigit() else 1
    state.arguments = state.arguments[count:]


# The options with a value.
_READ_VALUED = ("-d", "-i", "-n", "-N", "-p", "-t", "-u")
_MAPFILE_VALUED = ("-d", "-n", "-O", "-s", "-u", "-C", "-c")


def read_names(words: list[str]) -> tuple[str, ...]:
    """Return the variables that `read -r A B` or `mapfile -t LINES` sets; none for any other command."""
    match words:
        case ["read" | "mapfile" | "readarray" as program, *rest]:
            reads = program == "read"
            valued, usual = (_READ_VALUED, "REPLY") if reads else (_MAPFILE_VALUED, "MAPFILE")
            return Options.split(rest, valued).words or (usual,)
    return ()


def assign_fields(names: tuple[str, ...], line: str) -> dict[str, str]:
    """Return the words of a line by name; the last name takes the rest."""
    words = line.split(None, max(len(names) - 1, 0))
    return dict(zip(names, [*words, *[""] * len(names)], strict=False))


def read_lines(words: list[str], lines: Lines, state: ShellState) -> None:
    """Assign what `read` and `mapfile` read."""
    names = read_names(words)
    if words[0] != "read":
        state.assign_array(names[-1], tuple(lines or (UNKNOWN,)))
        return
    found = assign_fields(names, lines[0]) if lines else dict.fromkeys(names, UNKNOWN)
    for name, value in found.items():
        state.assign(name, value)


def _break(_: list[str], state: ShellState) -> None:
    """End a loop that is followed pass by pass; after any other loop, the script continues."""
    state.broken = state.ended = state.in_loop


def _trap(arguments: list[str], state: ShellState) -> None:
    """Note what runs when the script ends: `trap "docker compose down" EXIT`; `-` takes it back, and `-p` shows it."""
    text, *signals = [argument for argument in arguments if argument != "--"] or [""]
    if {"EXIT", "0"}.intersection(signals) and text not in {"-p", "-l"}:
        # The trap of a branch that may not be taken is one more.
        state.traps[:] = [*(state.traps if state.conditions else ()), *({text} - {"-"})]


def _end(_: list[str], state: ShellState) -> None:
    state.ended = True


def _nothing(*_: object) -> None:
    pass


# Commands whose effects are not followed.
_WITHOUT_EFFECT = (
    ":", "true", "continue", "wait", "shopt", "ulimit", "umask", "hash",
)  # fmt: skip
BUILTINS: Mapping[str, Callable[[list[str], ShellState], None]] = {
    "cd": _cd,
    "pushd": _cd,
    "popd": _popd,
    "set": _set,
    "unset": _unset,
    "export": _export,
    "alias": _alias,
    "shift": _shift,
    "break": _break,
    "exit": _end,
    "trap": _trap,
    "return": _end,
    **dict.fromkeys(_WITHOUT_EFFECT, _nothing),
}
