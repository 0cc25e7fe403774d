"""Find the program that a command line starts, without its launchers.

`timeout 900 poetry run coverage run -m pytest -q` calls pytest; the launchers only wrap it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from heroci_action.detection.ci.behind_variables import PYTHON, find_behind_variable
from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.docker_calls import compose, docker
from heroci_action.detection.ci.interpreter import WARNINGS, Interpreter
from heroci_action.detection.ci.records import UNKNOWN, Call

# `DEBUG=1`
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=(?!=).*", re.DOTALL)


def parse_call(words: tuple[str, ...]) -> Call:
    """Return the call that a command line comes down to."""
    call = Call(arguments=words)
    # A variable before a name is a separate step.
    for _ in range(2 * len(words)):
        step = _step(call)
        if step is None:
            break
        call = step
    return call


def _step(call: Call) -> Call | None:
    """Take one launcher off; None if the first word is the program itself."""
    if call.program or call.script is not None or not call.arguments:
        return None
    first, *rest = call.arguments
    if _ASSIGNMENT.fullmatch(first):
        name, _, value = first.partition("=")
        known = {} if UNKNOWN in value else {name: value}
        return replace(call, arguments=tuple(rest), env={**call.env, **known})
    if UNKNOWN in first and (words := find_behind_variable(first, rest)):
        return replace(call, arguments=words, launchers=(*call.launchers, UNKNOWN))
    name = first.rpartition("/")[2].partition("@")[0]
    # `$PYTHON -m pytest`
    if PYTHON.fullmatch(name) or (first == UNKNOWN and rest[:1] == ["-m"]):
        return _python(call, rest)
    launch = _LAUNCHERS.get(name)
    launched = launch(call, rest) if launch else _wrapped(call, name, rest)
    if launched is None:
        return replace(call, program=first, arguments=tuple(rest))
    return replace(launched, launchers=(*call.launchers, name))


def _wrapped(call: Call, name: str, rest: list[str]) -> Call | None:
    """Take off a program that is not known, but starts another: `sfw uv run pytest`, `chronic python -m pytest`."""
    starts = _STARTS.match(" ".join(rest[:2])) is not None
    return replace(call, arguments=tuple(rest)) if starts and name not in _PRINTING else None


_STARTS = re.compile(r"(uv|poetry|pdm|pipenv|hatch|rye|pixi) run$|python[\d.]* (-m$|\S+\.py$)")
_PRINTING = frozenset({"echo", "printf", "which", "type", "alias", "man", "#"})
_MODULE = ("-m", "--module")


def _python(call: Call, words: list[str]) -> Call | None:
    """Take Python off, with its options as variables: HeroCI starts Python itself."""
    found = Interpreter.read(words, call.env.get(WARNINGS))
    call = replace(call, env={**call.env, **dict(found.env)}, lost=(*call.lost, *found.lost))
    run = list(found.words)
    return _run_python(call, run, module=found.module) if run else _interpreter(call, words)


def _interpreter(call: Call, words: list[str]) -> Call:
    return replace(call, program="python", python=True, arguments=tuple(words))


def _run_python(call: Call, words: list[str], *, module: bool) -> Call | None:
    """Return the call of Python code; `python -m coverage run …` is a launcher itself."""
    name, *rest = words
    # `python -m pylint.__main__`
    name = name.removesuffix(".__main__") if module else name
    if module and name in _MODULES:
        launched = _LAUNCHERS[name](call, rest)
        if launched is not None:
            return replace(launched, launchers=(*call.launchers, name))
    return replace(call, program=name, arguments=tuple(rest), python=True, module=module)


_MODULES = frozenset({"coverage", "poetry", "pipenv", "pdm", "hatch", "uv", "pipx", "dotenv"})

Launcher = Callable[[Call, list[str]], Call | None]


def _node(call: Call, words: list[str]) -> Call | None:
    """Take node off before a program of a package: `node node_modules/jest/bin/jest.js`."""
    own = tuple(itertools.dropwhile(lambda word: word.startswith("-"), words))
    return replace(call, arguments=own) if own and "node_modules/" in own[0] else None


def _plain(*valued: str, positional: int = 0) -> Launcher:
    """Return a launcher that takes options and own words: `timeout -k 5 900 CMD`, or only numbers: `retry 3 CMD`."""

    def launch(call: Call, words: list[str]) -> Call | None:
        own = Options.lead(words, valued).words[positional:]
        rest = tuple(itertools.dropwhile(str.isdecimal, own))
        return replace(call, arguments=rest) if rest else None

    return launch


def _tool(*commands: str, valued: tuple[str, ...] = ()) -> Launcher:
    """Return a launcher with a subcommand: `poetry run CMD`. Other calls of the tool start no command."""

    def launch(call: Call, words: list[str]) -> Call | None:
        before = Options.lead(words, ("--directory", "--project", "-C", "-P", "--config"))
        if not before.words or before.words[0] not in commands:
            return None
        inner = Options.lead(before.words[1:], valued, last=_MODULE)
        directory = inner.value("--directory", "-C") or before.value("--directory", "-C")
        files = inner.values("--env-file")
        found = replace(
            call,
            arguments=inner.words,
            directory=directory or call.directory,
            env_files=(*call.env_files, *files),
        )
        if module := inner.value(*_MODULE):
            return _run_python(found, [module, *inner.words], module=True)
        return found if inner.words else None

    return launch


def _uv(call: Call, words: list[str]) -> Call | None:
    """`uv run CMD`, and `uv tool run CMD`, which is uvx."""
    if words[:2] == ["tool", "run"]:
        return _LAUNCHERS["uvx"](call, words[2:])
    return _tool("run", valued=_UV_VALUED)(call, words)


_ENV_FILE = ("-f", "--file", "--env-file")


def _dotenv(call: Call, words: list[str]) -> Call | None:
    """`dotenv -f FILE run -- CMD`, and `dotenv -e FILE -- CMD` of npm; without the option, the file is .env."""
    own = Options.lead(words, (*_ENV_FILE, "-e"))
    of_npm = own.values("-e")
    if own.words[:1] != ("run",) and not of_npm:
        return None
    inner = Options.lead(own.words if of_npm else own.words[1:], _ENV_FILE)
    files = of_npm or own.values(*_ENV_FILE) or inner.values(*_ENV_FILE) or (".env",)
    return _with_files(call, files, inner.words)


def _env_cmd(call: Call, words: list[str]) -> Call | None:
    """`env-cmd -f FILE CMD`; without the option, the file is .env."""
    own = Options.lead(words, _ENV_FILE)
    files = own.values(*_ENV_FILE) or (".env",)
    return _with_files(call, files, own.words)


def _with_files(call: Call, files: tuple[str, ...], words: tuple[str, ...]) -> Call | None:
    """Return the call of the words, with further files of variables; None if there are no words."""
    env_files = (*call.env_files, *files)
    return replace(call, arguments=words, env_files=env_files) if words else None


def _nix(call: Call, words: list[str]) -> Call | None:
    """`nix develop --command CMD`; other calls of Nix start no command that is known here."""
    options = ("-c", "--command")
    if words[:1] not in (["develop"], ["shell"]) or not set(options) & set(words):
        return None
    place = min(words.index(option) for option in options if option in words)
    return replace(call, arguments=tuple(words[place + 1 :])) if words[place + 1 :] else None


def _nix_shell(call: Call, words: list[str]) -> Call | None:
    """`nix-shell --run TEXT`."""
    text = Options.split(words, _NIX_VALUED).value("--run", "--command")
    return replace(call, script=text, arguments=()) if text else None


def _behind_dashes(call: Call, words: list[str]) -> Call | None:
    """`wait-for-it.sh db:5432 -t 30 -- CMD`."""
    rest = words[words.index("--") + 1 :] if "--" in words else []
    return replace(call, arguments=tuple(rest)) if rest else None


def _command(call: Call, words: list[str]) -> Call | None:
    """`command CMD`; with `-v`, it only asks where the program is."""
    return None if words[:1] in (["-v"], ["-V"]) else _plain()(call, words)


def _environment(call: Call, words: list[str]) -> Call | None:
    """`env -u NAME A=b CMD`; the loop takes the assignments."""
    rest = Options.lead(words, ("-u", "-C", "-S")).words
    return replace(call, arguments=rest) if rest else None


def _coverage(call: Call, words: list[str]) -> Call | None:
    if words[:1] != ["run"]:
        return None
    options = Options.lead(words[1:], _COVERAGE_VALUED, last=_MODULE)
    module = options.value(*_MODULE)
    words = [*filter(None, [module]), *options.words]
    return _run_python(call, words, module=bool(module)) if words else None


_COVERAGE_VALUED = (
    "--source", "--source-pkgs", "--rcfile", "--omit", "--include", "--data-file", "--concurrency", "--context",
    *_MODULE,
)  # fmt: skip


READS_ONLY = re.compile(r"-[a-z]*n[a-z]*")  # the option with which a shell checks only the syntax


def _shell(call: Call, words: list[str]) -> Call | None:
    """`bash -eo pipefail -c TEXT` and `bash FILE`; `bash -n FILE` runs nothing."""
    for index, word in enumerate(words):
        if READS_ONLY.fullmatch(word):
            return None
        if re.fullmatch(r"-\w*c", word) and index + 1 < len(words):
            return replace(call, script=words[index + 1], arguments=tuple(words[index + 2 :]))
        is_name = index and re.fullmatch(r"[-+]\w*[oO]", words[index - 1])
        if not word.startswith(("-", "+")) and not is_name:
            return replace(call, program=word, arguments=tuple(words[index + 1 :]))
    return None


def _script(call: Call, words: list[str]) -> Call | None:
    """`script -e -c TEXT`, `su - user -s /bin/sh -c TEXT`."""
    found = Options.split(words, _USER_VALUED).value("-c", "--command")
    return replace(call, script=found, arguments=()) if found else None


def _runuser(call: Call, words: list[str]) -> Call | None:
    """`runuser -u nobody -- CMD`; without `-u`, it takes a text, as su does."""
    own = Options.lead(words, _USER_VALUED)
    if not own.has("-u", "--user"):
        return _script(call, words)
    return replace(call, arguments=own.words) if own.words else None


def _corepack(call: Call, words: list[str]) -> Call | None:
    """`corepack pnpm install`."""
    named = words[:1] and words[0].partition("@")[0] in {"yarn", "pnpm", "npm"}
    return replace(call, arguments=tuple(words)) if named else None


def _circleci(call: Call, words: list[str]) -> Call | None:
    """`circleci tests run --command TEXT`: the text reads the names of its share of the tests."""
    text = Options.split(words, ("--command",)).value("--command")
    is_run = text and words[:2] == ["tests", "run"]
    return replace(call, script=text, arguments=()) if is_run else None


_UV_VALUED = (
    "-m", "--module", "--with", "--with-requirements", "--with-editable", "-p", "--python", "--group", "--only-group",
    "--no-group", "--extra", "--no-extra", "--project", "--directory", "--env-file", "--package", "--index",
    "--index-url", "--extra-index-url", "--resolution", "--from", "-c", "--constraints", "--refresh-package",
)  # fmt: skip
_NIX_VALUED = (
    "--run", "--command", "-p", "--packages", "-I", "--arg", "--argstr", "-A", "--attr", "-E", "--expr",
)  # fmt: skip
_CONDA_VALUED = ("-n", "--name", "-p", "--prefix", "--cwd")
_USER_VALUED = (
    "-c", "--command", "-s", "--shell", "-u", "--user", "-g", "--group", "-G", "--supp-group",
    "-w", "--whitelist-environment",
)  # fmt: skip
# The options of setpriv with a value, from its manual page.
_SETPRIV_VALUED = (
    "--reuid", "--regid", "--ruid", "--euid", "--rgid", "--egid", "--groups", "--inh-caps", "--ambient-caps",
    "--bounding-set", "--securebits", "--pdeathsig",
)  # fmt: skip
_DOCKERIZE_VALUED = (
    "-wait", "-timeout", "-wait-retry-interval", "-wait-http-header", "-template", "-stdout", "-stderr",
)  # fmt: skip
XARGS_VALUED = ("-n", "-P", "-I", "-L", "-d", "-a", "-s")

# Programs that wait for a server, or fetch secrets: `infisical run --env=ci -- CMD`.
_SEPARATED = (
    "wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "infisical", "aws-vault", "chamber", "teller",
    "berglas",
)  # fmt: skip

_LAUNCHERS: Mapping[str, Launcher] = {
    "uv": _uv,  # uv run --group test pytest
    "uvx": _plain(*_UV_VALUED),  # uvx --with tox-uv tox
    "poetry": _tool("run"),
    "pdm": _tool("run", valued=("-p", "--project", "-s", "--site-packages")),
    "pipenv": _tool("run"),
    "rye": _tool("run"),
    "pixi": _tool("run", valued=("-e", "--environment")),
    "npx": _plain("-p", "--package", "-c", "--call"),
    "bunx": _plain(),
    "node": _node,
    "corepack": _corepack,
    "pipx": _tool("run", valued=("--spec", "--python", "--pip-args", "--index-url")),
    **dict.fromkeys(("conda", "mamba", "micromamba"), _tool("run", valued=_CONDA_VALUED)),
    "mise": _tool("exec", "x"),
    **dict.fromkeys(("dotenv", "dotenvx"), _dotenv),
    "env-cmd": _env_cmd,
    "cross-env": _plain(),
    "nix": _nix,
    "nix-shell": _nix_shell,
    "op": _tool("run", valued=("--env-file",)),
    "honcho": _tool("run", valued=("-e", "--env")),
    "doppler": _tool("run", valued=("-p", "--project", "-c", "--config")),
    **dict.fromkeys(_SEPARATED, _behind_dashes),
    "env": _environment,
    "coverage": _coverage,
    "dockerize": _plain(*_DOCKERIZE_VALUED),
    "timeout": _plain("-k", "--kill-after", "-s", "--signal", positional=1),
    "xvfb-run": _plain(
        "-n", "--server-num", "-s", "--server-args", "-e", "--error-file", "-w", "--wait"
    ),
    "nice": _plain("-n", "--adjustment"),
    "ionice": _plain("-c", "-n"),
    "time": _plain("-f", "-o"),
    "sudo": _plain("-u", "--user", "-g", "--group"),
    **dict.fromkeys(("gosu", "su-exec", "setuidgid", "s6-setuidgid"), _plain(positional=1)),
    "chpst": _plain("-u", "-U", "-e", "-/"),
    "setpriv": _plain(*_SETPRIV_VALUED),
    "runuser": _runuser,
    "stdbuf": _plain("-i", "-o", "-e"),
    "exec": _plain("-a"),
    "command": _command,
    **dict.fromkeys(
        (
            "builtin",
            "nohup",
            "unbuffer",
            "dbus-run-session",
            "travis_retry",
            "travis_wait",
            "setsid",
            "chronic",
            "eatmydata",
            "fakeroot",
            "catchsegv",
        ),
        _plain(),
    ),
    "retry": _plain("-t", "-d", "-s"),
    "xargs": _plain(*XARGS_VALUED),
    "sh": _shell,
    "bash": _shell,
    "zsh": _shell,
    "dash": _shell,
    "script": _script,
    "su": _script,
    **dict.fromkeys(("circleci", "circleci-agent"), _circleci),
    **dict.fromkeys(("docker", "podman"), docker),
    **dict.fromkeys(("docker-compose", "podman-compose"), compose),
}
