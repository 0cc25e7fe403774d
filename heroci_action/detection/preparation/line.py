"""A line before the tests: a step of the plan, or the reason to leave it out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import replace

from packaging.utils import canonicalize_name

from heroci_action.detection.ci.calls import READS_ONLY
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.formatters import only_formats
from heroci_action.detection.ci.left_out import (
    CHANGES,
    CHECKS,
    CONDITIONAL,
    ELSEWHERE,
    GIVEN,
    HARMLESS,
    INSTALLS,
    NETWORK,
    NO_TESTS,
    PLACING,
    PRINTS,
    SERVER,
    SERVICE,
    STAYS,
    WAITS,
    reason_by_arguments,
    reason_of_arguments,
    reason_of_code,
    reason_of_django,
    reason_of_package_manager,
    reason_of_program,
    reason_of_script,
)
from heroci_action.detection.ci.paths import is_outside, locate
from heroci_action.detection.ci.records import UNKNOWN, Command, LeftOut
from heroci_action.detection.ci.shell.pipes import SHELLS
from heroci_action.detection.ci.task_runners.package_scripts import (
    PACKAGE_MANAGERS,
    split_directory,
)
from heroci_action.detection.ci.test_runs import is_django, program_file, runs_nothing
from heroci_action.detection.preparation.code_writes import code_of
from heroci_action.detection.preparation.compared_files import COMPARING
from heroci_action.detection.preparation.needed_tables import NEEDS_TABLES, makes_all_migrations
from heroci_action.detection.preparation.rewriting import reason_of_output, reason_of_rewrite
from heroci_action.detection.preparation.steps import (
    FILE_PROGRAMS,
    NODE_LAUNCHERS,
    SYSTEM_PROGRAMS,
    TO_FILE,
    find_environments,
    program_name,
    write_step,
)
from heroci_action.detection.preparation.tasks import git_reason
from heroci_action.detection.preparation.tracked_files import (
    is_tracked,
    reason_of_mode,
    reason_of_write,
)
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import distributions, installed_by
from heroci_action.detection.requirements.files import distribution
from heroci_action.detection.settings.choice import choose_settings
from heroci_action.repository.files import ancestors

_OWN_PROGRAM = "it runs the program of a container's image"
_OUTSIDE = "it writes outside the checkout"
# Reasons of lines that only look whether something is there, if a loop repeats them.
_ASKING = frozenset({SERVER, NETWORK, PRINTS, CHECKS})
# Modules that print how Python was set up: `python -m site`.
_SHOWING = frozenset({"site", "sysconfig", "platform"})
# `ldap://users:1389/`
_URL = re.compile(r"\w[\w+.-]*://(?:[^/@]*@)?([\w.-]+)")
# `$BIN/python`, where only the CI knows BIN: a step runs the Python of HeroCI's environment.
_INTERPRETER = re.compile(rf"(?<!\S)[^\s=]*{UNKNOWN}[^\s=]*/python[\d.]*(?=\s)")
# `mv compose.yml compose.yml.orig`
_ASIDE = re.compile(r"(\.(bak|backup|old|orig|disabled|off|tmp)|~)$")
# `echo "-> Ready"` prints an arrow.
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")


def find_check(project: ProjectFiles, command: Command) -> str | None:
    """Return why a command is a check other than the tests; None if it is none."""
    reason = find_kind(project, command)
    return reason if reason in {CHECKS, ELSEWHERE} else None


def find_kind(project: ProjectFiles, command: Command) -> str | None:
    """Return why a command of its kind does not prepare the tests; None if it may."""
    return Line(project, command).kind()


def suggest_step(project: ProjectFiles, command: Command) -> str | None:
    """Return how a step of the plan would run a command; None if it cannot."""
    return Line(project, command).suggestion()


def leave_out(command: Command, reason: str) -> LeftOut:
    """Return a command as a line that the plan does not contain."""
    return LeftOut(
        line=command.shown,
        source=command.source,
        reason=reason,
        harmless=reason in HARMLESS,
    )


def _as_copy(project: ProjectFiles, command: Command) -> Command:
    """Return a line that moves a tracked file as a copy, which leaves the checkout as git knows it at a new place.

    `mv settings.example.py settings.py`, but not `mv pytest.ini pytest.ini.bak`, which matters by what is missing.
    """
    match command.words, command.writes:
        case ("mv", source, target), (_,):
            path = locate(source, command.directory)
            is_example = path is not None and is_tracked(project, path)
            if is_example and not _ASIDE.search(target):
                words = ("cp", source, target)
                call = replace(command.call, program="cp")
                return replace(command, words=words, line=shlex.join(words), call=call)
    return command


def _redirects(command: Command) -> bool:
    """Return whether a command writes a file, or would if it were in the checkout."""
    if command.call.name in PLACING | {"tee"}:
        return True
    return TO_FILE.search(_QUOTED.sub("", command.line)) is not None


@once
def _read_by_installers(project: ProjectFiles) -> frozenset[str]:
    """Return the paths that the job's installations name: lists of packages, which HeroCI reads itself."""
    installs = (
        each for each in project.commands if reason_of_program(program_name(each)) == INSTALLS
    )
    named = (locate(word, each.directory) for each in installs for word in each.call.arguments)
    return frozenset(filter(None, named))


@once
def _packages_of_machine(project: ProjectFiles) -> frozenset[str]:
    """Return the distributions that the job installs outside the container in which its tests run."""
    suite = project.ci.suite
    if suite is None or not all(run.command.is_contained for run in suite.runs):
        return frozenset()
    outside = [command for command in project.commands if not command.is_contained]
    return frozenset(map(distribution, installed_by(project, outside))) - distributions(project)


class Line:
    """A line of the suite's job before its tests, which may need the tables of the database."""

    def __init__(
        self, project: ProjectFiles, command: Command, *, needs_tables: bool = False
    ) -> None:
        self.project = project
        self.needs_tables = needs_tables
        self.written = command  # in the CI
        self.command = _as_copy(project, command)
        self.call = self.command.call

    def outcome(self) -> str | LeftOut:
        """Return the line as a step of the plan, or the reason to leave it out."""
        reason = self.kind() or self._obstacle()
        if reason is None:
            return write_step(self.project, self.command)
        return replace(leave_out(self.written, reason), command=self.suggestion())

    def kind(self) -> str | None:
        """Return why a line of this kind does not prepare the tests."""
        if self.command.negated:
            return CHECKS
        if not COMPARING.isdisjoint(self.command.feeds):
            # `generate | diff - schema.yml`
            return CHECKS
        if runs_nothing(self.command, self.project.tree):
            return NO_TESTS
        reason = self._container_reason() or self._reason() or self._environment_reason()
        return WAITS if self.command.repeats and self._only_asks(reason) else reason

    def _only_asks(self, reason: str | None) -> bool:
        """Return whether a line in the condition of a loop waits for something: `until cqlsh db; do sleep 1; done`.

        The project's own programs, and the installation of packages, prepare something.
        """
        is_own = program_file(self.command, self.project.tree) is not None
        prepares = is_own or is_django(self.command, self.project.tree)
        prepares = prepares or self.call.name in PACKAGE_MANAGERS
        return reason in _ASKING or (reason is None and not prepares)

    def _environment_reason(self) -> str | None:
        """Return that a program runs with other packages than the tests: in another environment, or on the machine."""
        suite = self.project.ci.suite
        own = {run.command.environment for run in suite.runs} if suite else set()
        elsewhere = self.command.environment not in {"", *own} or self._is_of_machine()
        needs_packages = self.call.name not in SYSTEM_PROGRAMS | NODE_LAUNCHERS
        if not (elsewhere and needs_packages):
            return None
        is_own = is_django(self.command, self.project.tree) and not self._is_of_check()
        return None if is_own else ELSEWHERE

    def _is_of_check(self) -> bool:
        """Return whether the environment of the line checks something: its other lines only prepare that."""
        same = (
            each for each in self.project.commands if each.environment == self.command.environment
        )
        reasons = (
            (
                reason_of_django(each.call.arguments, each.line)
                if is_django(each, self.project.tree)
                else reason_of_program(each.call.name)
            )
            for each in same
        )
        return bool(self.command.environment) and CHECKS in reasons

    def _is_of_machine(self) -> bool:
        """Return whether a package contains the program that only the machine has: `invoke-env` of `invoke`."""
        name = canonicalize_name(self.call.name)
        owners = (name[: match.start()] for match in re.finditer(r"-|$", name))
        packages = _packages_of_machine(self.project)
        return not self.command.is_contained and not packages.isdisjoint(owners)

    def suggestion(self) -> str | None:
        """Return how a step of the plan would run the line; None if that is the line itself."""
        if "sudo" in self.call.launchers or self.call.container is not None:
            return None
        text = write_step(self.project, self.command).replace(UNKNOWN, "…")
        return f"{text} &" if self.command.background else text

    def _reason(self) -> str | None:
        call = self.call
        if rewrite := reason_of_rewrite(self.project, self.command):
            return CHECKS if self._only_compares() else rewrite
        if is_django(self.command, self.project.tree):
            own = self._is_own_check() or makes_all_migrations(self.project, self.command)
            known = None if own else reason_of_django(call.arguments, self.command.line)
            return known or reason_of_output(self.project, self.command)
        if call.name in PACKAGE_MANAGERS:
            return reason_of_package_manager(split_directory(self.command)[0], call.arguments)
        if call.name == "chmod":
            return reason_of_mode(self.project, self.command) if self._paths() else _OUTSIDE
        prints = call.name in FILE_PROGRAMS or reason_of_program(call.name) == PRINTS
        if prints and (self.command.writes or _redirects(self.command)):
            return self._file_reason()
        known = self._program_reason()
        # `git show main:shop/names.py > shop/names.py`
        output = known in {None, PRINTS} and reason_of_output(self.project, self.command)
        return output or known

    def _only_compares(self) -> bool:
        """Return whether code of the project only compares what it would write: `python tools/schema.py --check`."""
        is_own = program_file(self.command, self.project.tree) is not None
        asks = reason_of_arguments(self.call.arguments) == CHECKS
        return is_own and asks and not self.command.writes

    def _is_own_check(self) -> bool:
        """Return whether only this line checks the project: HeroCI has no program or no settings to check it with."""
        has_checks = self.project.layout.starts_django and choose_settings(self.project)[0]
        match self.call.arguments:
            case ("check", *_):
                return not has_checks
            case ("makemigrations", *options):
                return not ({"--check", "--dry-run"}.isdisjoint(options) or has_checks)
        return False

    def _container_reason(self) -> str | None:
        """Return why a line that runs in a container does not prepare the tests.

        `docker exec clickhouse clickhouse-client` works in a server, and `docker compose run -d db` starts one.
        """
        calls = (each.call for each in (self.command, *self.command.via))
        container = next((call.container for call in calls if call.container), None)
        if container is None:
            return None
        names = {container.service, container.image, container.pulled} - {None}
        servers = (image for image in self.project.ci.services if not image.built)
        # `docker compose run cypress run` tests in a browser, whose container other lines may start as a service.
        if reason_of_program(program_name(self.command)) == CHECKS:
            return CHECKS
        if any(image.alias in names for image in servers):
            return SERVER
        # `docker run acme/flake8:7 .` gives arguments to the image's own program.
        images = (str(name).rpartition("/")[2].partition(":")[0] for name in names)
        if any(reason_of_program(name) == CHECKS for name in images):
            return CHECKS
        program = self.call.program
        if program.startswith("-") or self.project.tree.has_directory(program or "-"):
            return _OWN_PROGRAM
        return None if program else SERVICE

    def _program_reason(self) -> str | None:
        if only_formats(self.call.name, self.call.arguments):
            return CHANGES
        known = git_reason(self.command) or reason_of_program(program_name(self.command))
        known = reason_by_arguments(known, self.call.arguments, piped=self.command.piped)
        root = "it needs root" if "sudo" in self.call.launchers else None
        own = self._code_reason() or self._shell_reason() or self._address_reason()
        return known or root or own or reason_of_arguments(self.call.arguments)

    def _address_reason(self) -> str | None:
        """Return that a program that is none of the repository's works on a server of the job: `-H ldap://users`."""
        if self.command.writes or program_file(self.command, self.project.tree) is not None:
            return None
        hosts = {image.alias for image in self.project.ci.services if not image.built} - {""}
        urls = map(_URL.match, self.call.arguments)
        return SERVER if any(url and url[1] in hosts for url in urls) else None

    def _shell_reason(self) -> str | None:
        """Return that a shell only checks the syntax of a script: `bash -n start.sh`."""
        reads = any(map(READS_ONLY.fullmatch, self.call.arguments))
        return CHECKS if reads and self.call.name in SHELLS else None

    def _code_reason(self) -> str | None:
        """Return why code of Python does not prepare the tests: it only prints, or asks whether a server is there."""
        code = code_of(self.command)
        if code is not None and not self.command.writes:
            return reason_of_code(code)
        if self.call.module and self.call.name in _SHOWING:
            return PRINTS
        path = program_file(self.command, self.project.tree) or ""
        return reason_of_script(self.project.tree.python(path)) if path.endswith(".py") else None

    def _file_reason(self) -> str | None:
        if self._makes_directories:
            return None if self._paths() else _OUTSIDE
        for write in self.command.writes:
            if self._is_composition(write.path):
                return SERVICE
            environments = find_environments(self.project) & {*ancestors(write.path)}
            if environments or write.path in _read_by_installers(self.project):
                return INSTALLS
        # `touch` leaves the text of a tracked file as it is.
        paths = [write.path for write in self.command.writes]
        tracked = [path for path in paths if is_tracked(self.project, path)]
        if tracked and self.call.name == "touch":
            return "it only marks files as changed" if tracked == paths else None
        if tracked:
            return GIVEN if self._are_given(tracked) else reason_of_write(tracked[0])
        return None if self.command.writes else _OUTSIDE

    def _are_given(self, paths: Iterable[str]) -> bool:
        """Return whether the plan has all variables that this line writes into files which the code always reads."""
        read = {path for path, _ in self.project.evidence.fixed_files}
        texts = [write.text for write in self.command.writes]
        known = all(text is not None and UNKNOWN not in text for text in texts)
        return known and not self.command.conditional and read.issuperset(paths)

    @property
    def _makes_directories(self) -> bool:
        installs = self.call.name == "install" and "-d" in self.call.arguments
        return installs or self.call.name == "mkdir"

    def _is_composition(self, path: str) -> bool:
        """Return whether a file lists the services that the job starts in containers."""
        is_yaml = path.endswith((".yml", ".yaml"))
        return is_yaml and bool(Composition(tree=self.project.tree, paths=(path,)).services)

    def _paths(self) -> list[str]:
        """Return the arguments that are paths, from the repository's root; none if one of them is outside."""
        words = [word for word in self.call.arguments if not word.startswith("-")]
        found = [locate(word, self.command.directory) for word in words]
        return [path for path in found if path is not None] if None not in found else []

    def _obstacle(self) -> str | None:
        """Return why this line cannot be repeated, although it prepares the tests."""
        if self.command.background:
            return STAYS
        if self.command.directory.startswith(("/", "..")):
            return "it runs outside the checkout"
        if UNKNOWN in _INTERPRETER.sub("", self.command.line):
            return "it contains a value that only the CI knows"
        if self.command.conditional:
            return CONDITIONAL
        if any(map(is_outside, self.call.arguments)):
            return "it uses a path outside the checkout"
        return NEEDS_TABLES if self.needs_tables else None
