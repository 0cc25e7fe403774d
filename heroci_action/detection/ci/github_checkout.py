"""What a workflow of GitHub's says about its machine: the place of the checkout, and the ports of services."""

from __future__ import annotations

import re
from typing import Any

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
    """Return a directory of the workspace as a directory of the repository."""
    path = join(directory)
    if place in {"", "."} or not (path == place or path.startswith(f"{place}/")):
        return path
    return join(".", path.removeprefix(place).lstrip("/"))


def ports_of_services(services: object) -> dict[str, Any]:
    """Return the ports of services on the machine; one that the runner would choose is the container's."""
    found: dict[str, Any] = {}
    for name, service in table(services).items():
        pairs = (port.rpartition(":")[::2] for port in texts(table(service).get("ports")))
        found[name] = {"ports": {inner: outer or inner for outer, inner in pairs}}
    return found
