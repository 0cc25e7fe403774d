"""The files that Python or JavaScript writes, judging by its code: in a line, or in a script of the repository."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.test_runs import is_django, program_file
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.sources.settings_includes import last_name
from heroci_action.repository.files import ancestors, parent

_CODE = frozenset({"-c", "-e", "--eval", "-p", "--print"})
# `python - <<'EOF'` with the lines after it
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n(.*?)\n\s*\2\s*$", re.DOTALL | re.MULTILINE)
_MAY_WRITE = re.compile(
    r"\bopen\(|write_?(text|bytes|file)|append_?file|WriteStream|\b(shutil|os)\.|inplace",
    re.IGNORECASE,
)
_WRITING = frozenset({"write_text", "write_bytes"})
# `shutil.copy(source, target)`, `os.replace(source, target)`
_PLACING = frozenset({"copy", "copy2", "copyfile", "copytree", "move", "rename", "replace"})
_OF_SYSTEM = frozenset({"os", "shutil", "io", "codecs"})
_MODULES = frozenset({"path", "osp", "pathlib"})
# Functions around a path that leave its last parts as they are.
_KEEPING = frozenset(
    {
        "Path", "PurePath", "join", "joinpath", "str", "abspath", "absolute", "realpath", "resolve", "normpath",
        "dirname", "expanduser",
    }
)  # fmt: skip
# `BASE_DIR / "version.txt"`
_ROOT = re.compile(r"__file__|_*(BASE|ROOT|PROJECT|REPO|HERE)\w*")
_MOST = 16  # values of one path
_DEPTH = 12  # of an expression with the values of its names
_IN_NODE = re.compile(
    r"\b(?:writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream)\(\s*"
    r"(?:(['\"`])(?P<path>[^'\"`]+)\1|(?P<name>\w+))"
)


def find_written(project: ProjectFiles, command: Command) -> Iterator[str]:
    """Yield the paths, from the repository's root, that the code of a line or of its script may write."""
    code, places = _code_of(command), [command.directory]
    script = None if code or is_django(command, project.tree) else _script(project, command)
    if script is not None:
        code = project.tree.text(script)
        places += ancestors(parent(script))
    if not code or not _MAY_WRITE.search(code):
        return
    of_node = command.call.name == "node"
    words = command.call.arguments
    names = _written_by_node(code) if of_node else _PythonCode.read(code, words).written()
    for name, place in itertools.product(dict.fromkeys(names), dict.fromkeys(places)):
        if path := locate(name, place):
            yield path


def code_of(command: Command) -> str | None:
    """Return the Python code in a line: `python -c CODE`, `python - <<EOF`."""
    return _code_of(command) if command.call.program == "python" else None


def _code_of(command: Command) -> str | None:
    call = command.call
    if call.program != "python" and call.name != "node":
        return None
    for option, code in itertools.pairwise(call.arguments):
        if option in _CODE:
            return code
    reads = all(word == "-" for word in call.arguments[:1])
    match = _HEREDOC.search(command.line) if reads else None
    return match[3] if match else None


def _script(project: ProjectFiles, command: Command) -> str | None:
    """Return the file of the repository with the code that a line runs."""
    if command.call.name == "node":
        words = (word for word in command.call.arguments if not word.startswith("-"))
        path = locate(next(words, ""), command.directory)
        return path if path and project.tree.has(path) else None
    path = program_file(command, project.tree)
    return path if path and path.endswith(".py") else None


def _written_by_node(code: str) -> Iterator[str]:
    for match in _IN_NODE.finditer(code):
        if match["path"]:
            yield match["path"]
        else:
            assigned = rf"\b{match['name']}\s*=[^;\n]*?(['\"`])([^'\"`]+)\1"
            yield from (found[2] for found in re.finditer(assigned, code))


@dataclass(frozen=True, slots=True, kw_only=True)
class _PythonCode:
    """Python code with the values of its names, and the arguments of its call."""

    nodes: tuple[ast.AST, ...] = ()
    arguments: tuple[str, ...] = ()
    names: Mapping[str, list[ast.expr]] = field(default_factory=dict)

    @classmethod
    def read(cls, code: str, arguments: tuple[str, ...]) -> _PythonCode:
        try:
            nodes = tuple(ast.walk(ast.parse(code)))
        except (SyntaxError, ValueError):
            return cls()
        names: dict[str, list[ast.expr]] = {}
        for node in nodes:
            for name, value in _assigned(node):
                names.setdefault(name, []).append(value)
        return cls(nodes=nodes, arguments=arguments, names=names)

    def written(self) -> Iterator[str]:
        """Yield the paths that calls in the code write."""
        for node in self.nodes:
            target = _target(node) if isinstance(node, ast.Call) else None
            if target is not None:
                yield from filter(None, self._values(target, _DEPTH))

    def _values(self, node: ast.expr, depth: int) -> set[str]:
        """Return the possible values of a path without the directory of the repository; none if it is not known."""
        if depth == 0:
            return set()
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.Name(id=name) | ast.Attribute(attr=name) if _ROOT.fullmatch(name):
                return {""}
            case ast.Name(id=name):
                return set().union(*(self._values(each, depth - 1) for each in self._named(name)))
            case ast.Subscript(value=ast.Attribute(attr="argv"), slice=ast.Constant(value=int(n))):
                return {*self.arguments[n - 1 : n]}
        parts, sign = _parts(node)
        values = [self._values(part, depth - 1) for part in parts]
        found = itertools.islice(itertools.product(*values), _MOST if parts else 0)
        return {sign.join(filter(None, each)).removeprefix("/") for each in found}

    def _named(self, name: str) -> list[ast.expr]:
        return self.names.get(name, [])[:_MOST]


def _parts(node: ast.expr) -> tuple[list[ast.expr], str]:
    """Return the parts of a path with the sign between them; none if something unknown makes it."""
    match node:
        case ast.JoinedStr(values=parts):
            return parts, ""
        case ast.FormattedValue(value=value) | ast.Attribute(attr="parent", value=value):
            return [value], ""
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right], ""
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return [left, right], "/"
        case ast.Call(func=function, args=parts) if last_name(function) in _KEEPING:
            return [*_owner(function), *parts], "/"
    return [], ""


def _owner(function: ast.expr) -> tuple[ast.expr, ...]:
    """Return the path whose method a function is; none for a function of `os.path`."""
    if not isinstance(function, ast.Attribute) or last_name(function.value) in _MODULES:
        return ()
    return (function.value,)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement gives a value, each with it; a loop gives its name several."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.For(target=ast.Name(id=name), iter=ast.List(elts=values) | ast.Tuple(elts=values)):
            yield from ((name, value) for value in values)


def _target(call: ast.Call) -> ast.expr | None:
    """Return the path that a call writes: `open(path, "w")`, `path.write_text(text)`, `shutil.copy(a, path)`."""
    function, name = call.func, last_name(call.func)
    owner = function.value if isinstance(function, ast.Attribute) else None
    of_system = isinstance(owner, ast.Name) and owner.id in _OF_SYSTEM
    match call.args:
        case [_, target, *_] if of_system and name in _PLACING:
            return target
        case [target, *_] if name in {"input", "FileInput"} and _changes_in_place(call):
            return target
    if owner is not None and name in _WRITING:
        return owner
    if name == "open":
        # `Path("a").open("w")` has the mode first.
        of_path = owner is not None and not of_system
        path = owner if of_path else next(iter(call.args), None)
        return path if _writes(call, 0 if of_path else 1) else None
    return None


def _writes(call: ast.Call, place: int) -> bool:
    modes = (*call.args[place : place + 1], *(k.value for k in call.keywords if k.arg == "mode"))
    texts = [str(mode.value) for mode in modes if isinstance(mode, ast.Constant)]
    return any(not set("wax+").isdisjoint(text) for text in texts)


def _changes_in_place(call: ast.Call) -> bool:
    named = (each.value for each in call.keywords if each.arg == "inplace")
    return any(isinstance(value, ast.Constant) and bool(value.value) for value in named)
