"""Servers that a job starts with Docker, and the variables of the containers that it tests in."""

from __future__ import annotations

import json

import pytest

from heroci_action.detection.ci.records import UNKNOWN
from tests.unit.detection.ci.trees import ci_of, suite_of, workflow

COMPOSE = {
    "compose.yml": """
        services:
          base:
            build: {context: ., dockerfile: Dockerfile.db, args: {VERSION: "${PG:-16}"}}
            environment: [POSTGRES_USER=shop]
          db: {extends: {service: base}, container_name: shop_db}
          cache: {image: "redis:${REDIS-7}"}
          mail: {image: memcached}
          web:
            container_name: shop_web
            build: {context: ., target: test}
            depends_on: {db: {condition: service_healthy}}
            environment: {DB_HOST: db, MODE: "${MODE:?}", KEEP: $$x}
            env_file: [web.env]
        """,
    "web.env": "FROM_FILE=1\nDB_HOST=elsewhere\n",
    "Dockerfile.db": "ARG VERSION=15\nFROM postgres:${VERSION}-alpine\n",
    "Dockerfile": "FROM python:3.12 AS base\nFROM base AS test\nFROM base AS prod\n",
}


def servers(*lines: str, files: dict[str, str] | None = None) -> list[str]:
    ci = ci_of({**COMPOSE, **workflow(*lines), **(files or {})})
    return [f"{image.name}:{image.tag}" for image in ci.services]


def test_services_that_a_job_starts_are_its_servers() -> None:
    assert servers("docker compose up -d cache db", "pytest") == ["redis:7", "postgres:16-alpine"]
    assert servers("pytest") == []
    assert servers("docker compose logs db", "pytest") == []


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (("docker stop kept && docker build .", "pytest"), ["redis:7"]),
        (("docker container rm -f kept", "pytest"), ["redis:7"]),
        (("docker stop -t 5 kept", "docker start kept", "pytest"), ["redis:7", "registry:2"]),
        (("pytest", "docker stop kept"), ["redis:7", "registry:2"]),
        (("docker stop other", "pytest"), ["redis:7", "registry:2"]),
    ],
)
def test_a_container_that_a_job_stops_before_its_tests_is_no_server(
    lines: tuple[str, ...], left: list[str]
) -> None:
    start = ("docker run -d --name kept registry:2", "docker run -d --name cache redis:7")
    assert sorted(servers(*start, *lines)) == left


def test_needed_services_start_too() -> None:
    assert servers("docker-compose run --rm web pytest") == ["postgres:16-alpine"]


def test_options_of_run_are_no_services() -> None:
    line = "docker compose run --rm -e A=1 -w /app web pytest"
    assert servers(line) == ["postgres:16-alpine"]


def test_named_files_and_variables_of_the_job_count() -> None:
    override = {
        "ci/compose.ci.yml": "services: {db: {image: 'postgis/postgis:17-3.5', build: null}}\n"
    }
    lines = ("docker compose -f compose.yml -f ci/compose.ci.yml up --wait db", "pytest")
    assert servers(*lines, files=override) == ["postgis/postgis:17-3.5"]
    assert servers("PG=18 docker compose up -d db", "pytest") == ["postgres:18-alpine"]
    assert servers("docker run -d -e POSTGRES_PASSWORD=x -p 5432:5432 postgres:14", "pytest") == [
        "postgres:14"
    ]


def test_tests_in_a_container_have_the_variables_of_its_service() -> None:
    for line in (
        "docker compose run -e EXTRA=1 web pytest",
        "docker compose exec -e EXTRA=1 web sh -c 'pytest -q'",
    ):
        env = ci_of({**COMPOSE, **workflow(line)}).env
        assert env == {"FROM_FILE": "1", "DB_HOST": "db", "KEEP": "$x", "EXTRA": "1"}
    env = ci_of({**COMPOSE, **workflow("docker compose up -d", "docker exec shop_web pytest")}).env
    assert env["DB_HOST"] == "db"


def test_a_service_that_is_run_without_a_command_runs_its_own() -> None:
    files = {
        "tests/docker/compose.yml": """
            services:
              web:
                build: ../..
                command: [pytest, --browser, firefox]
                working_dir: /src
                volumes: ["../../:/src"]
                environment: {MODE: whole}
                links: [mail]
              mail: {image: "mailpit:1"}
        """,
        "tests/docker/run.sh": """
            #!/usr/bin/env bash
            here="$(cd "$(dirname "${BASH_SOURCE[0]}")" >/dev/null 2>&1 && pwd)"
            cd "$here"
            docker compose build web
            docker compose run --rm web
        """,
        **workflow("tests/docker/run.sh"),
    }
    ci = ci_of(files)
    assert suite_of(files) == ["pytest --browser firefox"]
    assert ci.suite is not None
    assert ci.suite.main.command.directory == "."
    assert ci.env == {"MODE": "whole"}
    assert "mailpit" in [image.name for image in ci.services]
    assert suite_of({**files, **workflow("cd tests/docker && docker compose run -d web")}) == []


@pytest.mark.parametrize(
    "line",
    [
        "docker compose up --exit-code-from web",
        "docker-compose up --abort-on-container-exit",
        "docker compose up --build --abort-on-container-exit web",
    ],
)
def test_the_command_of_a_service_that_ends_a_call_is_run(line: str) -> None:
    compose = """
        services:
          db: {image: "postgres:17"}
          web:
            build: .
            entrypoint: [/wait-for-it.sh, "db:5432", --]
            command: /code/scripts/test.sh shop
            volumes: [".:/code"]
            depends_on: [db]
            environment: {MODE: test}
    """
    files = {
        "compose.yaml": compose,
        "scripts/test.sh": "pytest -x $1\n",
        "Dockerfile": "FROM python:3.13\n",
        **workflow(line),
    }
    ci = ci_of(files)
    assert ci.suite is not None
    assert ci.suite.main.arguments == ("-x", "shop")
    assert ci.env == {"MODE": "test"}
    assert [image.name for image in ci.services if not image.built] == ["postgres"]


def test_a_service_with_the_image_that_another_one_builds_is_no_server() -> None:
    compose = """
        services:
          db: {image: "postgres:17"}
          worker: {image: "${NAME}:latest", environment: {DB_HOST: db, DB_PORT: 5432}}
          web: {image: "${NAME}:latest", build: ., depends_on: [worker, db], command: pytest}
    """
    files = {"compose.yaml": compose, "Dockerfile": "FROM python:3.13\n"}
    ci = ci_of({**files, **workflow("docker compose run web pytest")})
    assert [image.name for image in ci.services if not image.built] == ["postgres"]


def test_a_call_that_leaves_its_services_running_is_expanded_into_nothing() -> None:
    files = {"compose.yaml": "services: {web: {image: shop, command: pytest}}"}
    assert ci_of({**files, **workflow("docker compose up -d")}).suite is None


def test_names_of_images_may_contain_variables_with_variables_as_defaults() -> None:
    files = {
        "db.env": "TAG=16-alpine\nNAME=postgres\n",
        "db.yml": """
            services:
              db: {image: "${IMAGE:-${NAME:-mysql}:$TAG}"}
              cache: {image: "${REGISTRY:-${MIRROR:-redis}}:7"}
        """,
    }
    line = "docker compose --env-file=db.env -f db.yml up -d"
    assert servers(line, "pytest", files=files) == ["postgres:16-alpine", "redis:7"]


IN_CONTAINER = {
    "ci/compose.yml": """
        services:
          app:
            image: shop-dev
            container_name: shop.app
            working_dir: /srv/shop
            volumes: ["..:/srv/shop", "pip:/root/.cache"]
          built: {build: {context: .., dockerfile: Dockerfile}}
          db: {image: "postgres:16"}
    """,
    "Dockerfile": "FROM python:3.12\nWORKDIR /app/web\nCOPY --chown=app . /app\n",
    "check.sh": "cd /srv/shop/web && make test\n",
    "web/Makefile": "test:\n\tpytest --ds=shop.settings\n",
    "web/unit.sh": "pytest -k unit\n",
}


@pytest.mark.parametrize(
    ("lines", "run"),
    [
        (("up -d", "docker exec -e A=1 shop.app /srv/shop/check.sh"), "pytest --ds=shop.settings"),
        (
            ("up -d", "docker exec shop.app bash -c 'cd web && make test'"),
            "pytest --ds=shop.settings",
        ),
        (("run built ./unit.sh",), "pytest -k unit"),
        (("run -w /app built bash web/unit.sh",), "pytest -k unit"),
        (("pull", "docker run -v $PWD/web:/x -w /x shop-dev ./unit.sh"), "pytest -k unit"),
    ],
)
def test_paths_in_a_container_are_those_of_the_repository_mounted_there(
    lines: tuple[str, ...], run: str
) -> None:
    compose, *others = lines
    files = {**IN_CONTAINER, **workflow(f"docker compose -f ci/compose.yml {compose}", *others)}
    suite = ci_of(files).suite
    assert suite_of(files) == [run]
    assert suite is not None
    assert suite.main.command.directory == "web" or "-w /app" in lines[0]


def test_paths_in_an_image_that_another_job_built_are_those_that_its_dockerfile_copies() -> None:
    files = {
        "compose.yml": "services: {web: {image: '${IMAGE}', command: pytest /app/shop}}",
        "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY setup.py /setup.py\nCOPY --chown=app ./web /app/\n",
        "web/shop/test_cart.py": "",
        "setup.py": "",
        **workflow("IMAGE=shop:$GITHUB_SHA docker compose up --exit-code-from web"),
    }
    suite = ci_of(files).suite
    assert suite is not None
    assert suite_of(files) == ["pytest {root}/web/shop"]
    assert suite.main.command.directory == "web"


def test_paths_in_an_image_may_come_from_another_of_its_stages() -> None:
    dockerfile = (
        "FROM python:3.12 AS base\nARG HOME=/app\nWORKDIR $HOME\nFROM base AS build\nCOPY . ./\nFROM base\n"
        "COPY --from=build --chown=app $HOME ./\nCOPY --from=build /app/web /srv/\n"
    )
    files = {
        "compose.yml": "services: {web: {build: .}}",
        "Dockerfile": dockerfile,
        "ci/test.sh": "pytest shop /srv/x\n",
        "shop/test_cart.py": "",
        "web/x/test_y.py": "",
        **workflow("docker compose up -d", "docker compose exec -T web /app/ci/test.sh"),
    }
    assert suite_of(files) == ["pytest shop {root}/web/x"]


def test_variables_in_the_paths_of_an_image_are_those_of_its_dockerfile() -> None:
    dockerfile = "FROM python:3.12\nARG HOME=/x\nENV CODE=/app\nWORKDIR ${CODE}/web\nCOPY . $HOME\n"
    compose = """
        services:
          built:
            build: {context: ., args: {HOME: /app}}
    """
    run = workflow("docker compose run built ./unit.sh")
    files = {
        "compose.yml": compose,
        "Dockerfile": dockerfile,
        "web/unit.sh": "pytest -k unit\n",
        **run,
    }
    assert suite_of(files) == ["pytest -k unit"]


@pytest.mark.parametrize("verb", ["run web", "up --exit-code-from web"])
def test_paths_in_the_variables_of_a_service_are_those_of_the_repository(verb: str) -> None:
    compose = """
        services:
          web:
            image: shop:1
            command: pytest
            volumes: [".:/code"]
            environment: {KEY: /code/ci/key.json, OTHER: /etc/key.json, URL: http://web/code}
    """
    files = {"compose.yml": compose, **workflow(f"docker compose {verb}")}
    suite = ci_of(files).suite
    assert suite is not None
    env = suite.main.command.env
    assert env["KEY"] == "{root}/ci/key.json"
    assert (env["OTHER"], env["URL"]) == ("/etc/key.json", "http://web/code")


def test_the_container_of_the_tests_is_no_server() -> None:
    line = "docker exec shop.app /srv/shop/check.sh"
    files = {**IN_CONTAINER, **workflow("docker compose -f ci/compose.yml up -d app db", line)}
    assert [image.name for image in ci_of(files).services] == ["postgres"]


def test_compose_files_are_where_docker_is_called() -> None:
    files = {
        "compose.yml": """
            services:
              web: {image: "web:1", working_dir: /app, volumes: ["./web:/app"], environment: {MODE: ci}}
              db: {image: "postgres:16"}
        """,
        **workflow("docker compose up -d", "docker compose exec web pytest"),
    }
    ci = ci_of(files)
    assert [image.name for image in ci.services] == ["postgres"]
    assert ci.env == {"MODE": "ci"}


def test_a_shell_in_a_container_runs_its_text_and_not_the_command_of_the_service() -> None:
    files = {
        "compose.yml": "services: {web: {image: 'x:1', command: ./serve}}",
        **workflow("docker compose run --rm web sh -lc 'pytest -k a'"),
    }
    assert suite_of(files) == ["pytest -k a"]


_BASE = """
services:
  web: {image: "app", environment: {FOO: base}, depends_on: [db]}
  db: {image: "postgres:13"}
  cache: {image: "redis:6", profiles: [test]}
  mail: {image: "memcached", profiles: [dev]}
"""
_OVERRIDE = """
services:
  web: {environment: {BAR: override}, depends_on: [queue]}
  db: {image: "postgres:16"}
  queue: {image: "rabbitmq:3"}
"""


def servers_of(*lines: str, files: dict[str, str]) -> list[str]:
    """Return the servers of the suite's job."""
    found = ci_of({**workflow(*lines), "manage.py": "", **files})
    return sorted(image.reference for image in found.services)


@pytest.mark.parametrize("start", ["--profile test up -d", "--profile test --profile x up -d"])
def test_only_services_of_the_active_profiles_are_started(start: str) -> None:
    files = {"compose.yml": _BASE}
    found = servers_of(f"docker compose {start}", "python manage.py test", files=files)
    assert found == ["app", "postgres:13", "redis:6"]
    by_variable = "COMPOSE_PROFILES=test docker compose up -d"
    assert servers_of(by_variable, "python manage.py test", files=files) == found
    named = servers_of("docker compose up -d mail", "python manage.py test", files=files)
    assert named == ["memcached"]


@pytest.mark.parametrize(
    "lines",
    [
        ("docker compose -f a.yml -f b.yml config > made.yml", "docker compose -f made.yml run web pytest"),
        ("docker compose -f a.yml -f b.yml config -o made.yml", "docker compose -f made.yml run web pytest"),
        ("docker compose --project-directory . -f a.yml -f b.yml run web pytest",),
        ("docker compose -f a.yml -f b.yml run --entrypoint pytest web",),
    ],
)  # fmt: skip
def test_merged_files_keep_the_needs_of_each(lines: tuple[str, ...]) -> None:
    files = {"a.yml": _BASE, "b.yml": _OVERRIDE}
    assert servers_of(*lines, files=files) == ["postgres:16", "rabbitmq:3"]
    env = ci_of({**workflow(*lines), **files}).env
    assert (env["FOO"], env["BAR"]) == ("base", "override")


def test_written_files_may_contain_numbers() -> None:
    files = {"compose.yml": "services: {web: {build: ., ports: [9000], environment: {FOO: 1}}}\n"}
    lines = ("docker compose config > made.yml", "docker compose -f made.yml run web pytest")
    assert ci_of({**workflow(*lines), **files}).env == {"FOO": "1"}


def test_paths_in_a_container_are_moved_once() -> None:
    files = {
        "compose.yml": "services: {web: {build: ., volumes: ['.:/code', './share:/share']}}\n",
        "share/a.txt": "",
        "manage.py": "",
    }
    line = "docker compose run web bash -c 'python manage.py dump --out /share/new.txt && pytest'"
    commands = [" ".join(command.words) for command in ci_of({**workflow(line), **files}).commands]
    assert "python manage.py dump --out {root}/share/new.txt" in commands


@pytest.mark.parametrize(
    "text",
    [
        "include: [base/a.yml]\n",
        "include: [{path: base/a.yml}]\n",
        "services: {web: {extends: {file: base/a.yml, service: web}}, db: {image: 'postgres:13'}}\n",
    ],
)
def test_services_of_other_files_are_read(text: str) -> None:
    files = {"compose.yml": text, "base/a.yml": _BASE}
    assert servers_of("docker compose run web pytest", files=files) == ["postgres:13"]
    assert ci_of({**workflow("docker compose run web pytest"), **files}).env["FOO"] == "base"


def test_a_service_extends_one_that_extends_another_in_any_order() -> None:
    text = """
        services:
          web: {extends: {service: app}, command: pytest}
          app: {extends: base}
          base: {image: shop, environment: {FOO: base}, depends_on: [db]}
          db: {image: "postgres:13"}
          one: {extends: two}
          two: {extends: one}
        """
    assert servers_of("docker compose run web pytest", files={"compose.yml": text}) == [
        "postgres:13"
    ]


def test_files_that_include_each_other_end() -> None:
    files = {"compose.yml": "include: [b.yml]\n", "b.yml": f"include: [compose.yml]\n{_BASE}"}
    assert servers_of("docker compose run web pytest", files=files) == ["postgres:13"]


SEVERAL_FILES = {
    "docker-compose.yaml": "services: {db: {image: 'postgres:16'}}",
    "compose.local.yml": """
        services:
          web:
            image: shop
            build: {context: ., dockerfile: Dockerfile}
            environment: {MODE: ci}
            depends_on: [worker]
          worker: {image: shop, environment: {DB_PORT: 5432}, depends_on: [db]}
    """,
    "Dockerfile": "FROM python:3.12\nRUN apt-get install -y gettext\n",
    "Makefile": "test:\n\tdocker compose exec web bash -c 'pytest -k a'\n",
}
START = "docker compose -f docker-compose.yaml -f compose.local.yml up -d"


@pytest.mark.parametrize(
    "line",
    [
        "docker compose exec web pytest -k a",
        "docker-compose exec -T web sh -c 'pytest -k a'",
        "make test",
        "docker compose ps && docker compose exec web pytest -k a",
    ],
)
def test_a_running_container_has_the_files_of_the_call_that_started_it(line: str) -> None:
    files = {**SEVERAL_FILES, **workflow(START, line)}
    ci = ci_of(files)
    assert suite_of(files) == ["pytest -k a"]
    assert ci.env == {"MODE": "ci"}
    assert ci.suite is not None
    assert ci.suite.job.python == "3.12"


@pytest.mark.parametrize(
    "line", ["docker compose exec web pytest", "docker compose -f compose.local.yml run web pytest"]
)
def test_a_worker_with_the_image_of_the_application_is_no_server(line: str) -> None:
    found = ci_of({**SEVERAL_FILES, **workflow(START, line)}).services
    assert [(image.name, image.built) for image in found] == [
        ("postgres", False),
        ("python", True),
    ]


def test_tests_in_an_image_that_another_service_builds_have_its_contents() -> None:
    line = "docker compose -f compose.local.yml run worker pytest"
    suite = ci_of({**SEVERAL_FILES, **workflow(line)}).suite
    assert suite is not None
    assert [command.line for command in suite.job.image_commands] == ["apt-get install -y gettext"]


def test_the_image_of_another_program_does_not_replace_that_of_the_suite() -> None:
    services = "{web: {build: .}, proxy: {build: ./proxy}}"
    files = {
        "compose.yml": f"services: {services}",
        "manage.py": "",
        "Dockerfile": "FROM python:3.12\nRUN pip install -r requirements.txt\n",
        "proxy/Dockerfile": "FROM python:3.9\nRUN pip install -r requirements.txt\n",
        **workflow(
            "docker compose run web ./manage.py test", "docker compose run proxy pytest test.py"
        ),
    }
    suite = ci_of(files).suite
    assert suite is not None
    assert [command.source for command in suite.job.image_commands] == ["Dockerfile"]
    assert suite.job.python == "3.12"


NEEDED = {
    "compose.yml": """
        services:
          db: {image: "postgres:16"}
          assets: {image: "node:22", command: npm run css, volumes: ["./ui:/ui"], working_dir: /ui}
          tables:
            image: shop
            environment: {DB: db}
            command: sh -c "python manage.py migrate && python manage.py seed"
            depends_on: {db: {condition: service_healthy}, assets: {condition: service_completed_successfully}}
          web:
            build: .
            environment: {DB: elsewhere}
            depends_on: {tables: {condition: service_completed_successfully}}
        """,
    "Dockerfile": "FROM python:3.12\n",
    "ui/package.json": '{"scripts": {"css": "sass shop.scss"}}',
}


@pytest.mark.parametrize(
    "lines",
    [
        ["docker compose run --rm web pytest"],
        ["docker compose up -d web", "docker compose exec web pytest"],
    ],
)
def test_services_that_must_end_first_run_their_commands_and_are_no_servers(
    lines: list[str],
) -> None:
    ci = ci_of({**NEEDED, **workflow(*lines)})
    found = {" ".join(command.words): command for command in ci.tests}
    assert [*found][:3] == ["sass shop.scss", "python manage.py migrate", "python manage.py seed"]
    assert found["sass shop.scss"].directory == "ui"
    assert found["python manage.py seed"].env["DB"] == "db"
    assert [image.reference for image in ci.services if not image.built] == ["postgres:16"]


def test_services_that_are_not_started_run_no_commands() -> None:
    lines = ("docker compose run --no-deps web pytest", "docker compose stop tables")
    commands = ci_of({**NEEDED, **workflow(*lines)}).tests
    assert [command.call.program for command in commands] == ["pytest", "docker"]


@pytest.mark.parametrize(
    ("line", "env_file", "missing"),
    [
        ("echo", ".env", ["env_file: .env"]),
        ("cp .env.example .env", ".env", []),
        ("echo ${{ secrets.ENV }} > .env", ".env", []),
        ("echo", "[.env.example, {path: .env, required: false}]", []),
        ("echo", "['${DIRECTORY:-conf}/web.env']", ["env_file: conf/web.env"]),
    ],
)
def test_a_file_of_variables_that_nothing_creates_is_named(
    line: str, env_file: str, missing: list[str]
) -> None:
    files = {
        "compose.yml": f"services: {{web: {{build: ., env_file: {env_file}}}}}",
        ".env.example": "A=1\n",
        "conf/example.web.env": "A=1\n",
    }
    suite = ci_of({**files, **workflow(line, "docker compose run web pytest")}).suite
    found = suite.job.left_out if suite else ()
    assert [each.line for each in found] == missing
    assert all((each.command or "").startswith("cp ") for each in found)


def test_containers_for_people_are_no_servers_of_the_tests() -> None:
    names = (
        "phpmyadmin",
        "dpage/pgadmin4",
        "mher/flower",
        "traefik:v3",
        "squidfunk/mkdocs-material",
        "axllent/mailpit",
        "redis:7",
    )
    services = {f"s{number}": {"image": name} for number, name in enumerate(names)}
    files = {"compose.yml": json.dumps({"services": services})}
    ci = ci_of({**files, **workflow("docker compose up -d", "pytest")})
    assert [image.reference for image in ci.services] == ["redis:7"]
    assert ci.suite
    assert [line.line for line in ci.suite.job.left_out][3] == "s3: traefik:v3"


@pytest.mark.parametrize(
    ("image", "service", "harmless"),
    [
        ("nginx:1.25", {"depends_on": ["web"]}, True),
        ("nginxinc/nginx-unprivileged", {"depends_on": ["cache"]}, True),
        ("nginx", {"volumes": ["./site.conf:/etc/nginx/conf.d/a.conf"]}, True),
        ("nginx", {"volumes": ["./conf:/etc/nginx/conf.d"]}, True),
        ("nginx", {"depends_on": {"web": {"condition": "service_healthy"}}}, True),
        ("httpd:2", {"links": ["web"]}, True),
        ("nginx", {"depends_on": ["web"], "container_name": "front"}, True),
        ("nginx", {"depends_on": ["db"]}, None),
        ("nginx", {"volumes": ["./media:/usr/share/nginx/html"]}, None),
        # The tests use what needs the application.
        ("selenium/standalone-chrome", {"depends_on": ["web"]}, None),
    ],
)
def test_a_web_server_before_the_application_is_no_server_of_the_tests(
    image: str, service: dict[str, object], harmless: bool | None
) -> None:
    services = {
        "web": {"build": "."},
        "db": {"image": "postgres:17"},
        "cache": {"image": "redis:7", "depends_on": ["web"]},
        "proxy": {"image": image, **service},
    }
    files = {
        "compose.yml": json.dumps({"services": services}),
        "Dockerfile": "FROM python:3.13\nCOPY . .\n",
        "site.conf": "server { location / { proxy_pass http://web:8000; } }\n",
        "conf/app.conf": "location / { uwsgi_pass web:8000; }\n",
        "media/a.txt": "",
    }
    up = "docker compose up -d"
    for test in ("docker compose exec -T web pytest", "pytest"):
        ci = ci_of({**files, **workflow(up, test)})
        assert ci.suite
        lines = {line.line: line for line in ci.suite.job.left_out}
        assert ("proxy" in {each.alias for each in ci.services}) is (harmless is None)
        assert all(line.harmless is harmless for line in lines.values())


def test_a_proxy_that_the_tests_address_is_left_out_with_its_reason() -> None:
    services = {"web": {"build": "."}, "proxy": {"image": "nginx", "depends_on": ["web"]}}
    files = {"compose.yml": json.dumps({"services": services}), "Dockerfile": "FROM python:3\n"}
    test = "SITE=http://proxy/ pytest"
    suite = ci_of({**files, **workflow("docker compose up -d", test)}).suite
    assert suite
    (line,) = suite.job.left_out
    assert (line.line, line.harmless) == ("proxy: nginx", False)
    assert "the plan does not start" in line.reason


def test_the_client_of_a_server_is_no_server_and_may_prepare_the_tests() -> None:
    services = {"files": {"image": "minio/minio"}, "buckets": {"image": "minio/mc:7"}}
    files = {"compose.yml": json.dumps({"services": services})}
    ci = ci_of({**files, **workflow("docker compose up -d", "pytest")})
    assert [image.reference for image in ci.services] == ["minio/minio"]
    assert ci.suite
    (line,) = (each for each in ci.suite.job.left_out if each.line == "buckets: minio/mc:7")
    assert not line.harmless


def test_a_mail_server_stays_if_the_tests_read_its_page() -> None:
    files = {"compose.yml": "services: {mail: {image: mailhog/mailhog}}"}
    lines = ("docker compose up -d", "MAIL_API=http://localhost:8025/api pytest")
    assert servers(*lines, files=files) == ["mailhog/mailhog:"]


def test_tests_in_an_image_that_compose_builds_are_the_suite() -> None:
    files = {
        "compose.yml": """
            services:
              web: {build: {context: ., target: test}}
              worker: {build: {context: ., target: test}}
              docs: {build: docs}
            """,
        "Dockerfile": "FROM python:3.12 AS base\nFROM base AS test\nRUN pytest -m fast\nFROM base\nRUN pytest -m e2e\n",
        "docs/Dockerfile": "FROM python:3.12\nRUN make test-docs\n",
    }
    for line in ("docker compose build", "docker compose build web"):
        assert suite_of({**files, **workflow(line)}) == ["pytest -m fast"]
    assert suite_of({**files, **workflow("docker compose build docs")}) == []


@pytest.mark.parametrize(
    ("directory", "context"),
    [("ops", "${PWD}/../"), (".", "$PWD"), ("ops", "${GITHUB_WORKSPACE}")],
)
def test_paths_with_the_directory_of_the_call_are_those_of_the_repository(
    directory: str, context: str
) -> None:
    compose = f"""
        services:
          web:
            build: {{context: "{context}", dockerfile: ops/Dockerfile}}
            volumes: ["{context}:/code"]
            working_dir: /code/shop
            env_file: "{context}/web.env"
        """
    files = {
        "ops/compose.yml": compose,
        "ops/Dockerfile": "FROM python:3.12\nRUN apt-get install -y gettext\n",
        "shop/manage.py": "",
        "web.env": "MODE=test\n",
        **workflow(
            f"cd {directory} && docker compose -f $GITHUB_WORKSPACE/ops/compose.yml run web pytest"
        ),
    }
    suite = ci_of(files).suite
    assert suite is not None
    assert suite.main.command.directory == "shop"
    assert suite.main.command.env["MODE"] == "test"
    assert [command.line for command in suite.job.image_commands] == ["apt-get install -y gettext"]


def test_files_that_an_image_copies_are_known_to_its_commands() -> None:
    files = {
        "compose.yml": "services: {web: {build: ./web}}",
        "web/Dockerfile": "FROM python:3.12\nCOPY *.txt /\n"
        "RUN cat /packages.txt | grep -v '^#' | xargs apt-get install -y\n"
        "RUN cat /etc/missing.txt | xargs apt-get remove\n",
        "web/packages.txt": "# of the tests\ngettext\nlibpq-dev\n",
        **workflow("docker compose run web pytest"),
    }
    suite = ci_of(files).suite
    assert suite is not None
    installs = [c.words for c in suite.job.image_commands if c.call.name == "apt-get"]
    assert installs[0] == ("xargs", "apt-get", "install", "-y", "gettext", "libpq-dev")
    assert installs[1] == ("xargs", "apt-get", "remove", UNKNOWN)


DISPATCHER = """
#!/usr/bin/env python
import os, subprocess, sys
COMMANDS = {"web": ["gunicorn"], "tests": ["python", "manage.py", "test", "shop"]}
def migrate():
    subprocess.run(["python", "manage.py", "provision"])
if __name__ == "__main__":
    name = sys.argv[1]
    args = COMMANDS.get(name)
    if args:
        args.extend(sys.argv[2:])
        if name not in ("tests", "shell"):
            migrate()
    else:
        args = sys.argv[1:]
    os.execvp(args[0], args)
"""
SHELL = '#!/bin/sh\ncase "$1" in\n  tests) pytest shop;;\n  *) exec "$@";;\nesac\n'
IN_COMPOSE = {
    "base.yml": "services: {app: {build: ., entrypoint: /app/entry.py, volumes: ['.:/app']}}\n",
    "compose.yml": "services: {web: {extends: {file: base.yml, service: app}, volumes: ['x:/media'], command: web}}\n",
    "Dockerfile": "FROM python:3.12\n",
}
IN_IMAGE = {
    "compose.yml": "services: {web: {build: .}}\n",
    "Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . /app\nENTRYPOINT ["/app/entry.sh", "--"]\nCMD ["web"]\n',
}


@pytest.mark.parametrize(
    ("line", "files", "found"),
    [
        ("run --rm web tests --keepdb", {**IN_COMPOSE, "entry.py": DISPATCHER}, "python manage.py test shop --keepdb"),
        ("run web tests", {**IN_IMAGE, "entry.sh": SHELL.replace("$1", "$2")}, "pytest shop"),
        (
            "run web quick",
            {
                **IN_IMAGE,
                "entry.sh": '#!/bin/sh\nexec "/app/bin/$2.sh"\n',
                "bin/quick.sh": "pytest shop\n",
            },
            "pytest shop",
        ),
        # Words that are a program, or a program that starts in another way.
        ("run web pytest api", {**IN_COMPOSE, "entry.py": DISPATCHER}, "docker compose run web pytest api"),
        ("run --entrypoint sh web tests", {**IN_COMPOSE, "entry.py": DISPATCHER}, None),
        ("exec web tests", {**IN_COMPOSE, "entry.py": DISPATCHER}, None),
        ("run web shell", {**IN_COMPOSE, "entry.py": DISPATCHER}, None),
    ],
)  # fmt: skip
def test_the_entry_point_of_a_service_says_what_its_words_run(
    line: str, files: dict[str, str], found: str | None
) -> None:
    suite = ci_of({**files, "manage.py": "", **workflow(f"docker compose {line}")}).suite
    assert (" ".join(suite.main.command.words) if suite else None) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("lint", ["flake8 shop"]),
        ("shell ./check.sh", ["black --check ."]),
        ("flake8 api", ["docker compose run web flake8 api"]),
        ("shell bash", ["docker compose run web shell bash"]),
    ],
)
def test_the_entry_point_of_a_service_says_what_its_words_check(
    words: str, found: list[str]
) -> None:
    entry = "#!/bin/sh\ncase $2 in\nlint) flake8 shop;;\nshell) shift 2; exec $@;;\nesac\n"
    files = {**IN_IMAGE, "entry.sh": entry, "check.sh": "black --check .\n", "manage.py": ""}
    ci = ci_of({**files, **workflow(f"docker compose run web {words}", "manage.py test")})
    assert [" ".join(each.words) for each in ci.commands][: len(found)] == found


@pytest.mark.parametrize(
    ("line", "script", "found"),
    [
        ("run web tests", "export MODE=test", "test"),
        ("run -e MODE=quick web tests", "export MODE=test", "test"),
        ("run -e MODE=quick web tests", "", "quick"),
        ("run -e MODE=quick web tests", "export MODE=${MODE:-none}-test", "quick-test"),
    ],
)
def test_what_the_script_in_a_container_exports_wins_over_the_variables_of_the_service(
    line: str, script: str, found: str
) -> None:
    files = {
        "compose.yml": "services: {web: {build: ., environment: {MODE: dev, KEPT: x}}}\n",
        "Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . /app\nENTRYPOINT ["/app/entry.sh"]\n',
        "entry.sh": f"#!/bin/sh\n{script}\npytest shop\n",
        "manage.py": "",
    }
    env = ci_of({**files, **workflow(f"docker compose {line}")}).env
    assert env == {"MODE": found, "KEPT": "x"}


BUILT = {
    "web/Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . /app\nENV MODE=test\nENTRYPOINT ["/app/entry.sh"]\n',
    "web/entry.sh": "#!/bin/sh\npytest $@\n",
    "web/manage.py": "",
    "compose.yml": "services: {app: {image: 'shop:${TAG:-1}'}}\n",
}
BUILD = "docker build -t shop:1 web"


@pytest.mark.parametrize(
    "lines",
    [
        (BUILD, "docker compose run app shop"),
        (BUILD, "docker run --rm shop:1 shop"),
        ("docker build -t other web", "docker tag other shop:1", "docker compose run app shop"),
        (BUILD.replace("shop:1", "shop:x"), "TAG=x docker compose run app shop"),
        (BUILD, "docker run --entrypoint /app/entry.sh shop:1 shop"),
    ],
)
def test_an_image_that_the_job_builds_under_a_name_starts_as_its_dockerfile_says(
    lines: tuple[str, ...],
) -> None:
    ci = ci_of({**BUILT, **workflow(*lines)})
    assert ci.suite is not None
    run = ci.suite.main.command
    assert (run.words, run.directory) == (("pytest", "shop"), "web")
    assert ci.env["MODE"] == "test"


def test_an_image_of_another_job_starts_as_its_dockerfile_says() -> None:
    jobs = """
        build: {steps: [{uses: docker/build-push-action@v6, with: {context: web, tags: "hub/shop:${{ github.sha }}"}}]}
        test: {needs: build, steps: [{run: "docker run hub/shop:${{ github.sha }} shop"}]}
    """
    suite = ci_of({**BUILT, ".github/workflows/ci.yml": f"jobs:\n{jobs}"}).suite
    assert suite is not None
    assert (suite.main.command.words, suite.main.command.directory) == (("pytest", "shop"), "web")


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ('CMD ["pytest", "shop"]', "pytest shop"),
        ('ENTRYPOINT ["pytest"]\nCMD ["shop"]', "pytest shop"),
        ("CMD pytest shop", "pytest shop"),
        ('ENTRYPOINT ["gunicorn"]\nCMD ["pytest", "shop"]', None),
        ('CMD ["gunicorn"]', None),
    ],
)
def test_a_container_without_words_runs_the_command_of_its_image(
    start: str, found: str | None
) -> None:
    dockerfile = f"FROM python:3.12\nCOPY . .\n{start}\n"
    lines = ("docker build -t tests -f Dockerfile.test .", "docker run -e CI=1 tests")
    suite = ci_of({"Dockerfile.test": dockerfile, "manage.py": "", **workflow(*lines)}).suite
    assert (" ".join(suite.main.command.words) if suite else None) == found


@pytest.mark.parametrize("place", ["ci", "."])
def test_an_action_that_starts_services_of_compose_is_read_like_the_command(place: str) -> None:
    file = "compose.test.yml" if place == "ci" else "./ci/compose.test.yml"
    inputs = f"cwd: {place}, compose-file: {file}, services: 'db\n\nweb', up-flags: --build"
    steps = f"[{{uses: isbang/compose-action@v2, with: {{{inputs}}}}}, {{run: docker exec shop python manage.py test}}]"
    compose = """
        services:
          db: {image: "postgres:16"}
          other: {image: "redis:7"}
          web: {build: .., container_name: shop, environment: {MODE: test}}
    """
    files = {
        "ci/compose.test.yml": compose,
        "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY . /app\n",
        "manage.py": "",
        ".github/workflows/ci.yml": f"jobs: {{test: {{steps: {steps}}}}}",
    }
    ci = ci_of(files)
    assert ci.env == {"MODE": "test"}
    assert [image.name for image in ci.services if not image.built] == ["postgres"]


PASSING = """
    on: push
    jobs:
      t:
        env: {{LEVEL: deep, TRACE: "1", COMPOSE_FILE: ci.yml}}
        steps:
          - run: docker compose up -d web
          - run: {line}
"""


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("docker compose run web pytest", {}),
        ("docker compose run -e TRACE web pytest", {"TRACE": "1"}),
        ("docker compose run -e TRACE=2 web sh -c 'ONLY=3 pytest'", {"TRACE": "2", "ONLY": "3"}),
        ("docker compose run web ./unit.sh", {"OWN": "5"}),
        ("docker compose exec -T web pytest", {}),
        ("docker compose exec -e TRACE web ./unit.sh", {"TRACE": "1", "OWN": "5"}),
        ("docker compose up --exit-code-from tests tests", {}),
    ],
)
def test_only_variables_of_the_service_and_the_call_reach_a_container(
    line: str, more: dict[str, str]
) -> None:
    compose = """
        services:
          web: &web
            build: .
            environment: {MODE: "${LEVEL}"}
          tests: {<<: *web, command: pytest}
    """
    files = {
        "ci.yml": compose,
        "unit.sh": "export OWN=5\npytest\n",
        ".github/workflows/ci.yml": PASSING.format(line=line),
    }
    assert ci_of(files).env == {"MODE": "deep", **more}
