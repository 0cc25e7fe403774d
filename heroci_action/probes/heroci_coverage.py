"""Prepare coverage.py for a run in many processes, and combine their data into reports.

    python heroci_coverage.py RCFILE DATA_FILE                  before the tests
    python heroci_coverage.py RCFILE [--json FILE] [--xml FILE] [--contexts FILE]   after them

The first command reads the project's own settings and writes equivalent ones with HeroCI's additions; see the package's
docstring. Both run in the project's environment, with coverage 5 to 7.
"""

from __future__ import annotations

import argparse
import configparser
import importlib
import os
import re
import shlex
import sys
import sysconfig
from json import dump as dump_json
from json import load as load_json
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

import coverage
from heroci_record import relative  # type: ignore[import-not-found,unused-ignore]

# coverage.py uses strings for paths:
# ruff: noqa: PTH100, PTH103, PTH109, PTH110, PTH112, PTH118, PTH119, PTH120, PTH123

Sections = Dict[str, Mapping[str, Any]]

PTH_NAME = "heroci_coverage.pth"
PTH_TEXT = "import os; os.environ.get('COVERAGE_PROCESS_START') and __import__('coverage').process_startup()\n"
LIGHT_THREADS = {"eventlet", "gevent", "greenlet"}
VERSION = tuple(int(part) for part in re.findall(r"\d+", coverage.__version__)[:2])

# Settings that contain paths. coverage.py resolves them against the working directory, which is wrong for a process
# that was started elsewhere.
PATHS = {
    ("run", "source"),
    ("run", "source_dirs"),
    ("run", "omit"),
    ("run", "include"),
    ("report", "omit"),
    ("report", "include"),
}
REGEXES = re.compile(r"exclude_|partial_")

# A directory of installed modules, and the package or module in it.
INSTALLED = re.compile(
    r"(.*[/\\](?:site|dist)-packages|{})[/\\]([^/\\]+)".format(
        re.escape(os.path.dirname(os.__file__))
    )
)


# --- Reading the project's settings ----------------------------------------------------------------------------------


def read_project_settings(config: str | None = None) -> Sections:
    """Return the sections of the file that coverage.py itself would read here, with their values as written."""
    chosen = config or coverage.Coverage(config_file=True).config.config_file
    if not chosen or not os.path.exists(chosen):
        return {}
    return _from_toml(chosen) if chosen.endswith(".toml") else _from_ini(chosen)


def _from_ini(path: str) -> Sections:
    parser = _read_ini(path)
    shared = os.path.basename(path) in ("setup.cfg", "tox.ini")
    names = [name for name in parser.sections() if name.startswith("coverage:") or not shared]
    return {name.replace("coverage:", "", 1): dict(parser[name]) for name in names}


def _read_ini(path: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.read(path, encoding="utf-8")
    return parser


def _from_toml(path: str) -> Sections:
    data = _read_toml(path)
    tool = data.get("tool", {}).get("coverage", {})
    if not tool and os.path.basename(path) != "pyproject.toml":
        tool = data
    return {name: dict(section) for name, section in tool.items() if isinstance(section, dict)}


def _read_toml(path: str) -> dict[str, Any]:
    """Return the file's content; empty before Python 3.11 without tomli, as in coverage.py and pytest."""
    for name in ("tomllib", "tomli"):
        try:
            toml: Any = importlib.import_module(name)
        except ImportError:
            continue
        with open(path, "rb") as file:
            return dict(toml.load(file))
    return {}


# --- The project's settings for pytest-cov ---------------------------------------------------------------------------


def read_pytest_cov_options() -> argparse.Namespace:
    """Return `--cov`, `--cov-branch` and `--cov-config` from `addopts` and PYTEST_ADDOPTS."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--cov", action="append", nargs="?", const="", default=[])
    parser.add_argument("--cov-branch", action="store_true")
    parser.add_argument("--cov-config")
    words = [*_addopts(), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]
    return parser.parse_known_args(words)[0]


def _addopts() -> list[str]:
    for path, section in (
        ("pytest.ini", "pytest"),
        (".pytest.ini", "pytest"),
        ("pyproject.toml", ""),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        if os.path.exists(path):
            found = _addopts_in(path, section)
            if found is not None:
                return found
    return []


def _addopts_in(path: str, section: str) -> list[str] | None:
    """Return the options in a file; None if it does not configure pytest."""
    if path.endswith(".toml"):
        table = _read_toml(path).get("tool", {}).get("pytest", {})
        settings = table.get("ini_options", table) or None
    else:
        parser = _read_ini(path)
        settings = dict(parser[section]) if parser.has_section(section) else None
    if settings is None:
        return None
    value = settings.get("addopts", "")
    return shlex.split(value) if isinstance(value, str) else [str(word) for word in value]


# --- HeroCI's additions -----------------------------------------------------------------------------------------------


def with_additions(sections: Sections, data_file: str, cov: argparse.Namespace) -> Sections:
    """Return the project's settings with one data file per process, all kinds of processes, and no gate."""
    run = dict(sections.get("run", {}))
    report = dict(sections.get("report", {}))
    run.update(data_file=os.path.abspath(data_file), parallel="true")
    run["concurrency"] = _concurrency(_split_list(run.get("concurrency")))
    if VERSION >= (6, 4):
        run["sigterm"] = "true"  # a worker that is ended keeps its data
    if cov.cov_branch:
        run["branch"] = "true"
    if _may_monitor(run):
        run["core"] = "sysmon"
    run.update(_sources(run, cov))
    unnamed = list(_not_utf8("."))
    if unnamed:
        run["omit"] = [*_split_list(run.get("omit")), *unnamed]
    if os.environ.get("HEROCI_CONTEXTS"):  # the probes switch between the tests themselves
        run.pop("dynamic_context", None)
        run.pop("context", None)
    report.pop("fail_under", None)  # HeroCI has its own gate, and always needs the report
    report["ignore_errors"] = "true"  # a file that no longer exists must not prevent the report
    others = {name: values for name, values in sections.items() if name != "json"}
    return dict(others, run=run, report=report)


def _may_monitor(run: Mapping[str, Any], python: Tuple[int, ...] = sys.version_info[:2]) -> bool:
    """Return whether lines can be counted with sys.monitoring, which costs almost nothing.

    coverage.py itself chooses it on Python 3.14. Before, it cannot count branches.
    """
    chosen = "core" in run or "COVERAGE_CORE" in os.environ
    needs_tracer = "plugins" in run or "dynamic_context" in run or "HEROCI_CONTEXTS" in os.environ
    if chosen or needs_tracer or _is_set(run.get("branch")) or _is_set(run.get("timid")):
        return False
    threads = set(_split_list(run.get("concurrency"))) & LIGHT_THREADS
    return python == (3, 13) and VERSION >= (7, 10) and not threads


def _is_set(value: Any) -> bool:
    return str(value).strip().lower() in ("1", "true", "yes", "on")


def _sources(run: Mapping[str, Any], cov: argparse.Namespace) -> Dict[str, Any]:
    """Return the setting for the code to measure: from pytest-cov's options, else everything unless configured."""
    sources = [source for source in cov.cov if source]
    if sources:
        return {"source": sources}
    configured = any(run.get(key) for key in ("source", "source_pkgs", "source_dirs", "include"))
    return {} if configured else {"source": ["."]}


def _not_utf8(root: str) -> Iterable[str]:
    """Yield a pattern for each Python file whose name is not UTF-8: coverage.py would lose the files after it."""
    for directory, directories, files in os.walk(root):
        directories[:] = [name for name in directories if not name.startswith(".")]
        for name in files:
            path = os.path.join(directory, name)
            printable = path.encode("utf-8", "replace").decode("utf-8")
            if printable != path and name.endswith(".py"):
                sys.stderr.write(
                    "coverage: {} is left out: its name is not UTF-8\n".format(printable)
                )
                yield printable


def _concurrency(given: Iterable[str]) -> list[str]:
    wanted = [word for line in given for word in line.replace(",", " ").split()]
    ours = ["multiprocessing"] if LIGHT_THREADS & set(wanted) else ["multiprocessing", "thread"]
    return list(dict.fromkeys([*wanted, *ours]))


def _split_list(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value]
    return [part.strip() for part in re.split(r"[,\n]", str(value)) if part.strip()]


def _absolute(entry: str, *, source: bool) -> str:
    """Return the entry as an absolute path if coverage.py treats it as a path or pattern."""
    if entry.startswith(("*", "?", "$", "~", "/")) or (source and not os.path.isdir(entry)):
        return entry
    return os.path.join(os.getcwd(), entry) if entry != "." else os.getcwd()


# --- Writing ---------------------------------------------------------------------------------------------------------


def render(sections: Sections) -> str:
    """Return the settings in the INI format, which every version of coverage.py reads."""
    blocks = []
    for name, values in sections.items():
        lines = [_render_value(name, key, value) for key, value in values.items()]
        blocks.append("[{}]\n{}\n".format(name, "\n".join(lines)))
    return "\n".join(blocks)


def _render_value(section: str, key: str, value: Any) -> str:
    if (section, key) in PATHS:
        source = key.startswith("source")
        value = [_absolute(entry, source=source) for entry in _split_list(value)]
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, (list, tuple)):
        value = "\n" + "\n".join(_render_item(key, str(item)) for item in value)
    return "{} = {}".format(key, str(value).replace("\n", "\n    "))


def _render_item(key: str, item: str) -> str:
    """Return one line of a list; a regular expression that starts with `#` would be read as a comment."""
    return "\\" + item if REGEXES.match(key) and item.startswith(("#", ";")) else item


def prepare(rcfile: str, data_file: str) -> None:
    """Write the settings, and the hook that starts coverage in every Python process of this environment."""
    cov = read_pytest_cov_options()
    sections = with_additions(read_project_settings(cov.cov_config), data_file, cov)
    os.makedirs(os.path.dirname(os.path.abspath(data_file)), exist_ok=True)
    with open(rcfile, "w", encoding="utf-8") as file:
        file.write(render(sections))
    hook = os.path.join(sysconfig.get_path("purelib"), PTH_NAME)
    if not os.path.exists(hook):
        with open(hook, "w", encoding="utf-8") as file:
            file.write(PTH_TEXT)


def collect(
    rcfile: str, *, xml: Optional[str], json: Optional[str], contexts: Optional[str]
) -> None:
    """Combine the data of all processes into the requested reports."""
    measured = coverage.Coverage(config_file=rcfile)
    measured.combine()
    measured.save()
    _leave_out_installed(measured)
    if xml:
        measured.xml_report(outfile=xml)
    if json:
        measured.json_report(outfile=json)
        _keep_statements(measured, json)
    if contexts:
        _write_contexts(measured.get_data(), contexts)


def _leave_out_installed(measured: coverage.Coverage) -> None:
    """Leave out Python and installed packages, whose analysis takes longer than the tests.

    A package that was installed from the repository has its name there.
    """
    found = {
        match.groups()
        for match in map(INSTALLED.match, measured.get_data().measured_files())
        if match
    }
    own = _names_in_repository() if found else set()
    paths = [
        os.path.join(directory, name) for directory, name in found if name.split(".")[0] not in own
    ]
    omitted: List[str] = list(measured.get_option("report:omit") or ())  # type: ignore[arg-type,unused-ignore]
    measured.set_option(
        "report:omit", [*omitted, *paths, *(os.path.join(path, "*") for path in paths)]
    )


def _names_in_repository() -> Set[str]:
    """Return the names of all directories and modules, except environments."""
    found: Set[str] = set()
    for _, directories, files in os.walk(os.environ.get("HEROCI_ROOT") or "."):
        hidden = (".", "node_modules", "site-packages")
        directories[:] = [name for name in directories if not name.startswith(hidden)]
        found.update(directories, (name[:-3] for name in files if name.endswith(".py")))
    return found


def _write_contexts(data: Any, path: str) -> None:
    """Write the contexts of all lines: {"contexts": [...], "files": {file: [[lines, numbers of contexts]]}}."""
    labels = sorted(data.measured_contexts())
    numbers = {label: number for number, label in enumerate(labels)}
    files = {}
    for name in sorted(data.measured_files()):
        located = relative(name)
        if located is None:
            continue
        lines: Dict[Any, List[int]] = {}
        for line, names in data.contexts_by_lineno(name).items():
            lines.setdefault(tuple(sorted(numbers[label] for label in set(names))), []).append(line)
        files[located] = [[found, list(group)] for group, found in lines.items()]
    with open(path, "w", encoding="utf-8") as file:
        dump_json({"contexts": labels, "files": files}, file)


def _keep_statements(measured: coverage.Coverage, path: str) -> None:
    """Remove executed lines that are not statements: coverage.py lists them, but does not count them.

    Python 3.10 and older report that line 1 of an empty file ran.
    """
    with open(path, encoding="utf-8") as file:
        report = load_json(file)
    for name, entry in report["files"].items():
        if len(entry["executed_lines"]) != entry["summary"]["covered_lines"]:
            statements = set(measured.analysis2(name)[1])
            entry["executed_lines"] = [n for n in entry["executed_lines"] if n in statements]
    with open(path, "w", encoding="utf-8") as file:
        dump_json(report, file)


def main(arguments: List[str]) -> int:
    """Run the command line; return 0, or 1 after printing the reason."""
    parser = argparse.ArgumentParser(prog="heroci_coverage")
    parser.add_argument("rcfile")
    parser.add_argument("data_file", nargs="?")
    parser.add_argument("--json")
    parser.add_argument("--xml")
    parser.add_argument("--contexts")
    given = parser.parse_args(arguments)
    try:
        if given.data_file:
            prepare(given.rcfile, given.data_file)
        else:
            collect(given.rcfile, xml=given.xml, json=given.json, contexts=given.contexts)
    except (coverage.CoverageException, OSError, ValueError) as error:
        sys.stderr.write("coverage: {}\n".format(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
