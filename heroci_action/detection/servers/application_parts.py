"""Parts of the application that the CI starts beside its tests, such as a worker of Celery."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.command_line import split_words
from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.ci_servers import is_of_system, kind_of
from heroci_action.text import one_line

# Workers, and servers of Python.
_PROGRAMS = frozenset(
    {
        "celery", "manage.py", "django-admin", "gunicorn", "uvicorn", "daphne", "hypercorn", "uwsgi", "rqworker", "rq",
        "dramatiq", "taskiq", "arq",
    }
)  # fmt: skip
_BRIEF = 80  # characters of a command


def runs_application(project: ProjectFiles, image: Image) -> bool:
    """Return whether a service without a build runs the project: by its command, or another one's of the same image.

    Such an image comes from a registry, or a file of Compose that only developers use builds it.
    """
    suite = project.ci.suite
    container = suite.main.command.call.container if suite else None
    of_tests = (container.pulled or container.image or "") if container else ""
    same = (each for each in project.ci.services if each.reference == image.reference)
    return image.reference == of_tests or any(map(_starts_part, (image, *same)))


def _starts_part(image: Image) -> bool:
    """Return whether the command of a container is a program of Django projects: `celery -A shop worker`."""
    call = parse_call(image.arguments)
    if call.script is not None:
        call = parse_call(tuple(split_words(call.script)))
    return call.name in _PROGRAMS


def warn_of_part(image: Image) -> Iterator[Finding]:
    """Warn of a service that is built from the repository, and that the tests' container needs."""
    if image.needed:
        command = one_line(shlex.join(image.arguments), _BRIEF).replace(UNKNOWN, "…")
        yield Warn(
            f"{image.source} starts {image.alias}{f' ({command})' if command else ''} with its tests, and the plan "
            "does not, because it is a part of the application: a test that waits for what it does fails"
        )


def warn_of_base(image: Image) -> Iterator[Finding]:
    """Warn of a server that the repository installs in the image of an operating system."""
    kind = kind_of(image)
    if kind is not None and is_of_system(image):
        yield Warn(
            f"{image.source} builds {image.alias} from {image.reference}, and the plan starts the usual {kind.name} "
            f"instead; if the tests need what the build adds, set services.{kind.name}.image"
        )
