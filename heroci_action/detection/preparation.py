"""What the suite's job does before its tests: the part that HeroCI repeats, and the rest with the reason."""

from __future__ import annotations

import os.path
import re
import shlex
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN, Command, LeftOut
from heroci_action.detection.ci.test_runs import find_test_run, is_django
from heroci_action.detection.project_files import ProjectFiles, once

# Programs by what they do, with the reason to leave their lines out.
_REASONS: Mapping[str, tuple[str, ...]] = {
    "HeroCI installs the dependencies": (
        "pip", "pip3", "pip-sync", "pipx", "uv", "poetry", "pdm", "pipenv", "conda", "mamba", "micromamba", "hatch",
        "virtualenv", "venv", "ensurepip", "rye", "pixi", "easy_install", "pip-compile", "corepack",
    ),
    "HeroCI installs the system packages": (
        "apt-get", "apt", "apk", "yum", "dnf", "brew", "dpkg", "locale-gen", "snap",
    ),
    "it controls services of the machine": (
        "service", "systemctl", "docker", "docker-compose", "podman", "kubectl", "helm", "pg_ctlcluster", "pg_ctl",
        "initdb", "supervisorctl", "vagrant", "minikube", "colima",
    ),
    "it works on a server": (
        "psql", "createdb", "dropdb", "createuser", "pg_isready", "pg_restore", "mysql", "mysqladmin", "mysqld",
        "redis-cli", "redis-server", "mongo", "mongosh", "rabbitmqctl", "rabbitmqadmin", "dockerize", "wait-for-it",
        "wait-for-it.sh", "wait-for-it.py", "wait4x", "nc", "memcached",
    ),
    "it needs the network": (
        "git", "curl", "wget", "ssh", "scp", "rsync", "gh", "aws", "gcloud", "az", "codecov", "coveralls",
        "sonar-scanner", "heroku", "fly", "flyctl", "doppler", "op", "vault", "sentry-cli", "twine", "gsutil", "hub",
        "ssh-keyscan",
    ),
    "it removes or moves files": ("rm", "rmdir", "mv", "shred", "truncate"),
    "it only prints": (
        "echo", "printf", "cat", "ls", "pwd", "env", "printenv", "date", "which", "whoami", "uname", "tree", "head",
        "tail", "grep", "find", "wc", "df", "free", "nproc", "id", "test", "hostname", "lsb_release", "stat", "du",
    ),
    "it only waits": ("sleep", "wait"),
    "it is a check of its own": (
        "black", "isort", "flake8", "pflake8", "ruff", "mypy", "pylint", "pre-commit", "prek", "bandit", "safety",
        "pip-audit", "djlint", "curlylint", "eslint", "stylelint", "prettier", "vulture", "pyright", "codespell",
        "yamllint", "shellcheck", "hadolint", "coverage", "twine", "check-manifest", "pydocstyle", "pycodestyle",
        "pyflakes", "interrogate", "deptry", "vale", "markdownlint", "tsc", "jest", "vitest", "cypress", "playwright",
    ),
    "it changes the machine": (
        "sysctl", "update-locale", "chown", "ulimit", "mount", "modprobe", "adduser", "useradd", "kill", "pkill",
    ),
}  # fmt: skip
# Reasons of lines that the tests do not need.
_HARMLESS = frozenset(
    {
        "HeroCI installs the dependencies",
        "HeroCI installs the system packages",
        "it only prints",
        "it only waits",
        "it is a check of its own",
    }
)
_REASON_OF = {program: reason for reason, programs in _REASONS.items() for program in programs}
# Commands of Django that are no preparation: they work on the database or a server, or check and print.
_DJANGO_REASONS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "migrate",
            "loaddata",
            "flush",
            "createsuperuser",
            "dbshell",
            "createcachetable",
            "sqlflush",
            "reset_db",
        ),
        "it works on the database",
    ),
    **dict.fromkeys(
        ("runserver", "runserver_plus", "shell", "shell_plus", "testserver"),
        "it does not end by itself",
    ),
    **dict.fromkeys(
        (
            "check",
            "makemigrations",
            "showmigrations",
            "diffsettings",
            "help",
            "version",
            "sqlmigrate",
            "makemessages",
        ),
        "it is a check of its own",
    ),
}
_WAITING = re.compile(r"wait[_-]?for|wait_")
# Programs that only write files in the checkout.
_GENERATORS = frozenset(
    {
        "openssl",
        "protoc",
        "msgfmt",
        "pybabel",
        "sass",
        "sassc",
        "envsubst",
        "unzip",
        "tar",
        "gunzip",
        "bower",
        "lessc",
        "tailwindcss",
    }
)
_PACKAGE_MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun", "npx"})
_PACKAGE_CHECKS = re.compile(
    r"test\S*|t|lint\S*|\S*:check|check\S*|start|dev|serve|audit|format\S*|prettier|e2e\S*|tsc|publish"
)
_FILE_PROGRAMS = frozenset({"cp", "touch", "ln", "install", "tee", "echo", "printf", "cat", "sed"})


@once
def preparation(project: ProjectFiles) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    """Return the shell lines that run before the tests, and the lines of the suite's job that are left out."""
    kept: dict[str, None] = {}
    left_out: list[LeftOut] = []
    for command in _before_tests(project):
        outcome = _Line(project, command).outcome()
        if isinstance(outcome, LeftOut):
            left_out.append(outcome)
        else:
            kept[outcome] = None
    return tuple(kept), tuple(dict.fromkeys(left_out))


def _before_tests(project: ProjectFiles) -> Iterator[Command]:
    """Yield the commands in front of the first test run; a task of npm stands for what it runs."""
    previous: Command | None = None
    for command in project.commands:
        if find_test_run(command, project.tree):
            return
        task = next(
            (outer for outer in command.via if outer.call.name in _PACKAGE_MANAGERS), command
        )
        # Commands of one pipeline share their line.
        if task is not previous and not (command.piped and previous and previous.line == task.line):
            yield task
        previous = task


class _Line:
    """A line of the suite's job in front of its tests."""

    def __init__(self, project: ProjectFiles, command: Command) -> None:
        self.project = project
        self.command = command
        self.call = command.call

    def outcome(self) -> str | LeftOut:
        """Return the line as a step of the plan, or the reason to leave it out."""
        reason = self._reason() or self._obstacle()
        if reason is None:
            return self._in_directory(self._text())
        line = self.command.line.replace(UNKNOWN, "…")
        return LeftOut(
            line=line,
            source=self.command.source,
            reason=reason,
            harmless=reason in _HARMLESS,
        )

    def _reason(self) -> str | None:
        """Return why a line of this kind is no preparation."""
        name = self.call.name
        if is_django(self.command, self.project.tree):
            return self._django_reason()
        if name in _PACKAGE_MANAGERS:
            return self._package_reason()
        if self.command.writes and name in _FILE_PROGRAMS:
            return self._file_reason()
        if name in _REASON_OF:
            return _REASON_OF[name]
        if "sudo" in self.call.launchers:
            return "it needs root"
        known = name in _GENERATORS or (name == "mkdir" and self._paths())
        return None if known else "it is not known to change only the checkout"

    def _django_reason(self) -> str | None:
        name = next((word for word in self.call.arguments if not word.startswith("-")), "help")
        if _WAITING.search(name):
            return "it works on a server"
        return _DJANGO_REASONS.get(name)

    def _package_reason(self) -> str | None:
        """Return why a line of npm and its like builds nothing."""
        words = [word for word in self.call.arguments if not word.startswith("-")]
        options = {"--prefix", "-C", "--cwd", "--dir"}
        for option in options & set(self.call.arguments):
            value = self.call.arguments[self.call.arguments.index(option) + 1 :][:1]
            words = [word for word in words if word not in value]
        task = next(
            (word for word in words if word not in {"run", "run-script", "exec"}), "install"
        )
        return "it is a check of its own" if _PACKAGE_CHECKS.fullmatch(task) else None

    def _file_reason(self) -> str | None:
        for write in self.command.writes:
            if self.project.tree.has(write.path) and write.path not in self.project.tree.created:
                return f"it changes {write.path}, which git tracks"
        return None

    def _paths(self) -> list[str]:
        words = [word for word in self.call.arguments if not word.startswith("-")]
        found = [locate(word, self.command.directory) for word in words]
        return [path for path in found if path is not None] if None not in found else []

    def _obstacle(self) -> str | None:
        """Return why this line cannot be repeated, although it prepares the tests."""
        if self.command.background:
            return "it does not end by itself"
        if UNKNOWN in self.command.line or self.command.directory.startswith("/"):
            return "it contains a value that only the CI knows"
        if self.command.conditional:
            return "it runs only under a condition"
        return None

    def _text(self) -> str:
        """Return the line without launchers; HeroCI's own environment is active."""
        if self.call.name == "mkdir" and not self.command.writes:
            words = [word for word in self.call.arguments if word not in {"-p", "--parents"}]
            return shlex.join(["mkdir", "-p", *words])
        program = self._program()
        if program is None:
            return self.command.line
        if not self.command.writes and not self.command.piped:
            return shlex.join([*program, *self.call.arguments])
        start = self.command.line.find(self.call.program)
        return f"{shlex.join(program)}{self.command.line[start + len(self.call.program):]}"

    def _program(self) -> list[str] | None:
        """Return how HeroCI starts a program of Python."""
        manage = self.project.layout.manage
        if is_django(self.command, self.project.tree) and manage:
            return ["python", os.path.relpath(manage, self._place()).replace(os.sep, "/")]
        if self.call.python:
            return (
                ["python", "-m", self.call.program]
                if self.call.module
                else ["python", self.call.program]
            )
        return [self.call.program] if self.call.launchers else None

    def _place(self) -> str:
        """Return the directory where the line runs; Django's commands run in the working directory."""
        here = self.project.layout.directory
        return here if is_django(self.command, self.project.tree) else self.command.directory

    def _in_directory(self, text: str) -> str:
        place = os.path.relpath(self._place(), self.project.layout.directory).replace(os.sep, "/")
        line = f"{self._variables()}{text}"
        return line if place == "." else f"cd {shlex.quote(place)} && {line}"

    def _variables(self) -> str:
        """Return the variables that only this line gets, such as NODE_ENV of a step."""
        suite = self.project.ci.env
        own = {
            name: value
            for name, value in self.command.env.items()
            if suite.get(name) != value and not self.project.ci.is_predefined(name, value)
        }
        return "".join(f"{name}={shlex.quote(value)} " for name, value in own.items())
