"""Addresses of the CI's servers in the code, which no variable can change."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from heroci_action.detection.ci.compose.calls import entered_services
from heroci_action.detection.ci.records import Image
from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.findings import Finding, FixedAddress, Found
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.servers.ci_servers import REDIS
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.environment_reads import read_of, reads
from heroci_action.detection.test_runner.places import OF_TESTS

# This machine as containers see it; 172.17.0.1 is its address in Docker's usual network.
OUTSIDE = r"172\.17\.0\.1|host\.docker\.internal"
LOCAL = rf"localhost|127\.0\.0\.1|0\.0\.0\.0|{OUTSIDE}"


def file_with_local_address(project: ProjectFiles, ports: Collection[str]) -> str | None:
    """Return the file of the settings that contains the address of one of these ports of the machine."""
    source = settings_source(project)
    address = re.compile(rf"(?<![\w.-])(?:{LOCAL}):(?:{'|'.join(ports)})(?!\w)")
    files = source.files if source else ()
    return next((file for file in files if address.search(project.tree.text(file))), None)


def host_of(project: ProjectFiles, image: Image) -> str:
    """Return the host at which the CI's tests reach a server: its name in their container's network, or the machine."""
    suite = project.ci.suite
    contained = suite and (suite.job.image or suite.main.command.is_contained)
    return image.alias if contained and image.alias else "localhost"


@once
def machine_hosts(project: ProjectFiles) -> str:
    """Return a pattern for the names of the machine that runs the CI, as its tests see them.

    In a service of a compose file, `localhost` is the container itself, where only the application listens, unless
    the service is in the network of the machine.
    """
    suite = project.ci.suite
    entered = entered_services(suite.main.command, project.tree) if suite else ()
    modes = (table(used.services.get(name)).get("network_mode") for used, name in entered)
    return OUTSIDE if any(mode != "host" for mode in modes) else LOCAL


def fix_redis(project: ProjectFiles, image: Image | None, why: str) -> Iterator[Finding]:
    """Yield the port that Redis must have if no variable contains its address, and the machine if it is there.

    In a network of containers, only the server's own name could be in the code.
    """
    if image is None or host_of(project, image) == "localhost":
        yield FixedAddress(REDIS.name, why)
    yield Found("services.redis.port", REDIS.port, why)


def file_with_name(project: ProjectFiles, image: Image, port: int) -> str | None:
    """Return the file of the settings or tests that names a server as the network of the tests' container does.

    A job on the machine itself could not reach the server under this name.
    """
    if host_of(project, image) == "localhost":
        return None
    found = (file for file, node in _code(project, image.alias) if _names(node, image.alias, port))
    return next(found, None)


def _code(project: ProjectFiles, host: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield the values that the settings keep, and the modules of tests that contain a word."""
    source = settings_source(project)
    kept = {id(value): value for value in source.names.values()} if source else {}
    for statement in source.statements if source else ():
        value = kept.get(id(getattr(statement.node, "value", None)))
        if value is not None and not statement.conditional:
            yield statement.file, value
    for file in filter(OF_TESTS.search, project.tree.python_with(host)):
        yield file, project.tree.python(file)


def _names(node: ast.AST, host: str, port: int) -> bool:
    """Return whether an expression contains `host:port`, a URL of the host, or the tuple of both."""
    address = re.compile(
        rf"(?:.*[/@]|){re.escape(host)}:{port}(?:/.*)?|\w+://(?:.*@)?{re.escape(host)}(?:/.*)?"
    )
    for inner in _fixed(node):
        match inner:
            case ast.Constant(value=str(text)) if address.fullmatch(text):
                return True
            case ast.Tuple(elts=[first, second, *_]) | ast.List(elts=[first, second, *_]):
                if [getattr(each, "value", None) for each in (first, second)] == [host, port]:
                    return True
    return False


def _fixed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of an expression that the environment does not replace."""
    choice = isinstance(node, ast.BoolOp | ast.IfExp) and any(reads(node))
    if not (choice or read_of(node)):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _fixed(child)
