"""The output of the few programs of a script whose output is known without running them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.detection.ci.shell.find import find_test
from heroci_action.detection.ci.shell.posix_patterns import in_python
from heroci_action.detection.ci.shell.sed import substitute
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.repository.files import join, parent

# `print("text")`
_PRINT = re.compile(r"""\s*print\((["'])([^"'\\{}]*)\1\)\s*""")
# `{print $2}`, `/^python/ { print $2 }`
_AWK = re.compile(r"\s*(?:/((?:\\.|[^/\\])*)/\s*)?\{\s*print\s+\$(\d+)\s*;?\s*\}\s*")
# The lines that a program reads from a pipe; None if it is the first one, or if they are not known.
Lines = list[str] | None
_Printer = Callable[[list[str], Lines, ShellState], Lines]


def output_of(commands: list[list[str]], state: ShellState) -> Lines:
    """Return the lines that a pipe of commands prints; None if they are not known."""
    # Read nothing for a pipe that ends unknown: `git ls-files | xargs sha1sum` may name thousands.
    if not all(_is_known(words) for words in commands):
        return None
    lines: Lines = None
    for words in commands:
        name, *arguments = _without_launchers(words)
        lines = _PRINTERS[_name_of(name)](arguments, lines, state)
        if lines is None:
            return None
    return lines


def _is_known(words: list[str]) -> bool:
    """Return whether a command is one whose output can be known; xargs is known by its program."""
    if UNKNOWN in "".join(words):
        return False
    name, *arguments = _without_launchers(words) or [""]
    if _name_of(name) == "xargs" and arguments:
        return _is_known(arguments)
    return _name_of(name) in _PRINTERS


def _name_of(program: str) -> str:
    return program.rpartition("/")[2]


def _without_launchers(words: list[str]) -> list[str]:
    """Return the program of `poetry run echo shop` and the like with its arguments."""
    call = parse_call(tuple(words))
    is_launched = call.launchers and not call.module and words[0] not in _PRINTERS
    return [call.program, *call.arguments] if is_launched else words


def _git(arguments: list[str], _: Lines, state: ShellState) -> Lines:
    match arguments:
        case ["rev-parse", "--show-toplevel"]:
            return [ROOT]
        case ["ls-files", *words] if {word for word in words if word.startswith("-")} <= {
            "-z",
            "--",
        }:
            patterns = [word.removeprefix("./") for word in words if not word.startswith("-")]
            return _find_files(state, lambda file: not patterns or _fits(file, patterns))
    return None


def _fits(file: str, patterns: list[str]) -> bool:
    """Return whether git's pattern, in which a star also matches slashes, names a file or its directory."""
    return any(
        fnmatch.fnmatchcase(file, pattern) or file.startswith(f"{pattern.rstrip('/')}/")
        for pattern in patterns
    )


def _find_files(state: ShellState, wanted: Callable[[str], bool]) -> list[str]:
    files = state.files.matching(".*", state.directory)
    return [file for file in files if wanted(file) and state.files.has(join(state.directory, file))]


def _ls(arguments: list[str], _: Lines, state: ShellState) -> Lines:
    """Read `ls requirements/*.txt`: the names of files, of which a pattern has become words; not of directories."""
    words = [word for word in arguments if word != "-1"]
    files = [state.locate(word) for word in words]
    return words if words and all(file and state.files.has(file) for file in files) else None


def _find(arguments: list[str], _: Lines, state: ShellState) -> Lines:
    """Read `find DIRECTORY… -name PATTERN ! -path PATTERN`; any other test is not known."""
    tests = (index for index, word in enumerate(arguments) if word[:1] in {"-", "!", "("})
    first = next(tests, len(arguments))
    places = [join(place) for place in arguments[:first]] or ["."]
    fits = find_test([word for word in arguments[first:] if word[:6] != "-print"])
    if fits is None:
        return None
    return _find_files(state, lambda file: _is_below(file, places) and fits(file))


def _is_below(file: str, places: list[str]) -> bool:
    """Return whether a file is in one of the directories."""
    return any(place == "." or file.startswith(f"{place}/") for place in places)


def _python(arguments: list[str], _: Lines, _state: ShellState) -> Lines:
    """Read `python -c 'print("text")'`."""
    match arguments:
        case ["-c", code]:
            match = _PRINT.fullmatch(code)
            return match[2].splitlines() if match else None
    return None


def _cat(arguments: list[str], lines: Lines, state: ShellState) -> Lines:
    if not arguments:
        return lines
    before = None if lines is None else "\n".join(lines)
    paths = [state.locate(argument) for argument in arguments]
    texts = [
        before if word == "-" else state.files.text(path) if path else None
        for word, path in zip(arguments, paths, strict=True)
    ]
    known = [text for text in texts if text is not None]
    return "\n".join(known).strip().splitlines() if len(known) == len(texts) else None


def _grep(arguments: list[str], lines: Lines, state: ShellState) -> Lines:
    options = Options.split(arguments, ())
    letters = set("".join(dict(options.named))) - {"-"}
    written, *files = options.words or ("",)
    pattern = in_python(written)
    if files:
        lines = _cat(files, None, state)
    if lines is None or pattern is None or not letters <= set("vEho"):
        return None
    try:
        if "o" in letters:
            return [match[0] for line in lines for match in re.finditer(pattern, line) if match[0]]
        return [line for line in lines if (re.search(pattern, line) is None) is ("v" in letters)]
    except re.error:
        return None


def _tr(arguments: list[str], lines: Lines, _: ShellState) -> Lines:
    r"""Read `tr '\n' ' '` before xargs, and `tr -d CHARACTERS`."""
    match arguments:
        case ["-d", characters] if lines is not None and re.fullmatch(r"[^\\\[-]+", characters):
            return [line.translate(dict.fromkeys(map(ord, characters))) for line in lines]
    return lines if "\\n" in "".join(arguments) else None


def _xargs(arguments: list[str], lines: Lines, state: ShellState) -> Lines:
    """Read `… | xargs dirname`, without options; without a program, xargs calls echo."""
    if lines is None:
        return None
    words = (word for line in lines for word in split_words(line))
    return output_of([[*(arguments or ["echo"]), *words]], state)


def _sed(arguments: list[str], lines: Lines, _: ShellState) -> Lines:
    options = Options.split(arguments, ("-e", "--expression"))
    scripts = options.values("-e", "--expression") or options.words
    text = None if lines is None else "\n".join(lines)
    for script in scripts:
        text = substitute(text, script, extended=options.has("-E", "-r"))
    return None if text is None else text.splitlines()


def _cut(arguments: list[str], lines: Lines, state: ShellState) -> Lines:
    """Read `cut -d CHARACTER -f NUMBER`, perhaps with files."""
    # The character may be `=`: `cut -d= -f1`.
    apart = ((word[:2], word[2:]) if re.match(r"-[df].", word) else (word,) for word in arguments)
    options = Options.split([part for parts in apart for part in parts], ("-d", "-f"))
    sign, number = options.value("-d") or "\t", options.value("-f") or ""
    lines = _cat(list(options.words), lines, state)
    if lines is None or not number.isdecimal():
        return None
    return [(line.split(sign)[int(number) - 1 : int(number)] or [""])[0] for line in lines]


def _awk(arguments: list[str], lines: Lines, state: ShellState) -> Lines:
    """Read `awk '{print $2}'`, perhaps with a separator, a pattern, and files."""
    apart = ((word[:2], word[2:]) if re.match(r"-F.", word) else (word,) for word in arguments)
    options = Options.split([part for parts in apart for part in parts], ("-F",))
    program, *files = options.words or ("",)
    match = _AWK.fullmatch(program)
    lines = _cat(files, lines, state)
    if lines is None or match is None:
        return None
    kept = _grep([match[1] or ""], lines, state) or []
    fields = ([line, *line.split(options.value("-F"))] for line in kept)
    return ["".join(parts[int(match[2]) :][:1]) for parts in fields]


def _printf(arguments: list[str], _: Lines, __: ShellState) -> Lines:
    match arguments:
        case ["%s\\n", *words]:
            return words
        case [form, *words] if form.count("%") == form.count("%s") == len(words):
            return (form.replace("\\n", "\n") % tuple(words)).splitlines()
    return None


_PRINTERS: Mapping[str, _Printer] = {
    "git": _git,
    "find": _find,
    "ls": _ls,
    "cat": _cat,
    "grep": _grep,
    "egrep": _grep,
    "xargs": _xargs,
    **dict.fromkeys(("python", "python3"), _python),
    "sort": lambda _, lines, __: sorted(lines) if lines is not None else None,
    "uniq": lambda _, lines, __: lines,
    "tr": _tr,
    "pwd": lambda _, __, state: [spell(state.directory)],
    "which": lambda arguments, _, __: arguments[-1:] or None,
    "command": lambda arguments, _, __: arguments[1:] if arguments[:1] == ["-v"] else None,
    "echo": lambda arguments, _, __: [" ".join(arguments)],
    "printf": _printf,
    "sed": _sed,
    "cut": _cut,
    "awk": _awk,
    "dirname": lambda arguments, _, __: [parent(arguments[-1])] if arguments else None,
    "basename": lambda arguments, _, __: (
        [arguments[0].rpartition("/")[2]] if len(arguments) == 1 else None
    ),
}
