"""Which requirements apply to a version of Python, and which of them are exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement


def applicable(requirements: Iterable[Requirement], python: str) -> Iterator[Requirement]:
    """Yield the requirements whose marker (PEP 508) is true for a minor version of Python on Linux."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
    }
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement


def is_exact(requirement: Requirement) -> bool:
    """Return whether a requirement names a single version, or a single series such as `==25.*`."""
    operators = [specifier.operator for specifier in requirement.specifier]
    return operators in (["=="], ["==="])


def is_bounded(requirement: Requirement) -> bool:
    """Return whether a requirement rules out newer versions: `==4.1`, `<5`, `~=4.0`."""
    operators = {specifier.operator for specifier in requirement.specifier}
    return not operators.isdisjoint({"==", "===", "<", "<=", "~="})
