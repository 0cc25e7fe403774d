"""The servers that a job starts in containers, and the containers that its commands run in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.builds import read_builds
from heroci_action.detection.ci.compose.calls import (
    compose_options,
    compose_words,
    composition_of,
)
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.compose.env_files import find_missing_files
from heroci_action.detection.ci.compose.image_build import (
    ImageBuild,
    build_arguments,
    find_build,
    find_only,
    find_unnamed,
    on_its_base,
    read_tag,
)
from heroci_action.detection.ci.compose.mounts import environment_of_service
from heroci_action.detection.ci.compose.up import ending_services
from heroci_action.detection.ci.docker_calls import (
    DOCKER_VALUED,
    STOPPING,
    controlled_containers,
)
from heroci_action.detection.ci.image_contents import ImageContents, read_contents
from heroci_action.detection.ci.left_out import INSTALLS, reason_of_program
from heroci_action.detection.ci.machine_servers import find_installed_servers, find_server
from heroci_action.detection.ci.other_containers import (
    find_proxies,
    find_reason,
    leave_out_container,
)
from heroci_action.detection.ci.records import (
    Call,
    Command,
    Container,
    Image,
    Job,
    LeftOut,
)
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.repository.files import RepositoryFiles

_STARTING = frozenset({"up", "run", "start", "create"})
# `--detach`, `-itd`
_DETACHED = re.compile(r"--detach|-[a-z]*d[a-z]*")


def with_containers(job: Job, tree: RepositoryFiles, builds: tuple[ImageBuild, ...] = ()) -> Job:
    """Add the servers that the job's commands start in containers, and what the containers of its tests contain.

    `builds` are the builds of all jobs: the image of a job or a container may come from another one.
    """
    files = tree.with_files(job.created)
    none = Composition(tree=files, paths=())
    reader = _Reader(files=files, used=none, others=builds, has_init=job.image is None)
    reader.enter_image(job)
    commands = tuple(itertools.chain.from_iterable(map(reader.read, job.commands)))
    started = [
        replace(reader.on_base(image), needed=image.alias in {*reader.needed, *reader.asked})
        for image in reader.servers.values()
    ]
    # The declared services of a job are for its tests.
    others = reader.find_others(started, commands)
    named = [image for image, _ in others]
    return replace(
        job,
        commands=commands,
        services=(*job.services, *(image for image in started if image not in named)),
        image_commands=reader.contents.commands,
        base=reader.base,
        presumed=reader.presumed,
        python=reader.python or job.python,
        left_out=(*job.left_out, *reader.missing, *itertools.starmap(leave_out_container, others)),
    )


@dataclass(kw_only=True)
class _Reader:
    """State after the commands so far: servers, builds, files; contents, base and Python of the tests' image.

    `used` are the compose files of the last call, `earlier` the commands that are no calls of Compose. `tasks` are the
    calls around commands in containers, by the id of the original. `presumed` is the Dockerfile of an image whose name
    only the CI knows.
    """

    files: RepositoryFiles
    used: Composition
    servers: dict[str, Image] = field(default_factory=dict)
    stopped: dict[str, Image] = field(default_factory=dict)  # before the tests
    built: list[ImageBuild] = field(default_factory=list)
    others: tuple[ImageBuild, ...] = ()  # of all jobs
    is_tested: bool = False  # a command so far is a run of tests
    has_init: bool  # the job runs on a machine, not in a container
    arguments: dict[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # of the builds of services
    earlier: list[Command] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)  # by the container of the tests
    asked: set[str] = field(default_factory=set)  # services that a command starts by name
    missing: list[LeftOut] = field(default_factory=list)
    tasks: dict[int, Command] = field(default_factory=dict)
    contents: ImageContents = field(default_factory=ImageContents)
    base: Image | None = None
    presumed: str = ""
    python: str | None = None
    has_django: bool = False  # the image of the tests contains a manage.py
    own: ImageContents = field(default_factory=ImageContents)  # of the job's image

    def enter_image(self, job: Job) -> None:
        """Note what the image of the job contains, if the CI builds it."""
        name = job.image.reference if job.image else None
        build = name and (find_build(name, self.others) or self._presume(name))
        if build:
            self.contents = read_contents(build, self.files)
            self.base = _base_image(build, self.files, job.source)
            self.python = self.base.python if self.base else None
            self.own = self.contents

    def on_base(self, image: Image) -> Image:
        """Return the image of a server; of one that the CI has built under this name, the base."""
        build = None if image.built else find_build(image.reference, self._known_builds)
        base = _base_image(build, self.files, image.source) if build else None
        return replace(image, name=base.name, tag=base.tag, built=True) if base else image

    def find_others(
        self, images: Iterable[Image], commands: Iterable[Command]
    ) -> list[tuple[Image, str]]:
        """Return the images that are no servers of the tests, each with the reason."""
        values = {value for command in commands for value in command.env.values()}
        proxies = find_proxies(self.used)
        free = (image for image in images if image.alias not in self.needed)
        reasons = ((image, find_reason(image, values, proxies)) for image in free)
        return [(image, reason) for image, reason in reasons if reason]

    def read(self, command: Command) -> tuple[Command, ...]:
        """Return a command with the variables of its container, or the tests that run while an image is built."""
        builds = self._builds(command)
        self.built += (*builds, *read_tag(command, self._known_builds))
        command = self.own.in_repository(command, self.files)
        tests = itertools.chain.from_iterable(self._built_tests(command, each) for each in builds)
        return tuple(tests) or (self._in_container(command),)

    def _builds(self, command: Command) -> list[ImageBuild]:
        """Return the builds of `docker build`, or of the services of `docker compose build`, each once."""
        if builds := read_builds(command, self.files):
            return [on_its_base(build, self._known_builds, self.files) for build in builds]
        words = compose_words(command) or ()
        options = compose_options(words)
        verb, *named = options.words or ("",)
        if verb != "build":
            return []
        used = composition_of(words, command, self.files, self.used, self._known_builds)
        given = build_arguments(options)
        found = list[ImageBuild]()
        for name in used.paths and (named or used.with_needs([])):
            build = self._composed(used, name, given) if name in used.services else None
            found += [build] if build and build not in found else []
        return found

    def _composed(
        self, used: Composition, name: str, given: Mapping[str, str] | None = None
    ) -> ImageBuild | None:
        """Return the build of a service, with the arguments of `docker compose build --build-arg`; `given` are new."""
        if given is not None:
            self.arguments[name] = given
        build = used.build(name)
        if build is None:
            return None
        arguments = {**build.arguments, **self.arguments.get(name, {})}
        return on_its_base(replace(build, arguments=arguments), self._known_builds, self.files)

    def _build_of(self, command: Command) -> ImageBuild | None:
        """Return the build of the image in which a command runs."""
        call, name = _service_of(command, self.used)
        if name:
            built = self._composed(self.used, name)
            pulled = None if built else self.used.image(name)
            return self._presume(pulled.reference) if pulled else built
        image = call.container.image if call and call.container else None
        if not image:
            return None
        named = find_build(image, self._known_builds) or find_unnamed(image, self.built)
        return named or self._presume(image)

    def _presume(self, image: str) -> ImageBuild | None:
        """Return the only build of the CI for an image whose name only the CI knows, if that is one for Python."""
        build = find_only(image, self._known_builds, self.files)
        if build is None or not _installs_python(build, self.files):
            return None
        self.presumed = build.dockerfile
        return build

    @property
    def _known_builds(self) -> tuple[ImageBuild, ...]:
        return (*self.built, *self.others)

    def _built_tests(self, command: Command, build: ImageBuild) -> tuple[Command, ...]:
        """Return the tests among the RUN instructions of `docker build --target test .`."""
        if "test" not in self.files.text(build.dockerfile):
            return ()
        contents = read_contents(build, self.files)
        tests = [inner for inner in contents.commands if find_test_run(inner, self.files)]
        if tests:
            self.contents = contents
            image = _base_image(build, self.files, command.source)
            self.python = (image.python if image else None) or self.python
        env = {**command.env, **contents.env}
        return tuple(replace(test, env={**env, **test.env}, via=command.via) for test in tests)

    def _in_container(self, command: Command) -> Command:
        self.written |= {write.path for write in command.writes}
        stays = self._start(command)
        started = replace(command, background=command.background or stays)
        inside = self._with_variables(started)
        is_test = find_test_run(command, self.files) is not None
        self.is_tested = self.is_tested or is_test
        if is_test:
            name = _service_of(command, self.used)[1] or ""
            # The container of the tests is no server.
            self.servers.pop(name, None)
            self.needed |= {*self.used.with_needs([name])} - {name}
        build = self._build_of(command) if is_test else None
        is_own = is_test and (build is None or self._may_be_of_tests(build))
        image = _image_of(command, self.used, build, self.files) if is_own else None
        self.base = image or self.base
        self.python = (image.python if image else None) or self.python
        if build is None:
            return inside
        contents = read_contents(build, self.files)
        self.contents = contents if is_own else self.contents
        return replace(inside, env={**contents.env, **inside.env})

    def _may_be_of_tests(self, build: ImageBuild) -> bool:
        """Note an image in which tests run; return whether it may be that of the suite.

        Other programs of the repository have tests in images of their own: a directory without manage.py.
        """
        has_django = bool(self.files.matching(r"(.*/)?manage\.py", under=build.context))
        is_beside = self.has_django and not has_django
        self.has_django = self.has_django or has_django
        return not is_beside

    def _with_variables(self, command: Command) -> Command:
        """Give a command that runs in a service's container, and the tasks around it there, the service's variables."""
        call, name = _service_of(command, self.used)
        if call is None or name is None:
            return command
        place = next((n for n, outer in enumerate(command.via) if outer.call is call), None)
        inside = () if place is None else command.via[place:]
        composed = environment_of_service(self.used, name)
        env = {**composed, **call.env}
        # What a script in the container exports is newer than the variables that the container starts with.
        before = {*inside[0].env.items(), *composed.items()} if inside else command.env.items()
        own = {key: value for key, value in command.env.items() if (key, value) not in before}
        for outer in inside:
            # The commands of a task share it.
            self.tasks.setdefault(id(outer), replace(outer, env={**outer.env, **env}))
        via = (*command.via[:place], *(self.tasks[id(outer)] for outer in inside))
        return replace(command, env={**command.env, **env, **own}, via=via)

    def _start(self, command: Command) -> bool:
        """Add the servers that a command starts; return whether `docker run` leaves one running."""
        # The files of Compose are where it is called, not where the container works.
        call = next(filter(compose_words, (*command.via, command)), None)
        if call and (words := compose_words(call)):
            self.used = composition_of(words, call, self.files, self.used, self._known_builds)
            names = _started_names(words, self.used, command)
            self.servers |= _servers(names, self.used)
            self.asked |= {*compose_options(words).words[1:]}.intersection(names)
            _, entered = _service_of(command, self.used)
            services = (*names, entered) if entered else names
            self.missing += find_missing_files(self.used, services, self.written)
            return False
        image = _run_image(command)
        self.earlier.append(command)
        self._control(command)
        if server := find_server(command, self.earlier):
            self.servers.setdefault(server.name, server)
        for server in find_installed_servers(command) if self.has_init else ():
            self.servers.setdefault(server.name, server)
        if image:
            self.servers[image.name] = image
        return image is not None

    def _control(self, command: Command) -> None:
        """Note that `docker stop NAME` ends a server before the tests, as one for the build of an image."""
        verb, names = controlled_containers(command.words)
        if command.conditional or self.is_tested:
            return
        there, away = self.servers, self.stopped
        if verb not in STOPPING:
            there, away = away, there
        keys = [key for key, image in there.items() if image.alias in names]
        away |= {key: there.pop(key) for key in keys}


def _run_image(command: Command) -> Image | None:
    """Return the image that `docker run` leaves running in the background."""
    image = command.call.container.image if command.call.container else None
    if image is None or not _stays(command, image):
        return None
    place = command.words.index(image)
    options = Options.split(command.words[:place], DOCKER_VALUED)
    return replace(
        Image.parse(image, source=command.source, env=command.call.env),
        alias=options.value("--name") or "",
        ports=options.values("-p", "--publish"),
        arguments=command.words[place + 1 :],
    )


def _stays(command: Command, image: str) -> bool:
    """Return whether `docker run` leaves a container of the image running."""
    if image not in command.words or "run" not in command.words[:4]:
        return False
    options = command.words[: command.words.index(image)]
    return command.background or any(map(_DETACHED.fullmatch, options))


def _servers(names: Iterable[str], used: Composition) -> dict[str, Image]:
    """Return the images of services, except services that end by themselves."""
    images = {name: used.image(name) for name in names if name not in used.ending}
    return {name: image for name, image in images.items() if image is not None}


def _started_names(words: tuple[str, ...], used: Composition, command: Command) -> tuple[str, ...]:
    verb, *named = compose_options(words).words or ("",)
    if verb not in _STARTING or not used.paths:
        return ()
    if verb != "run":
        return used.with_needs(named)
    # What follows the service of `run` is its command.
    running = _running(command) or ""
    stays = any(map(_DETACHED.fullmatch, words))
    return tuple(name for name in used.with_needs([running]) if stays or name != running)


def _running(command: Command) -> str | None:
    """Return the service that `docker compose run` starts."""
    _, container = _entered(command)
    return container.service if container else None


def _entered(command: Command) -> tuple[Call | None, Container | None]:
    """Return the call that enters a container, and the container."""
    calls = (each.call for each in (*command.via, command))
    return next(((call, call.container) for call in calls if call.container), (None, None))


def _service_of(command: Command, used: Composition) -> tuple[Call | None, str | None]:
    """Return the call that enters a container, and its service; `up --exit-code-from web` only has the service."""
    call, container = _entered(command)
    if container is None:
        calls = map(compose_words, command.via)
        ended = (name for words in calls if words for name in ending_services(words))
        return None, next((name for name in ended if name in used.services), None)
    name = container.service or used.find(container.image or "")
    return call, name if name in used.services else None


def _image_of(
    command: Command, used: Composition, build: ImageBuild | None, files: RepositoryFiles
) -> Image | None:
    """Return the image in which a command runs, or the one from which it is built."""
    call, name = _service_of(command, used)
    if build is not None:
        base = build.base(files)
    elif name:
        return used.image(name)
    else:
        base = call.container.image if call and call.container else None
    return Image.parse(base, source=command.source) if base else None


def _installs_python(build: ImageBuild, files: RepositoryFiles) -> bool:
    """Return whether an image contains Python by the name of its base, or installs packages of Python."""
    base = _base_image(build, files, build.source)
    commands = read_contents(build, files).commands
    installs = any(reason_of_program(each.call.name) == INSTALLS for each in commands)
    return installs or bool(base and base.python)


def _base_image(build: ImageBuild, files: RepositoryFiles, source: str) -> Image | None:
    """Return the image from which a build starts."""
    base = build.base(files)
    return Image.parse(base, source=source) if base else None
