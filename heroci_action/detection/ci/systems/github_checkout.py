"""The machine of a job of GitHub: the place of the checkout, and the options of services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.docker_calls import DOCKER_VALUED
from heroci_action.detection.ci.records import Image
from heroci_action.detection.ci.systems.github_expressions import Partial, interpolate
from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.repository.files import join


def leave_checkout_path(text: str, place: str) -> str:
    """Return a text in which paths in a checkout below the workspace are paths from the repository's root.

    `actions/checkout` with `path: shop` makes `cd shop` and `./shop/manage.py` of the root and of manage.py.
    """
    if place in {"", "."}:
        return text
    name = rf"(?:\./)?{re.escape(place)}"
    inside = re.sub(rf"(?<![\w./-]){name}/(?=[\w.])", "./", text)
    inside = re.sub(rf"(?<=\{{root\}}/){re.escape(place)}/", "", inside)
    return re.sub(rf"\b(cd|pushd)(\s+){name}/?(?=[\s;&]|$)", r"\1\2.", inside)


def directory_in_checkout(directory: str, place: str) -> str:
    """Return a directory of the workspace as a directory of the repository.

    Next to the checkout are other repositories, whose directories may have the names of the project's own.
    """
    path = join(directory)
    if place in {"", "."} or path == "." or path.startswith(("/", "~", "..")):
        return path
    if path != place and not path.startswith(f"{place}/"):
        return f"/{path}"
    return join(".", path.removeprefix(place).lstrip("/"))


def context_of_services(services: object) -> dict[str, Any]:
    """Return `job.services`: the name of each container, and its ports on the machine.

    A port that the runner would choose is the container's.
    """
    found: dict[str, Any] = {}
    for name, service in table(services).items():
        # `127.0.0.1:8081:8080/tcp`
        ports = (port.partition("/")[0].split(":") for port in texts(table(service).get("ports")))
        # Its network is the runner's.
        found[name] = Partial(id=name, ports={port[-1]: port[-2:][0] or port[-1] for port in ports})
    return found


def with_options(image: Image, service: Mapping[str, Any], contexts: Mapping[str, Any]) -> Image:
    """Return the image of a service with its ports, and with the variables in its options for Docker."""
    ports = (interpolate(port, contexts) for port in texts(service.get("ports")))
    words = split_words(interpolate(str(service.get("options", "")), contexts))
    options = Options.split(words, DOCKER_VALUED)
    pairs = (pair.partition("=") for pair in options.values("-e", "--env"))
    env = {name: value for name, sign, value in pairs if sign}
    return replace(image, ports=tuple(ports), env={**image.env, **env})
