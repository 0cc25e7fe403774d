"""The Debian packages of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import load
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded, write


def test_packages_that_are_built_from_source_ask_for_their_headers(tmp_path: Path) -> None:
    assert loaded(tmp_path, {**django(), "requirements.txt": "psycopg2"}).config.apt == (
        "libpq-dev",
        "gcc",
    )
    assert loaded(tmp_path, {**django(), "requirements.txt": "psycopg2-binary"}).config.apt == ()


def test_system_packages_of_the_projects_test_job_are_taken_over(tmp_path: Path) -> None:
    content = """
        jobs:
          docs: {steps: [{run: sudo apt-get install -y texlive}]}
          test:
            steps:
              - run: |
                  sudo apt-get update -qq
                  sudo apt-get install -y --no-install-recommends gettext libxml2-dev && echo done
                  apt install $EXTRA
              - run: python manage.py test
    """
    files = {**django(), "requirements.txt": "psycopg2", ".github/workflows/ci.yml": content}
    assert loaded(tmp_path, files).config.apt == ("libpq-dev", "gcc", "gettext", "libxml2-dev")


@pytest.mark.parametrize(
    "options",
    [
        '-o Dir::Cache::archives="$HOME/archives" -o Acquire::Retries=3',
        "--option Dpkg::Use-Pty=0 -t bookworm-backports",
    ],
)
def test_values_of_options_are_no_system_packages(tmp_path: Path, options: str) -> None:
    lines = workflow(f"sudo apt-get install -y {options} gettext", "python manage.py test")
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **lines})
    assert found.config.apt == ("gettext",)


@pytest.mark.parametrize(
    ("distribution", "package"),
    [
        ("pytidylib==0.3.2", "libtidy5deb1"),
        ("pypandoc", "pandoc"),
        ("python-magic", "libmagic1"),
        ("Wand", "imagemagick"),
        ("pyenchant", "libenchant-2-2"),
        ("djangosaml2", "xmlsec1"),
        ("cairocffi", "libcairo2"),
    ],
)
def test_libraries_that_are_loaded_at_run_time_are_named(
    tmp_path: Path, distribution: str, package: str
) -> None:
    found = loaded(tmp_path, {**django(), "requirements.txt": f"django\n{distribution}\n"})
    assert found.config.apt == (package,)


@pytest.mark.parametrize(
    ("distribution", "packages"),
    [
        ("pycairo", ("libcairo2-dev", "pkg-config", "gcc")),
        ("django-auth-ldap", ("libldap2-dev", "libsasl2-dev", "gcc")),
        ("opencv-python", ("libgl1", "libglib2.0-0")),
    ],
)
def test_packages_for_a_build_from_source_or_several_libraries_are_named(
    tmp_path: Path, distribution: str, packages: tuple[str, ...]
) -> None:
    found = loaded(tmp_path, {**django(), "requirements.txt": f"django\n{distribution}\n"})
    assert found.config.apt == packages


@pytest.mark.parametrize(
    ("package", "apt", "warned"),
    [
        ("gettext", ("gettext",), False),
        ("chromium-browser", ("chromium",), False),
        ("libmysqlclient-dev", ("default-libmysqlclient-dev",), False),
        ("libgdal30", ("gdal-bin",), False),
        ("openjdk-11-jdk", ("default-jre-headless",), False),
        ("chromium-chromedriver", ("chromium-driver",), False),
        ("firefox-geckodriver", (), True),
        ("language-pack-de", ("locales-all",), False),
        ("python3.12-dev", (), True),
        ("libpcre3-dev", ("libpcre2-dev",), False),
        ("libgl1-mesa-glx", ("libgl1",), False),
        ("libgconf-2-4", (), True),
        ("python3-dev", ("python3-dev",), False),
    ],
)
def test_packages_of_ubuntu_get_their_name_in_debian_or_a_warning(
    tmp_path: Path, package: str, apt: tuple[str, ...], warned: bool
) -> None:
    steps = f"[{{run: sudo apt-get install -y {package}}}, {{run: python manage.py test}}]"
    files = {
        **django(),
        "requirements.txt": "django",
        ".github/workflows/ci.yml": f"jobs: {{test: {{steps: {steps}}}}}",
    }
    found = loaded(tmp_path, files)
    assert found.config.apt == apt
    assert any(package in text and "Debian" in text for text in found.warnings) is warned


@pytest.mark.parametrize(
    ("line", "apt"),
    [
        ("sudo locale-gen sv_FI.UTF-8", ("locales-all",)),
        ("sudo localedef -i de_DE -f UTF-8 de_DE.UTF-8", ("locales-all",)),
        ("dnf -y install gettext libxml2-devel", ("gettext", "libxml2-dev")),
        ("microdnf install postgresql-devel openssl-devel", ("libpq-dev", "libssl-dev")),
        ("sudo yum install -y gcc-c++ jpeg-devel", ("g++", "libjpeg-dev")),
        ("apk add ttf-dejavu ttf-freefont", ("fonts-dejavu", "fonts-freefont-ttf")),
        ("apt-get install ttf-dejavu-core python", ("fonts-dejavu-core", "python3")),
        ("apk add --no-cache libxslt-dev", ("libxslt1-dev",)),
        ("apk add musl-dev xz-dev sqlite-dev", ("libc6-dev", "liblzma-dev", "libsqlite3-dev")),
    ],
)
def test_packages_of_other_systems_get_their_name_in_debian(
    tmp_path: Path, line: str, apt: tuple[str, ...]
) -> None:
    files = {**django(), "requirements.txt": "django", **workflow(line, "python manage.py test")}
    assert loaded(tmp_path, files).config.apt == apt


def test_packages_of_a_file_are_installed_and_servers_are_not(tmp_path: Path) -> None:
    job = """
        jobs:
          t:
            steps:
              - run: grep -v "^#" Aptfile | sudo xargs apt-get install
              - run: sudo apt-get install -y postgresql-16-postgis-3 redis-server postgresql-client
              - run: sudo apt-get install -y docker-compose docker.io containerd
              - run: python manage.py test
    """
    files = {
        **django(),
        ".github/workflows/ci.yml": job,
        "Aptfile": "# video\nffmpeg\nlibxmlsec1-dev\n",
    }
    apt = loaded(tmp_path, files).config.apt
    assert apt == ("ffmpeg", "libxmlsec1-dev", "postgresql-client")


@pytest.mark.parametrize(
    ("image", "apt", "warned"),
    [
        ("ghcr.io/shop/ci-base:latest", ("gdal-bin",), False),
        ("registry.example.org/tools/geo:1", (), True),
        ("cimg/python:3.13", (), False),
        ("ubuntu-2404:current", (), False),
    ],
)
def test_packages_of_the_jobs_image_are_those_of_its_dockerfile_or_unknown(
    tmp_path: Path, image: str, apt: tuple[str, ...], warned: bool
) -> None:
    workflow = f"""
        on: push
        jobs:
          test: {{container: "{image}", steps: [{{run: python manage.py test}}]}}
          image: {{steps: [{{uses: docker/build-push-action@v6, with: {{context: .github/ci_base/}}}}]}}
    """
    files = {
        **django(),
        ".github/workflows/ci.yml": workflow,
        ".github/ci_base/Dockerfile": "FROM ubuntu:24.04\nRUN apt update && apt install -y gdal-bin\n",
    }
    found = loaded(tmp_path, files)
    assert found.config.apt == apt
    assert any("packages are not known" in text for text in found.warnings) is warned


def test_the_python_of_the_tests_is_no_missing_package(tmp_path: Path) -> None:
    text = "t: {image: 'ubuntu:22.04', script: [apt-get install -y python3.11-dev python3.11 PACKAGES, pytest]}"
    warned = [
        any("Debian does not have" in warning for warning in loaded(place, files).warnings)
        for name in ("gettext", "python3.9-dev")
        if (place := tmp_path / name)
        and (files := {**django(), ".gitlab-ci.yml": text.replace("PACKAGES", name)})
    ]
    assert warned == [False, True]


@pytest.mark.parametrize(
    ("action", "package"),
    [("FedericoCarboni/setup-ffmpeg@v3", "ffmpeg"), ("ts-graphviz/setup-graphviz@v2", "graphviz")],
)
def test_an_action_that_sets_up_a_program_installs_its_package(
    tmp_path: Path, action: str, package: str
) -> None:
    text = f"jobs: {{t: {{steps: [{{uses: {action}}}, {{run: pytest}}]}}}}"
    assert loaded(tmp_path, {**django(), ".github/workflows/ci.yml": text}).config.apt == (package,)


def test_an_extra_may_be_built_from_source(tmp_path: Path) -> None:
    files = {**django(), "requirements.txt": "psycopg[c,pool]==3.2\n"}
    assert loaded(tmp_path, files).config.apt == ("libpq-dev", "gcc")


def test_translations_that_are_compiled_before_the_tests_need_gettext(tmp_path: Path) -> None:
    lines = workflow("python manage.py compilemessages", "python manage.py test")
    assert loaded(tmp_path, {**django(), **lines}).config.apt == ("gettext",)


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("npm ci", ("nodejs", "npm")),
        ("cd ui && npm run build", ("nodejs", "npm")),
        ("node make-icons.js", ("nodejs",)),
        ("echo npm > tools.txt", ()),
    ],
)
def test_assets_that_are_built_before_the_tests_need_node(
    tmp_path: Path, line: str, packages: tuple[str, ...]
) -> None:
    files = {"package.json": "{}", "ui/package.json": '{"scripts": {"build": "x"}}'}
    found = loaded(tmp_path, {**django(), **files, **workflow(line, "python manage.py test")})
    assert [step.run for step in found.config.tests.before] == [line]
    assert found.config.apt == packages
    given = write(tmp_path, {"heroci.toml": 'base-image = "tools:1"\n'})
    assert load(given).config.apt == ()
