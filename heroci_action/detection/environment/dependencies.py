"""The dependencies as configuration values, and the system packages that they need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from packaging.requirements import Requirement
from packaging.version import Version

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.environment.debian_packages import debian_name
from heroci_action.detection.environment.installed_packages import installed_packages
from heroci_action.detection.environment.job_image import detect_job_image
from heroci_action.detection.environment.pkg_resources import REQUIREMENT, importing_file
from heroci_action.detection.environment.python_version import choose_python
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.preparation.before_tests import find_preparation
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import (
    Dependencies,
    distributions,
    find_dependencies,
)
from heroci_action.detection.requirements.files import distribution
from heroci_action.detection.requirements.indexes import warn_of_indexes
from heroci_action.detection.requirements.installs import read_installs
from heroci_action.detection.requirements.later_packages import find_replacing
from heroci_action.detection.requirements.markers import applicable
from heroci_action.detection.requirements.pixi import pixi_environment
from heroci_action.detection.requirements.unknown_installs import warn_of_unknown_installs
from heroci_action.detection.settings.source import uses_geodjango
from heroci_action.detection.test_runner.choice import uses_pytest
from heroci_action.detection.test_runner.pytest_config import pytest_config

# `libpq-dev`
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
# What lines before the tests call, and the packages for it: commands of Django that need gettext, and Node.
_CALLED = {
    re.compile(r"\b(compilemessages|makemessages)\b"): ("gettext",),
    re.compile(r"(?:^|[;&|] |\w=\S* )(npm|npx)(?= )"): ("nodejs", "npm"),
    re.compile(r"(?:^|[;&|] |\w=\S* )(node)(?= )"): ("nodejs",),
}
# HeroCI brings the servers itself, and repeats no line that calls Docker.
_BROUGHT = re.compile(
    r"postgresql(-contrib|-\d[\w.-]*)?|(default-)?(mysql|mariadb)-server[\w.-]*|redis(-server)?|"
    r"(docker|containerd)\b[\w.-]*"
)
# Distributions that are built from source, and the Debian packages that the build needs.
_SOURCE_BUILDS = {
    "psycopg2": ("libpq-dev", "gcc"),
    "psycopg-c": ("libpq-dev", "gcc"),
    "mysqlclient": ("default-libmysqlclient-dev", "gcc", "pkg-config"),
    "python-ldap": ("libldap2-dev", "libsasl2-dev", "gcc"),
    "pygraphviz": ("graphviz", "libgraphviz-dev", "gcc"),
    "xmlsec": ("libxmlsec1-dev", "pkg-config", "gcc"),
    "pylibmc": ("libmemcached-dev", "zlib1g-dev", "gcc"),
    "uwsgi": ("gcc",),
    "pycairo": ("libcairo2-dev", "pkg-config", "gcc"),
    "pygobject": ("libgirepository1.0-dev", "libcairo2-dev", "pkg-config", "gcc"),
    "django-auth-ldap": ("libldap2-dev", "libsasl2-dev", "gcc"),
    "python3-saml": ("libxmlsec1-dev", "pkg-config", "gcc"),
    "pyaudio": ("portaudio19-dev", "gcc"),
    "pycurl": ("libcurl4-openssl-dev", "libssl-dev", "gcc"),
}
# Distributions that load a library at run time, or call a program.
_LIBRARIES = {
    "weasyprint": ("libpango-1.0-0", "libpangoft2-1.0-0"),
    "django-weasyprint": ("libpango-1.0-0", "libpangoft2-1.0-0"),
    "python-magic": ("libmagic1",),
    "filemagic": ("libmagic1",),
    "wand": ("imagemagick",),
    "cairocffi": ("libcairo2",),
    "pyenchant": ("libenchant-2-2",),
    "opencv-python": ("libgl1", "libglib2.0-0"),
    "opencv-contrib-python": ("libgl1", "libglib2.0-0"),
    "pysaml2": ("xmlsec1",),
    "djangosaml2": ("xmlsec1",),
    "python3-saml": ("libxmlsec1-openssl",),
    "pyvips": ("libvips42",),
    "pytidylib": ("libtidy5deb1",),
    "pypandoc": ("pandoc",),
    "cairosvg": ("libcairo2",),
    "pyzbar": ("libzbar0",),
    "pytesseract": ("tesseract-ocr",),
    "pdf2image": ("poppler-utils",),
    "xmlsec": ("libxmlsec1-openssl",),
}


# Words of commands that write requirements: `poetry export`, `pip-compile`, `pipenv requirements`.
_INPUT = "/dev/stdin"
_EXPORTS = frozenset({"export", "compile", "requirements", "lock"})
# The first Python whose environments have no setuptools. Source: What's New In Python 3.12, "ensurepip".
_WITHOUT_SETUPTOOLS = Version("3.12")
# The first version that writes JSON, and later ones, of which an upper bound allows at least one.
_OLDEST_COVERAGE = Version("5.0")
_COVERAGE = ("5.5", "6.5", "7.6.1", "99")


def _missing_pytest(project: ProjectFiles) -> Iterator[str]:
    """Yield pytest and pytest-django if they run the tests and the project does not declare them."""
    known = distributions(project) | find_dependencies(project).locked_names
    if known and uses_pytest(project):
        if "pytest" not in known and "pytest-django" not in known:
            yield "pytest"
        config = pytest_config(project)
        needs_django = config.settings or any(word.startswith("--ds") for word in config.addopts)
        if "pytest-django" not in known and needs_django:
            yield "pytest-django"


def _undeclared(project: ProjectFiles, found: Dependencies) -> Iterator[Finding]:
    """Yield packages that the tests need although the project does not declare them."""
    if project.configured("packages") is not None:
        return
    missing = [*_missing_pytest(project)]
    reasons = ["pytest runs the tests, and no dependency requires it"] if missing else []
    known = found.names | found.locked_names
    user = _user_of_setuptools(project, found) if known and "setuptools" not in known else None
    if user:
        missing.append(REQUIREMENT)
        reasons.append(user)
    if missing:
        yield Found("packages", [*found.packages, *missing], "; ".join(reasons))


def _user_of_setuptools(project: ProjectFiles, found: Dependencies) -> str | None:
    """Return why the tests may need setuptools, in words."""
    if importing := importing_file(project):
        return f"{importing} imports pkg_resources"
    python, why = choose_python(project)
    old = why and Version(python) < _WITHOUT_SETUPTOOLS
    # uv and PDM never had it in their environments.
    of_uv = found.lock and found.lock.rpartition("/")[2] in {"uv.lock", "pdm.lock"}
    return f"environments of Python {python} contain setuptools" if old and not of_uv else None


def detect_dependencies(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the lock or requirements, extras and groups, and the system packages."""
    found = find_dependencies(project)
    yield from _undeclared(project, found)
    for key in ("lock", "requirements", "constraints", "packages", "extras", "groups"):
        value = getattr(found, key)
        if value:
            yield Found(key, value if isinstance(value, str) else list(value), found.why)
    yield Fact("project", found.project)
    yield Fact("metadata", found.metadata)
    yield Fact("declared", found.declared)
    yield Fact("install_project", found.install_project)
    yield Fact("all_members", found.all_members)
    yield Fact("distributions", found.names)
    yield Fact("replacing", tuple(find_replacing(project, found)))
    sources = (found.lock, found.requirements, found.packages, found.project)
    if not any((*sources, project.configured("packages"))):
        yield Warn(
            f'{found.why}; set requirements = ["requirements.txt"] or packages = ["django"]',
            ('packages = ["django"]',),
        )
    yield from _warn_of_conda(project)
    yield from _missing_files(project)
    yield from warn_of_unknown_installs(project)
    yield from warn_of_indexes(project, found.requirements)
    yield from _old_coverage(project)
    yield from _system_packages(project)
    yield from detect_job_image(project)


def _warn_of_conda(project: ProjectFiles) -> Iterator[Finding]:
    """Warn that packages of conda are replaced by those of the same names on PyPI."""
    found = pixi_environment(project)
    if found and not any(project.configured(key) for key in ("lock", "requirements", "packages")):
        without = f", without {', '.join(found.left_out)}" if found.left_out else ""
        yield Warn(
            f"pixi installs packages of conda (the environment {found.name!r} in {found.path}), and HeroCI those of "
            f"the same names on PyPI{without}; set `packages` if one has another name, and `apt` to missing libraries",
            (f"packages = {json.dumps(list(found.packages))}",),
        )


def _missing_files(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the requirements files that the CI installs and that the repository lacks."""
    if any(project.configured(key) is not None for key in ("lock", "requirements", "packages")):
        return
    installs = read_installs(project)
    missing = [name for name in installs.missing if not _is_exported(project, name)]
    if missing:
        yield Warn(
            f"{installs.source} installs {', '.join(missing).replace(UNKNOWN, '…')}, which the repository does not "
            'contain; set requirements = ["…"] or packages = ["…"] to what the tests need',
            ('packages = ["…"]',),
        )


def _is_exported(project: ProjectFiles, file: str) -> bool:
    """Return whether a line makes a file of a lock or metadata, which HeroCI reads itself: `poetry export -o FILE`.

    `poetry export | pip install -r /dev/stdin` needs no file.
    """
    name = file.rpartition("/")[2]
    for command in (*project.commands, *project.image_commands):
        places = (*command.words, *(write.path for write in command.writes))
        exports = not _EXPORTS.isdisjoint([*command.call.name.split("-"), *command.call.arguments])
        if exports and (
            file == _INPUT or any(name == re.split("[/=]", place)[-1] for place in places)
        ):
            return True
    return False


def _old_coverage(project: ProjectFiles) -> Iterator[Finding]:
    """Turn coverage off if the project requires a version that HeroCI cannot use."""
    python = choose_python(project)[0]
    for requirement in applicable(find_dependencies(project).exact, python):
        if distribution(requirement) == "coverage" and not _allows_new_coverage(requirement):
            why = f"the project requires {requirement}, and HeroCI needs coverage 5.0 or newer"
            yield Found("tests.coverage", False, why)
            yield Warn(f"coverage is not measured: {why}; raise or remove the requirement")


def _allows_new_coverage(requirement: Requirement) -> bool:
    """Return whether a requirement allows a version that is new enough: a usual version, or a version that it names."""
    named = (specifier.version.removesuffix(".*") for specifier in requirement.specifier)
    fitting = (
        version for version in (*_COVERAGE, *named) if requirement.specifier.contains(version)
    )
    return any(Version(version) >= _OLDEST_COVERAGE for version in fitting)


def _needed_packages(project: ProjectFiles) -> dict[str, str]:
    """Return the Debian packages that dependencies need, with the dependency."""
    # The extra of `psycopg[c]` is the distribution psycopg-c.
    extras = {
        f"{distribution(requirement)}-{extra}"
        for requirement in find_dependencies(project).direct
        for extra in requirement.extras
    }
    needed = {
        package: name
        for name in sorted(distributions(project) | extras)
        for package in (*_SOURCE_BUILDS.get(name, ()), *_LIBRARIES.get(name, ()))
    }
    for program, packages in _called_before(project):
        needed |= dict.fromkeys(packages, program)
    return {**needed, "gdal-bin": "GeoDjango"} if uses_geodjango(project) else needed


def _called_before(project: ProjectFiles) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the programs that lines before the tests call, and their packages; not if the user decides about them."""
    given = map(project.configured, ("tests.before", "base-image"))
    lines = () if any(value is not None for value in given) else find_preparation(project)[0]
    for line in lines:
        for form, packages in _CALLED.items():
            yield from ((program, packages) for program in form.findall(line))


def _installed(project: ProjectFiles) -> Iterator[tuple[str, str]]:
    """Yield the packages that the test jobs and their image install, each with its source."""
    others = project.ci.suite.others if project.ci.suite else ()
    further = (command for job in others for command in job.commands)
    for command in (*project.image_commands, *project.commands, *further):
        for word in installed_packages(command):
            # `gettext=0.21-12`: Debian has another build of it.
            name = word.partition("=")[0]
            if _PACKAGE.fullmatch(name) and not _BROUGHT.fullmatch(name):
                yield name, command.source


def _system_packages(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the Debian packages that the test job installs or that dependencies need."""
    python = f"python{choose_python(project)[0]}"
    # HeroCI brings the Python of the tests with all its parts.
    further = (pair for pair in _installed(project) if not f"{pair[0]}-".startswith(f"{python}-"))
    named = {name: (debian_name(name), source) for name, source in further}
    missing = {name: source for name, (known, source) in named.items() if known is None}
    installed = {known: source for known, source in named.values() if known}
    if missing:
        yield Warn(
            f"{', '.join(dict.fromkeys(missing.values()))} installs {', '.join(missing)}, which Debian does not have; "
            "set `apt` if the tests need them"
        )
    needed = _needed_packages(project)
    if needed or installed:
        why = "; ".join(_causes(needed, installed))
        yield Found("apt", list(dict.fromkeys([*needed, *installed])), why)


def _causes(needed: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[str]:
    if needed:
        yield f"needed by {', '.join(dict.fromkeys(needed.values()))}"
    yield from (f"installed by {source}" for source in dict.fromkeys(installed.values()))
