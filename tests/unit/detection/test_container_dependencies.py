"""If the suite runs in a container, the image's Dockerfile says what is installed."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

COMPOSE = {
    "compose.yml": "services: {web: {build: {context: ., target: test, args: {LEVEL: ci}}}}\n"
}
FILES = {
    **django(),
    "requirements.txt": "django\n",
    "requirements/base.txt": "django\n",
    "requirements/ci.txt": "-r base.txt\npytest\n",
    "requirements/prod.txt": "-r base.txt\ngunicorn\n",
}
IN_COMPOSE = "docker compose run --rm web python manage.py test"


def in_container(
    tmp_path: Path, dockerfile: str, *lines: str, files: dict[str, str] | None = None
) -> ProjectConfig:
    tests = workflow(*(lines or (IN_COMPOSE,)))
    return loaded(
        tmp_path, {**FILES, **COMPOSE, **tests, "Dockerfile": dockerfile, **(files or {})}
    )


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM python:3.12 AS test\nCOPY . /app\nWORKDIR /app\nRUN pip install -r requirements/ci.txt\n",
        "FROM python:3.12 AS test\nADD requirements/ /req/\nRUN pip install --no-cache -r /req/ci.txt\n",
        "FROM python:3.12 AS test\nCOPY requirements/*.txt ./\nRUN uv pip install -r ci.txt\n",
        'FROM python:3.12 AS test\nARG LEVEL=prod\nCOPY . .\nRUN pip install -r "requirements/${LEVEL}.txt"\n',
        "FROM python:3.12 AS test\nENV LEVEL ci\nCOPY . .\nRUN pip install -r requirements/$LEVEL.txt\n",
        "FROM python:3.12 AS test\nRUN --mount=type=bind,source=requirements,target=/r pip install -r /r/ci.txt\n",
        "FROM python:3.12 AS test\nCOPY . .\nRUN pip --quiet --cache-dir /c install -r requirements/ci.txt\n",
        "FROM python:3.12 AS test\nCOPY . .\nRUN uv -q pip install -r requirements/ci.txt\n",
        'FROM python:3.12 AS test\nCOPY . /x\nRUN ["pip", "install", "-r", "/x/requirements/ci.txt"]\n',
        """
        FROM python:3.12 AS base
        COPY requirements /req
        FROM base AS test
        RUN apt-get update \\
            # the tests only
            && pip install -r /req/ci.txt
        FROM base AS prod
        RUN pip install -r /req/prod.txt
        """,
        # Another stage hands over the file under another name.
        """
        FROM python:3.12 AS files
        COPY requirements/*.txt requirements.txt ./
        FROM python:3.12 AS test
        COPY --from=files ci.txt /requirements.txt
        RUN pip install -r /requirements.txt
        """,
        """
        FROM python:3.12 AS files
        WORKDIR /src
        COPY . .
        FROM python:3.12 AS test
        COPY --chown=app --from=files /src/requirements /srv/req/
        RUN cd /srv/req && pip install -r ci.txt
        """,
        """
        FROM scratch AS files
        ADD requirements/ci.txt /all.txt
        FROM python:3.12 AS test
        WORKDIR /app
        COPY --from=files --link /all.txt .
        RUN pip install --require-hashes -r all.txt
        """,
        """
        FROM python:3.12 AS builder
        COPY requirements /req
        RUN <<EOF
        python -m venv /venv
        /venv/bin/pip install -r /req/ci.txt
        EOF
        FROM python:3.12-slim AS test
        COPY --from=builder /venv /venv
        """,
    ],
    ids=[
        "workdir",
        "directory",
        "pattern",
        "argument",
        "env",
        "mount",
        "options before the verb",
        "option of uv",
        "list",
        "base",
        "renamed in a stage",
        "directory of a stage",
        "stage without a system",
        "copied stage",
    ],
)
def test_the_requirements_are_those_that_the_image_installs(
    tmp_path: Path, dockerfile: str
) -> None:
    found = in_container(tmp_path, dockerfile)
    assert found.config.requirements == ("requirements/ci.txt",)


@pytest.mark.parametrize(
    ("base", "apt"),
    [
        ("node:22", ("gettext",)),
        ("docker.io/library/node:22-alpine", ("gettext",)),
        ("python:3.12", ("g++", "gettext")),
        ("acme/node-python:1", ("g++", "gettext")),
    ],
)
def test_packages_of_a_stage_of_another_language_are_not_for_the_tests(
    tmp_path: Path, base: str, apt: tuple[str, ...]
) -> None:
    dockerfile = f"""
        FROM {base} AS assets
        RUN apt-get install -y g++ && npm ci
        FROM python:3.12 AS test
        COPY --from=assets /app/dist /app/dist
        RUN apt-get install -y gettext
    """
    assert in_container(tmp_path, dockerfile).config.apt == apt


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("cat /base.txt /web.txt > /all.txt", ("requirements/base.txt", "web.txt")),
        ('if [ -z "$LIVE" ]; then cat /base.txt /web.txt > /all.txt; fi', ("requirements/base.txt", "web.txt")),
        ("echo x > /y.txt", ("requirements/base.txt",)),
    ],
)  # fmt: skip
def test_files_that_the_image_joins_into_a_copy_are_all_installed(
    tmp_path: Path, made: str, found: tuple[str, ...]
) -> None:
    dockerfile = f"""
        FROM python:3.12 AS test
        COPY requirements/base.txt /all.txt
        COPY requirements/base.txt /base.txt
        COPY web.txt /web.txt
        RUN {made}
        RUN pip install -r /all.txt
    """
    config = in_container(tmp_path, dockerfile, files={"web.txt": "gunicorn\n"}).config
    assert config.requirements == found


def test_wheels_that_a_stage_builds_are_installed(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12 AS build
        ARG STAGE=prod
        COPY ./requirements .
        RUN pip wheel --wheel-dir /wheels -r ${STAGE}.txt
        FROM python:3.12 AS test
        COPY --from=build /wheels /wheels
        RUN pip install --no-index --find-links=/wheels /wheels/*
    """
    assert in_container(tmp_path, dockerfile).config.requirements == ("requirements/prod.txt",)


def test_an_image_that_the_job_builds_counts_by_its_tag(tmp_path: Path) -> None:
    dockerfile = (
        "FROM python:3.12\nARG LEVEL\nCOPY . .\nRUN pip install -r requirements/$LEVEL.txt\n"
    )
    build = "docker build -t shop:ci --build-arg LEVEL=ci ."
    found = in_container(tmp_path, dockerfile, build, "docker run shop:ci python manage.py test")
    assert found.config.requirements == ("requirements/ci.txt",)


def test_a_variable_of_the_image_that_only_the_ci_knows_is_left_out(tmp_path: Path) -> None:
    dockerfile = "FROM python:3.12\nARG SHA\nENV SHA=$SHA MODE=test\nCOPY . .\n"
    build = "docker build -t shop:ci --build-arg SHA=${{ github.sha }} ."
    found = in_container(tmp_path, dockerfile, build, "docker run shop:ci python manage.py test")
    assert found.config.env == {"MODE": "test"}


def test_an_image_that_the_tests_do_not_run_in_does_not_count(tmp_path: Path) -> None:
    dockerfile = "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements/prod.txt\n"
    lines = ("pip install -r requirements.txt", "docker compose build", "python manage.py test")
    assert in_container(tmp_path, dockerfile, *lines).config.requirements == ("requirements.txt",)


def test_what_the_job_installs_beside_the_container_of_the_tests_does_not_count(
    tmp_path: Path,
) -> None:
    dockerfile = "FROM python:3.12\nRUN pip install -r requirements/ci.txt\n"
    lines = ("pip install awscli==1.18", IN_COMPOSE)
    found = in_container(tmp_path, dockerfile, *lines).config
    assert (found.requirements, found.packages) == (("requirements/ci.txt",), ())


def test_packages_and_variables_of_the_image_belong_to_the_tests(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12-alpine AS test
        ENV MODE=test DATA=/app/mysite HOME_OF_X=/opt/x PATH=/venv/bin:$PATH
        RUN apk add --no-cache gettext jpeg-dev py-cffi rust
        COPY . /app
        RUN pip install -r /app/requirements/ci.txt
        """
    config = in_container(tmp_path, dockerfile).config
    assert config.apt == ("gettext", "libjpeg-dev", "python3-cffi", "rustc")
    assert config.env["MODE"] == "test"
    assert config.env["DATA"] == "{root}/mysite"
    assert not {"HOME_OF_X", "PATH"} & set(config.env)


def test_a_task_of_npm_in_the_image_is_suggested_as_it_is_called(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12 AS test
        COPY . /app
        WORKDIR /app
        RUN pip install -r requirements/ci.txt && npm ci && npm run build:css
        """
    package = {"package.json": '{"scripts": {"build:css": "tailwindcss -i a.css && csso a.css"}}'}
    left_out = in_container(tmp_path, dockerfile, files=package).facts.left_out
    commands = [line.command for line in left_out if line.source == "Dockerfile"]
    assert commands == ["npm ci", "npm run build:css"]


def test_what_the_image_contains_beside_packages_is_named(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12 AS test
        RUN apt-get update && apt-get install -y gettext && rm -rf /var/lib/apt/lists/*
        RUN groupadd app && useradd -g app app && mkdir -p /static && chown app /static
        RUN curl -s https://example.com/tool.sh | sh -s
        RUN git config --global user.name x && mkdir scripts && chmod +x /start && sed -i 's/a/b/' /start
        COPY . /app
        WORKDIR /app
        RUN pip install -r requirements/ci.txt
        RUN python manage.py compilemessages && ./assets.sh
        RUN cp ci/settings.yaml /root/.shop/settings.yaml && sed -i s/a/b/ /root/.shop/settings.yaml
        RUN cp ci/nginx.json /etc/nginx.json
        ARG MODEL=en_core_web_sm
        RUN --mount=type=cache,target=/root/.cache python -m spacy download "${MODEL}"
        """
    left_out = in_container(tmp_path, dockerfile).facts.left_out
    found = {line.line: line.command for line in left_out if line.source == "Dockerfile"}
    assert list(found) == [
        "curl -s https://example.com/tool.sh | sh -s",
        "python manage.py compilemessages",
        "./assets.sh",
        "cp ci/settings.yaml /root/.shop/settings.yaml",
        "sed -i s/a/b/ /root/.shop/settings.yaml",
        'python -m spacy download "en_core_web_sm"',
    ]
    assert found[[*found][-1]] == "python -m spacy download en_core_web_sm"
    assert found["python manage.py compilemessages"] == "python manage.py compilemessages"
    assert not any(line.harmless for line in left_out if line.source == "Dockerfile")


@pytest.mark.parametrize(
    ("dockerfile", "lines", "warned"),
    [
        ("FROM acme/shop-base:1 AS test\n", [IN_COMPOSE], True),
        ("ARG BASE=acme/shop-base\nFROM ${BASE} AS test\n", [IN_COMPOSE], True),
        ("FROM python:3.12 AS test\n", [IN_COMPOSE], False),
        ("", ["docker run -v .:/app -w /app acme/shop:2 python manage.py test"], True),
        ("FROM python:3.12\n", ["docker build -t shop .", "docker run shop ./manage.py test"], False),
    ],
)  # fmt: skip
def test_an_unknown_image_of_the_tests_container_is_named(
    tmp_path: Path, dockerfile: str, lines: list[str], warned: bool
) -> None:
    found = in_container(tmp_path, dockerfile, *lines)
    assert any("packages are not known" in text for text in found.warnings) is warned


@pytest.mark.parametrize(
    ("dockerfile", "lines"),
    [
        ("FROM python:3.11 AS test\n", [IN_COMPOSE]),
        ("ARG PY=3.11\nFROM python:${PY}-slim\n", ["docker build -t a .", "docker run a ./manage.py test"]),
        ("", ["docker run -v .:/app -w /app python:3.11-slim ./manage.py test"]),
    ],
)  # fmt: skip
def test_the_python_is_that_of_the_tests_container(
    tmp_path: Path, dockerfile: str, lines: list[str]
) -> None:
    steps = "".join(f"\n      - run: {line}" for line in lines)
    setup = "\n      - {uses: actions/setup-python@v5, with: {python-version: '3.13'}}"
    ci = {".github/workflows/ci.yml": f"on: push\njobs:\n  t:\n    steps:{setup}{steps}\n"}
    assert in_container(tmp_path, dockerfile, files=ci).config.python == "3.11"


@pytest.mark.parametrize(
    ("dockerfile", "args"),
    [
        (
            "FROM python:3.12 AS test\nCOPY . .\nENV A=b\nRUN python manage.py test shop\n",
            (("shop",),),
        ),
        (
            "FROM python:3.12 AS test\nCOPY . .\nENV A=b\nRUN pip install -r requirements/ci.txt && pytest -x\n",
            ((),),
        ),
    ],
)
def test_tests_that_run_while_an_image_is_built_are_the_suite(
    tmp_path: Path, dockerfile: str, args: tuple[tuple[str, ...], ...]
) -> None:
    later = "FROM test AS prod\nCMD gunicorn\n"
    line = "docker build --target test ."
    found = in_container(tmp_path, dockerfile + later, line).config
    assert (found.python, found.env.get("A"), found.tests.check_migrations) == ("3.12", "b", "warn")
    assert found.tests.args == args


def test_a_script_that_the_image_runs_is_read_with_its_arguments(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12 AS test
        ARG LEVEL
        COPY requirements/*.txt docker/install.sh /code/
        WORKDIR /code
        RUN chmod u+x /code/install.sh && /code/install.sh $LEVEL
    """
    script = 'if [ "$1" = ci ]; then\n  pip install -r requirements/ci.txt\nfi\n'
    found = in_container(tmp_path, dockerfile, files={"docker/install.sh": script})
    assert found.config.requirements == ("requirements/ci.txt",)


def test_the_image_of_the_service_that_ends_compose_up_counts(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12 AS test
        COPY . /app
        RUN apt-get -y install gettext && pip install -r /app/requirements/ci.txt
    """
    services = "services: {web: {build: {context: ., target: test}, command: pytest}}\n"
    line = "docker compose up --exit-code-from web"
    found = in_container(tmp_path, dockerfile, line, files={"compose.yml": services})
    assert found.config.requirements == ("requirements/ci.txt",)
    assert (found.config.apt, found.config.python) == (("gettext",), "3.12")


@pytest.mark.parametrize(
    ("dockerfile", "python"),
    [
        (
            """
            FROM node:22 AS test
            ENV PYTHON_VERSION=3.11.9 PYENV_ROOT=/opt/pyenv
            RUN git clone https://example.org/pyenv.git $PYENV_ROOT && \\
                $PYENV_ROOT/bin/pyenv install $PYTHON_VERSION && \\
                $PYENV_ROOT/bin/pyenv global $PYTHON_VERSION
            COPY . .
            RUN pip install -r requirements/ci.txt
            """,
            "3.11",
        ),
        ("FROM debian AS test\nCOPY . .\nRUN uv python pin 3.12 && uv pip install -r requirements/ci.txt\n", "3.12"),
    ],
)  # fmt: skip
def test_a_line_of_the_image_chooses_the_python(
    tmp_path: Path, dockerfile: str, python: str
) -> None:
    assert in_container(tmp_path, dedent(dockerfile).lstrip()).config.python == python


def test_quotes_around_the_parts_of_a_base_image_are_no_part_of_its_name(tmp_path: Path) -> None:
    dockerfile = """
        ARG IMAGE=acme/django-dev
        ARG TAG=2
        FROM "$IMAGE":"$TAG" AS test
        COPY . .
        RUN pip install -r requirements/ci.txt
    """
    found = in_container(tmp_path, dedent(dockerfile).lstrip())
    assert any("the tests in acme/django-dev:2, whose packages" in text for text in found.warnings)
