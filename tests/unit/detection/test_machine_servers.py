"""Servers that a job starts on its machine are services of the plan; what is no known server is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import POSTGRES, django, loaded

SETTINGS = (
    f'DATABASES = {{"default": {{"ENGINE": "{POSTGRES}", "NAME": "shop", "HOST": "localhost"}}}}\n'
)
TESTS = "python manage.py test"


def project(root: Path, *lines: str, files: dict[str, str] | None = None) -> ProjectConfig:
    base = {**django(SETTINGS), "requirements.txt": "django\npsycopg[binary]==3.2\n"}
    return loaded(root, {**base, **workflow(*lines, TESTS), **(files or {})})


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (["sudo service postgresql start"], None),
        (["sudo service postgresql start 16"], "16"),
        (["apt-get install -y postgresql-14", "service postgresql start"], "14"),
        (["sudo pg_ctlcluster 15 main start"], "15"),
        (["sudo systemctl start postgresql@14-main.service"], "14"),
        (["brew services start postgresql@14"], "14"),
        (["sem-service start postgres 16"], "16"),
        (["/etc/init.d/postgresql restart"], None),
        (["asdf install postgres 16.2", "pg_ctl start"], "16"),
        (["asdf plugin add postgres", "asdf install", "pg_ctl start"], None),
        (["mise use postgres@15", "pg_ctl status || pg_ctl start"], "15"),
        (["apt-get install postgresql 2to3", "service postgresql start"], None),
    ],
)
def test_the_version_of_the_machines_database_is_known(
    tmp_path: Path, lines: list[str], version: str | None
) -> None:
    assert project(tmp_path, *lines).config.services["postgres"].version == version


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("redis-server &", "redis"),
        ("sudo apt-get install -y redis-server libpq-dev", "redis"),
        ("sudo apt install memcached", "memcached"),
        ("redis-server --daemonize yes", "redis"),
        ("sem-service start redis", "redis"),
        ("memcached -d", "memcached"),
        ("rabbitmq-server -detached", "rabbitmq"),
        ("sudo systemctl start mongod", "mongo"),
    ],
)
def test_a_program_of_a_known_server_is_a_service(tmp_path: Path, line: str, name: str) -> None:
    found = project(tmp_path, line)
    assert set(found.config.services) == {"postgres", name}
    assert found.config.tests.before == ()
    assert not [text for text in found.warnings if "starts" in text]


DEB = "elasticsearch-7.2.0-amd64.deb"


@pytest.mark.parametrize(
    "lines",
    [
        (
            f"curl -O https://example.com/{DEB}",
            f"sudo dpkg -i {DEB}",
            "sudo service elasticsearch start",
        ),
        (
            "wget https://example.com/elasticsearch-oss-7.2.0-linux.tar.gz",
            "./es/bin/elasticsearch -d",
        ),
        ("elasticsearch-7.2.0/bin/elasticsearch &",),
        ("elasticsearch-7.2.0/bin/elasticsearch -d",),
    ],
)
def test_a_search_server_has_the_version_of_its_archive(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    found = project(tmp_path, *lines)
    assert found.config.services["elasticsearch"].image == "elasticsearch:7.2.0"
    assert "discovery.type" in found.config.services["elasticsearch"].env
    assert not [text for text in found.warnings if "starts" in text]


def test_a_search_server_of_unknown_version_is_named(tmp_path: Path) -> None:
    found = project(tmp_path, "sudo service elasticsearch start")
    assert set(found.config.services) == {"postgres"}
    assert any("'sudo service elasticsearch start'" in text for text in found.warnings)


@pytest.mark.parametrize(
    "line",
    [
        "redis-server --version",
        "service redis stop",
        "redis-cli ping",
        "sudo apt-get install redis-tools",
        "sudo apt-get install mysql-server",
        "sudo apt-get remove redis-server",
    ],
)
def test_what_starts_nothing_is_no_service(tmp_path: Path, line: str) -> None:
    assert set(project(tmp_path, line).config.services) == {"postgres"}


def test_a_package_starts_no_server_in_a_container(tmp_path: Path) -> None:
    files = workflow("apt-get install -y redis-server", "python manage.py test")
    path, text = next(iter(files.items()))
    inside = text.replace("    steps:", "    container: python:3.13\n    steps:")
    found = loaded(tmp_path, {**django(), path: inside})
    assert "redis" not in found.config.services


@pytest.mark.parametrize(
    ("line", "named", "port"),
    [
        ("npx mock-server &", "'npx mock-server'", 1234),
        ("npm run mock &", "'mock-server'", 1234),
        ("python mock_api.py --port 80 &", "'python mock_api.py --port 80'", 80),
        ("celery -A mysite worker &", "'celery -A mysite worker'", 1234),
        ("sudo systemctl start nginx", "'sudo systemctl start nginx'", 1234),
        ("python manage.py runserver &", "'python manage.py runserver'", 8000),
        ("./manage.py runserver 0.0.0.0:8089 &", "'./manage.py runserver 0.0.0.0:8089'", 8089),
    ],
)
def test_a_program_that_stays_and_is_no_known_server_is_named(
    tmp_path: Path, line: str, named: str, port: int
) -> None:
    files = {"package.json": '{"scripts": {"mock": "mock-server"}}', "mock_api.py": ""}
    found = project(tmp_path, line, files=files)
    assert any(f"starts {named} for its tests" in text for text in found.warnings)
    assert found.config.tests.before == ()
    lines = [text for each in found.facts.suggestions for text in each.lines]
    assert any(f"port = {port} " in text for text in lines)


def test_a_program_that_is_declared_as_the_proposed_service_is_not_named(tmp_path: Path) -> None:
    line = 'services.manage-py = { command = "python manage.py runserver", port = 8000 }\n'
    found = project(tmp_path, "python manage.py runserver &", files={"heroci.toml": line})
    assert not any("for its tests" in text for text in found.warnings)


@pytest.mark.parametrize("line", ["Xvfb :99 &", "sudo systemctl start docker", "pip install x &"])
def test_what_is_no_server_is_not_named(tmp_path: Path, line: str) -> None:
    assert not [text for text in project(tmp_path, line).warnings if "starts" in text]


def test_what_psql_creates_belongs_to_the_server(tmp_path: Path) -> None:
    lines = (
        "sudo service postgresql start 14",
        "bash ci/account.sh",
        "psql -c 'CREATE DATABASE shop;' -U postgres",
        "psql -U postgres -f ci/setup.sql shop",
    )
    files = {
        **django("from shop.configuration import databases\nDATABASES = databases()\n"),
        "ci/account.sh": """sudo -u postgres psql -c "CREATE USER clerk PASSWORD 'pears'" """,
        "ci/setup.sql": "CREATE EXTENSION IF NOT EXISTS postgis;\nCREATE EXTENSION hstore;\n",
    }
    found = project(tmp_path, *lines, files=files).config.services["postgres"]
    assert found.image == "postgis/postgis:14-3.5"
    assert found.extensions == ("hstore", "postgis")
    assert found.env == {
        "POSTGRES_USER": "clerk",
        "POSTGRES_PASSWORD": "pears",
        "POSTGRES_DB": "shop",
    }


def test_files_that_a_database_in_a_container_reads_are_named(tmp_path: Path) -> None:
    compose = """
        services:
          db: {image: "postgres:16", volumes: ["./sql:/docker-entrypoint-initdb.d:ro"]}
    """
    files = {"compose.yml": compose, "sql/a.sql": "CREATE EXTENSION citext;\nCREATE SCHEMA shop;\n"}
    found = project(tmp_path, "docker compose up -d", files=files)
    (warning,) = (text for text in found.warnings if "mounts" in text)
    assert "mounts sql in postgres:16" in warning
    assert found.config.services["postgres"].extensions == ("citext",)


def test_a_program_in_a_background_step_of_circleci_is_named(tmp_path: Path) -> None:
    config = """
        version: 2.1
        jobs:
          build:
            docker: [{image: "cimg/python:3.12"}]
            steps:
              - checkout
              - run:
                  background: true
                  command: |
                    echo "starting"
                    docker pull acme/worker
                    mkdir logs
                    java -jar selenium.jar -log selenium.log
              - run: python manage.py test
    """
    found = loaded(tmp_path, {**django(), ".circleci/config.yml": config})
    [text] = [text for text in found.warnings if "for its tests" in text]
    assert "starts 'java -jar selenium.jar" in text
    assert found.config.tests.before == ()
