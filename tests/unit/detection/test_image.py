from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.config.model import Config, ImageConfig
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.repository.files import RepositoryFiles
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded, manage

PLAIN = "FROM python:3.12\nCOPY . .\nCMD gunicorn\n"


def image(config: Config) -> ImageConfig:
    assert isinstance(config.image, ImageConfig)
    return config.image


@pytest.mark.parametrize(
    ("files", "dockerfile", "context"),
    [
        ({"Dockerfile": PLAIN}, "Dockerfile", "."),
        ({"docker/Dockerfile": PLAIN}, "docker/Dockerfile", "."),
        ({"Dockerfile.dev": PLAIN, "Dockerfile.prod": PLAIN}, "Dockerfile.prod", "."),
        (
            {"docker/local.Dockerfile": PLAIN, "docker/production.Dockerfile": PLAIN},
            "docker/production.Dockerfile",
            ".",
        ),
        (
            {
                "compose/local/django/Dockerfile": PLAIN,
                "compose/production/django/Dockerfile": PLAIN
                + "COPY ./compose/production/start /start\n",
                "compose/production/start": "",
                "compose/production/postgres/Dockerfile": "FROM postgres:17\n",
            },
            "compose/production/django/Dockerfile",
            ".",
        ),
        (
            {"Dockerfile": "FROM node:22\nCMD npm start\n", "docker/Dockerfile": PLAIN},
            "docker/Dockerfile",
            ".",
        ),
        # Only the installer shows that an image of the project's own base contains Python.
        (
            {
                "Dockerfile": "FROM shop/base:2\nRUN pip3 install -r list.txt\nCOPY . .\n",
                "pdf/Dockerfile": PLAIN,
            },
            "Dockerfile",
            ".",
        ),
        # A base of other images contains no application.
        (
            {"Dockerfile": "FROM python:3.12\nRUN pip install uv\n", "Dockerfile.web": PLAIN},
            "Dockerfile.web",
            ".",
        ),
        (
            {"playwright/Dockerfile": PLAIN, "web/app/Dockerfile": PLAIN},
            "web/app/Dockerfile",
            "web/app",
        ),
        (
            {"Dockerfile": "FROM python:3\nCMD sleep infinity\n", "deploy/Dockerfile": PLAIN},
            "deploy/Dockerfile",
            "deploy",
        ),
        (
            {".devcontainer/Dockerfile": PLAIN, "deploy/Dockerfile": PLAIN},
            "deploy/Dockerfile",
            "deploy",
        ),
    ],
)
def test_the_production_dockerfile_is_found_with_its_context(
    tmp_path: Path, files: dict[str, str], dockerfile: str, context: str
) -> None:
    found = image(loaded(tmp_path, {**django(), **files}).config)
    assert (found.dockerfile, found.context) == (dockerfile, context)


@pytest.mark.parametrize(
    ("command", "idle"),
    [
        ('CMD ["tail", "-f", "/dev/null"]', True),
        ("CMD tail -F /dev/null", True),
        ("CMD sleep infinity", True),
        ('CMD ["/bin/bash"]', True),
        ("CMD sleep 10 && gunicorn shop.wsgi", False),
        ('CMD ["sh", "-c", "gunicorn shop.wsgi"]', False),
        ('ENTRYPOINT ["./start.sh"]\nCMD ["sleep", "inf"]', False),
        ("CMD bash\nCMD gunicorn shop.wsgi", False),
    ],
)
def test_an_image_that_waits_for_a_developer_is_not_the_application(
    tmp_path: Path, command: str, idle: bool
) -> None:
    dockerfile = f"FROM python:3.12\nCOPY . .\n{command}\n"
    found = loaded(tmp_path, {**django(), "Dockerfile": dockerfile})
    assert ("image" in found.facts.skips) is idle


def test_a_last_stage_that_waits_makes_room_for_the_stage_for_production(tmp_path: Path) -> None:
    start = "FROM python:3.12 AS production\nCOPY . .\nCMD gunicorn shop.wsgi\n"
    dockerfile = f"{start}FROM production AS dev\nCMD tail -f /dev/null\n"
    facts = loaded(tmp_path, {**django(), "Dockerfile": dockerfile}).facts
    assert "image" not in facts.skips


@pytest.mark.parametrize(
    ("last", "copied", "skipped"),
    [
        ("web-dev", "requirements docs", True),
        ("web-dev", ".", False),
        ("web-dev", "mysite", False),
        ("web-dev", "manage.py", False),
        ("web-dev", "bundle.zip", False),
        ("web", "requirements docs", False),
    ],
)
def test_a_last_stage_for_developers_without_code_is_not_the_application(
    tmp_path: Path, last: str, copied: str, skipped: bool
) -> None:
    text = (
        f"FROM python:3.12 AS base\nCOPY {copied} .\nFROM base AS {last}\nCMD gunicorn shop.wsgi\n"
    )
    files = {"Dockerfile": text, "requirements/base.txt": "django\n", "docs/a.md": ""}
    facts = loaded(tmp_path, {**django(), **files}).facts
    assert ("image" in facts.skips) is skipped


def test_an_image_for_periodic_jobs_is_not_the_application(tmp_path: Path) -> None:
    text = "FROM python:3.12\nCOPY . .\nCMD gunicorn shop.wsgi\n"
    files = {"docker/cron.Dockerfile": text, "docker/shop.Dockerfile": text}
    config = loaded(tmp_path, {**django(), **files}).config
    assert config.image
    assert config.image.dockerfile == "docker/shop.Dockerfile"


@pytest.mark.parametrize(
    ("dockerfile", "bare"),
    [
        ("FROM python:3.11\nRUN apt-get install -y gdal-bin\n", True),
        ("FROM python:3.11\nRUN pip install django\nCMD ./manage.py runserver\n", True),
        ("FROM python:3.11\nCOPY --from=ghcr.io/astral-sh/uv /uv /bin/\nCMD uv\n", True),
        ("FROM ubuntu AS a\nFROM a\nADD https://example.org/x /x\nCMD python x\n", True),
        ("FROM acme/shop\nRUN pip install gunicorn\n", True),
        ("FROM python:3.11\nCOPY requirements/base.txt uv.lock /x/\nRUN pip install x\n", True),
        ("FROM python:3.11\nCOPY assets /npm\nRUN npm install\n", True),
        ("FROM python:3.11\nCOPY mysite /x\nRUN pip install x\n", False),
        (
            "FROM python:3.11\nCOPY assets /npm\nRUN pip install git+https://example.org/shop\n",
            False,
        ),
        ("FROM acme/shop\nCOPY assets /npm\nRUN pip install gunicorn\n", False),
        ("FROM acme/shop\nCMD gunicorn shop.wsgi\n", False),
        ("FROM python:3.11\nRUN git clone https://example.org/shop\nCMD gunicorn\n", False),
        ("FROM python:3.11\nADD https://example.org/shop.git /shop\nCMD gunicorn\n", False),
        ("FROM python:3.11\nRUN --mount=type=bind,target=/x pip install /x\nCMD gunicorn\n", False),
        ("FROM python:3.11 AS a\nCOPY . /x\nFROM python:3.11\nCOPY --from=a /x /x\nCMD x\n", False),
        ("FROM python:3.11\nCOPY $SOURCE /x\nCMD gunicorn\n", False),
    ],
)
def test_an_image_without_the_application_is_not_for_production(
    tmp_path: Path, dockerfile: str, bare: bool
) -> None:
    ci = workflow("docker build -t acme/ci -f docker/ci-base/Dockerfile .", "python manage.py test")
    files = {**django(), **ci, "docker/ci-base/Dockerfile": dockerfile, "Dockerfile": dockerfile}
    files["assets/site.css"] = ""
    found = loaded(tmp_path, files)
    assert ("no Dockerfile for production" in found.facts.skips.get("image", "")) is bare
    if "python:3.11" in dockerfile:
        assert found.config.python == "3.11"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sh -c 'cd web && gunicorn shop.wsgi'", ("sh", "-c", "cd web && gunicorn shop.wsgi")),
        ("celery worker", None),
        ("gunicorn -b ${ADDRESS?} shop.wsgi", None),
    ],
)
def test_an_image_that_waits_is_started_as_in_production(
    tmp_path: Path, command: str, expected: tuple[str, ...] | None
) -> None:
    files = {
        "Dockerfile": "FROM python:3.12\nCOPY . .\nCMD sleep infinity\n",
        "compose.prod.yml": f'services: {{web: {{build: ., command: "{command}"}}}}\n',
    }
    found = loaded(tmp_path, {**django(), **files})
    assert image(found.config).command == expected
    assert ("image" in found.facts.skips) is (expected is None)


def test_the_context_of_a_part_is_the_directory_its_files_are_copied_from(tmp_path: Path) -> None:
    dockerfile = "FROM python:3.12\nCOPY requirements.txt ./\nCOPY manage.py ./\nCMD x\n"
    files = {
        "api/manage.py": manage(),
        "api/requirements.txt": "django",
        "api/Dockerfile": dockerfile,
    }
    assert image(loaded(tmp_path, files).config).context == "api"


@pytest.mark.parametrize(
    "files",
    [{}, {"Dockerfile.dev": PLAIN}, {"tests/Dockerfile": PLAIN}, {"Dockerfile": "no dockerfile"}],
)
def test_without_a_production_dockerfile_the_stage_says_so(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = loaded(tmp_path, {**django(), **files})
    assert found.config.image is None
    others = " for production" if files else ""
    assert found.facts.skips["image"] == f"the project has no Dockerfile{others}"


@pytest.mark.parametrize(
    ("stages", "target"),
    [
        (("build", "production"), None),
        (("production", "development"), "production"),
        (("base", "runtime", "test"), "runtime"),
        (("build", ""), None),
        (("production", "webserver"), "production"),
    ],
)
def test_a_target_is_named_where_the_last_stage_is_not_the_production_one(
    tmp_path: Path, stages: tuple[str, ...], target: str | None
) -> None:
    lines = (
        f"FROM python:3.12{f' AS {name}' if name else ''}\nCOPY . .\nCMD x\n" for name in stages
    )
    assert (
        image(loaded(tmp_path, {**django(), "Dockerfile": "".join(lines)}).config).target == target
    )


def test_facts_come_from_the_stage_that_is_built_and_those_below_it(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3 AS base
        COPY . .
        EXPOSE 9000/tcp
        FROM base
        ENTRYPOINT ["x"]
        HEALTHCHECK CMD curl -f http://localhost:9000/alive || exit 1
    """
    found = loaded(tmp_path, {**django(), "Dockerfile": dockerfile})
    assert found.facts.image_port == 9000
    assert image(found.config).health == "/alive"
    assert found.config.integration.health == "/alive"


def test_an_image_without_command_starts_gunicorn_where_that_is_a_dependency(
    tmp_path: Path,
) -> None:
    wsgi = (
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    )
    files = {**django(), "Dockerfile": "FROM python:3\nCOPY . .\n", "mysite/wsgi.py": wsgi}
    command = image(
        loaded(tmp_path / "a", {**files, "requirements.txt": "django\ngunicorn\n"}).config
    ).command
    assert command == ("gunicorn", "--bind", "0.0.0.0:{app.port}", "mysite.wsgi:application")
    without = loaded(tmp_path / "b", {**files, "requirements.txt": "django"})
    assert "set image.command" in without.facts.skips["image"]


def test_a_written_command_is_enough_for_an_image_without_one(tmp_path: Path) -> None:
    files = {
        **django(),
        "Dockerfile": "FROM python:3\nCOPY . .\n",
        "heroci.toml": 'image = { command = "run" }\n',
    }
    found = loaded(tmp_path, files)
    assert "image" not in found.facts.skips
    assert image(found.config).dockerfile == "Dockerfile"


@pytest.mark.parametrize(
    ("line", "health"),
    [
        ('path("health/", x)', "/health/"),
        ('path("healthz", x)', "/healthz"),
        ('path("health/live", x), path("health/ready", x)', "/health/live"),
        ('re_path(r"^healthcheck/$", x)', "/healthcheck/"),
        ('path("ht/", include("health_check.urls"))', "/ht/"),
        ('path(f"{settings.PREFIX}internal/healthz", x)', "/internal/healthz"),
        ('path(PREFIX + "health/", x)', "/health/"),
        ('path("ping/", x)', "/ping/"),
        ('path("health/", include("shop.health.urls"))', None),
        ('path("status/", x), path("people/health-history/", x)', None),
    ],
)
def test_a_health_endpoint_is_taken_from_the_urls(
    tmp_path: Path, line: str, health: str | None
) -> None:
    found = loaded(tmp_path, {**django(), "mysite/urls.py": f"urlpatterns = [{line}]\n"})
    assert found.facts.health == health
    assert ("integration" in found.facts.skips) is (health is None)


@pytest.mark.parametrize(
    ("last", "line", "target"),
    [
        ("dist", "docker build --push .", None),
        ("dev", "docker build --push .", "production"),
        ("dist", "docker build --target production .", "production"),
        ("dist", "docker build --target $(cat target) .", "production"),
    ],
)
def test_the_last_stage_counts_where_the_ci_builds_it(
    tmp_path: Path, last: str, line: str, target: str | None
) -> None:
    lines = (f"FROM python:3.12 AS {name}\nCOPY . .\nCMD x\n" for name in ("production", last))
    files = {
        **django(),
        "Dockerfile": "".join(lines),
        ".github/workflows/image.yml": f"jobs: {{image: {{steps: [{{run: '{line}'}}]}}}}",
    }
    assert image(loaded(tmp_path, files).config).target == target


def test_the_urls_of_tests_and_of_parts_below_are_not_asked(tmp_path: Path) -> None:
    files = {"tests/urls.py": 'path("health/", x)', "mysite/api/deep/urls.py": 'path("health/", x)'}
    assert loaded(tmp_path, {**django(), **files}).facts.health is None


@pytest.mark.parametrize(
    ("line", "dockerfile", "context", "target"),
    [
        ("docker build -f docker/server.Dockerfile .", "docker/server.Dockerfile", ".", None),
        ("docker build --file=docker/server.Dockerfile docker", "docker/server.Dockerfile", "docker", None),
        ("cd docker && docker buildx build -f server.Dockerfile ..", "docker/server.Dockerfile", ".", None),
        ("podman build -t x -f docker/server.Dockerfile --target build .", "docker/server.Dockerfile", ".", "build"),
        ("docker build -t x --build-arg A=b .hidden", ".hidden/Dockerfile", ".hidden", None),
        ("docker build -t x -f docker/test.Dockerfile .", "docker/lean.Dockerfile", ".", None),
        ("docker build -t x $WHERE", "docker/lean.Dockerfile", ".", None),
        ("docker pull docker/server.Dockerfile", "docker/lean.Dockerfile", ".", None),
    ],
)  # fmt: skip
def test_the_dockerfile_that_the_ci_builds_is_used(
    tmp_path: Path, line: str, dockerfile: str, context: str, target: str | None
) -> None:
    files = {
        **django(),
        "requirements.txt": "django",
        "docker/lean.Dockerfile": PLAIN,
        "docker/server.Dockerfile": f"FROM python:3.12 AS build\n{PLAIN}",
        "docker/test.Dockerfile": PLAIN,
        ".hidden/Dockerfile": PLAIN,
        ".github/workflows/image.yml": f"jobs: {{image: {{steps: [{{run: '{line}'}}]}}}}",
    }
    found = image(loaded(tmp_path, files).config)
    assert (found.dockerfile, found.context, found.target) == (dockerfile, context, target)


@pytest.mark.parametrize(
    "inputs",
    [
        "{context: ., file: docker/server.Dockerfile}",
        "{dockerfile: /github/workspace/docker/server.Dockerfile}",
    ],
)
def test_the_dockerfile_of_a_build_action_is_used(tmp_path: Path, inputs: str) -> None:
    step = f"{{uses: docker/build-push-action@v6, with: {inputs}}}"
    files = {
        **django(),
        "docker/lean.Dockerfile": PLAIN,
        "docker/server.Dockerfile": PLAIN,
        ".github/workflows/image.yml": f"jobs: {{image: {{steps: [{step}]}}}}",
    }
    found = image(loaded(tmp_path, files).config)
    assert (found.dockerfile, found.context, found.target) == (
        "docker/server.Dockerfile",
        ".",
        None,
    )


@pytest.mark.parametrize(
    "files",
    [
        {".github/workflows/image.yml": """
jobs:
  image:
    steps:
      - uses: docker/build-push-action@v6
        with:
          build-args: |
            MODE=a b
            COMMIT=${{ github.sha }}
            LEVEL=
"""},
        {
            ".gitlab-ci.yml": "pack: {script: \"docker build --build-arg 'MODE=a b' --build-arg LEVEL= .\"}"
        },
        {
            "compose.prod.yml": 'services: {web: {build: {context: ., args: {MODE: a b, LEVEL: ""}}}}'
        },
    ],
)
def test_the_arguments_with_which_the_ci_builds_the_image_are_used(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = image(loaded(tmp_path, {**django(), "Dockerfile": PLAIN, **files}).config)
    assert found.build_args == {"MODE": "a b", "LEVEL": ""}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("ARG VERSION\nFROM python:${VERSION}-slim\n", True),
        ("ARG VERSION\nARG VERSION\nFROM python:$VERSION AS a\nFROM a\n", True),
        ("ARG VERSION=3.12\nFROM python:${VERSION}\nARG VERSION\n", False),
        ("ARG VERSION\nFROM python:${VERSION:-3.12}\n", False),
        ("ARG VERSION\nFROM --platform=$VERSION python:3.12\n", False),
        ("ARG VERSION\nFROM python:3.12\n", False),
    ],
)
def test_an_argument_that_names_the_base_image_needs_a_value(
    tmp_path: Path, text: str, missing: bool
) -> None:
    dockerfile = text + "COPY . .\nCMD [gunicorn]\n"
    files = {**django(), "Dockerfile": dockerfile, "requirements.txt": "django\n"}
    expected = ("base image: VERSION",) * missing
    assert tuple(each[-19:] for each in loaded(tmp_path, files).warnings) == expected
    given = {"heroci.toml": 'image.build-args.VERSION = "3.12"\n'}
    assert not loaded(tmp_path, {**files, **given}).warnings


def test_a_dockerfile_that_starts_something_comes_first(tmp_path: Path) -> None:
    text = "FROM python:3.12\nCOPY . .\nRUN pip install .\n"
    files = {"docker/cron.d/Dockerfile": text, "docker/uwsgi/Dockerfile": f"{text}CMD [uwsgi]\n"}
    found = image(loaded(tmp_path, {**django(), **files}).config)
    assert found.dockerfile == "docker/uwsgi/Dockerfile"


def test_the_dockerfile_of_the_production_compose_file_is_used(tmp_path: Path) -> None:
    compose = """
        services:
          proxy: {build: {context: proxy}}
          web:
            build: {context: .., dockerfile: docker/server.Dockerfile, target: run}
    """
    files = {
        **django(),
        "docker/lean.Dockerfile": PLAIN,
        "docker/server.Dockerfile": "FROM python:3.12 AS run\nCOPY . .\nCMD x\nFROM run AS extra\n",
        "proxy/Dockerfile": "FROM nginx\n",
        "deploy/compose.production.yml": compose,
    }
    found = image(loaded(tmp_path, files).config)
    assert (found.dockerfile, found.context, found.target) == (
        "docker/server.Dockerfile",
        ".",
        "run",
    )


def test_of_several_images_for_production_the_one_without_a_side_task_is_the_applications(
    tmp_path: Path,
) -> None:
    files = {
        **django(),
        "docker/prod/celery/Dockerfile": PLAIN,
        "docker/prod/django/Dockerfile": PLAIN,
        "compose.prod.yml": """
            services:
              beat: {build: {context: ., dockerfile: docker/prod/celery/Dockerfile}}
              web: {build: {context: ., dockerfile: docker/prod/django/Dockerfile}}
        """,
    }
    assert image(loaded(tmp_path, files).config).dockerfile == "docker/prod/django/Dockerfile"


def test_of_several_images_the_one_that_is_named_after_the_project_is_the_applications(
    tmp_path: Path,
) -> None:
    built = (f"docker build -f Dockerfile.{name} ." for name in ("agent", "desk", "queue"))
    files = {
        **{f"src/desk_app/{name}": text for name, text in django().items()},
        **dict.fromkeys(("Dockerfile.agent", "Dockerfile.desk", "Dockerfile.queue"), PLAIN),
        **workflow(*built, "python src/desk_app/manage.py test"),
    }
    assert image(loaded(tmp_path, files).config).dockerfile == "Dockerfile.desk"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("npm run build", True),
        ("cp -r .git .git_copy", True),
        ("cd parts && python -m build --wheel", True),
        ("echo ready", False),
        ("mkdir -p empty", False),
        ("docker login -u me", False),
        ("npm ci || true", False),
        ("coverage run manage.py test shop", False),
        # The plan does the same before its tests.
        ("mkdir -p var", False),
        ("cp a.py b.py", False),
    ],
)
def test_files_that_the_ci_makes_for_the_image_are_named(
    tmp_path: Path, line: str, *, named: bool
) -> None:
    jobs = f"""
        on: push
        jobs:
          test: {{steps: [{{run: mkdir -p var && cp a.py b.py && python manage.py test}}]}}
          image: {{steps: [{{run: {line}}}, {{run: docker build -t shop .}}]}}
        """
    files = {
        ".github/workflows/ci.yml": jobs,
        "Dockerfile": PLAIN,
        "parts/pyproject.toml": "",
        "a.py": "",
        "package.json": '{"scripts": {"build": "tool"}}',
    }
    found = loaded(tmp_path, {**django(), **files}).warnings
    assert any("makes files before it builds Dockerfile" in text for text in found) is named


@pytest.mark.parametrize("place", [".clusterfuzzlite", ".devcontainer", "fuzzing", "oss-fuzz"])
def test_a_dockerfile_for_something_else_is_not_the_image(tmp_path: Path, place: str) -> None:
    files = {**django(), f"{place}/Dockerfile": PLAIN, "docker/backend/Dockerfile": PLAIN}
    assert image(loaded(tmp_path, files).config).dockerfile == "docker/backend/Dockerfile"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://127.0.0.1:8000/${ROOT}status/health/", "/status/health/"),
        ("http://localhost:${PORT:-8000}/$ROOT/up", "/up"),
        ("http://localhost:8000/${PREFIX:-api}/up", "/api/up"),
        ("http://localhost/${KNOWN}/up", "/shop/up"),
        ("http://localhost:8000/${ROOT}", "/"),
        ("http://[::1]:8000/up", "/up"),
        ("https://localhost/up?full=1", "/up?full=1"),
        ("localhost:8000/up", "/up"),
    ],
)
def test_variables_in_the_path_of_a_health_check_are_filled_or_left_out(
    tmp_path: Path, url: str, path: str
) -> None:
    dockerfile = (
        f'{PLAIN}ENV ROOT="" KNOWN=x\nENV KNOWN=shop\nHEALTHCHECK CMD curl -f "{url}" || exit 1\n'
    )
    assert image(loaded(tmp_path, {**django(), "Dockerfile": dockerfile}).config).health == path


def test_the_health_check_of_the_compose_file_for_production_counts(tmp_path: Path) -> None:
    compose = """
        services:
          web:
            build: {context: ., dockerfile: deploy/web.Dockerfile}
            healthcheck: {test: [CMD-SHELL, "curl -f http://localhost:$${PORT:-8000}/$${ROOT}alive/ || exit 1"]}
    """
    files = {**django(), "deploy/web.Dockerfile": PLAIN, "compose.prod.yaml": compose}
    found = loaded(tmp_path, files)
    assert image(found.config).health == "/alive/"
    assert found.config.integration.health == "/alive/"


COMPOSED = "services: {{web: {{build: {{context: ., dockerfile: {}}}}}}}\n"


@pytest.mark.parametrize(
    ("files", "dockerfile"),
    [
        ({"ShopDockerfile": PLAIN, "DevDockerfile": PLAIN}, "ShopDockerfile"),
        ({"Dockerfile_shop": PLAIN, "Dockerfile_dev": PLAIN}, "Dockerfile_shop"),
        (
            {"production.yml": COMPOSED.format("django/Dockerfile"), "django/Dockerfile": PLAIN, "Dockerfile": PLAIN},
            "django/Dockerfile",
        ),
        ({"compose.yml": COMPOSED.format("web.image"), "web.image": PLAIN}, "web.image"),
        ({**workflow("docker build -f images/shop ."), "images/shop": PLAIN, "Dockerfile": PLAIN}, "images/shop"),
        ({"prod.yml": "a: b\n", "Dockerfile": PLAIN}, "Dockerfile"),
        ({"dockerfile": PLAIN}, "dockerfile"),
        ({"web.dockerfile": PLAIN}, "web.dockerfile"),
    ],
)  # fmt: skip
def test_a_dockerfile_may_have_any_name_if_something_builds_it(
    tmp_path: Path, files: dict[str, str], dockerfile: str
) -> None:
    found = image(loaded(tmp_path, {**django(), **files}).config)
    assert (found.dockerfile, found.context) == (dockerfile, ".")


@pytest.mark.parametrize(
    ("path", "manage", "skipped"),
    [
        ("shop/model/Dockerfile", "shop/manage.py", True),
        ("shop/Dockerfile", "shop/manage.py", False),
        ("shop/Dockerfile", "shop/web/manage.py", False),
    ],
)
def test_an_image_of_another_directory_is_not_the_application(
    tmp_path: Path, path: str, manage: str, skipped: bool
) -> None:
    project = {manage: django()["manage.py"], "shop/model/train.py": "", "shop/train.py": ""}
    text = "FROM python:3.12\nCOPY train.py /code/\nCMD python /code/train.py\n"
    facts = loaded(tmp_path, {**project, path: text}).facts
    assert ("image" in facts.skips) is skipped


def test_heroku_names_the_image_of_the_application_and_its_command(tmp_path: Path) -> None:
    heroku = """
        build:
          docker:
            web: {dockerfile: deploy/heroku/Dockerfile, target: web}
            worker: worker/Dockerfile
          config: {MODE: live}
        release:
          image: web
          command: [python manage.py migrate --noinput, ./release.sh --now]
        run:
          web: gunicorn mysite.wsgi --bind 0.0.0.0:$PORT
    """
    text = "FROM python:3.12 AS web\nCOPY . .\n"
    files = {"Dockerfile": PLAIN, "deploy/heroku/Dockerfile": f"{text}FROM web AS dev\n"}
    files["worker/Dockerfile"] = PLAIN
    found = loaded(tmp_path, {**django(), **files, "heroku.yml": heroku})
    built = image(found.config)
    assert (built.dockerfile, built.target) == ("deploy/heroku/Dockerfile", "web")
    assert (built.context, built.build_args) == ("deploy/heroku", {"MODE": "live"})
    assert built.command == ("gunicorn", "mysite.wsgi", "--bind", "0.0.0.0:{app.port}")
    assert [(line.line, line.source) for line in found.facts.left_out] == [
        ("./release.sh --now", "heroku.yml")
    ]


def test_a_command_for_a_shell_is_started_by_one(tmp_path: Path) -> None:
    heroku = "{build: {docker: {web: Dockerfile}}, run: {web: 'cd web && gunicorn -b :${PORT} x'}}"
    files = {"Dockerfile": "FROM python:3.12\nCOPY . .\n", "heroku.yml": heroku}
    built = image(loaded(tmp_path, {**django(), **files}).config)
    assert built.command == ("sh", "-c", "cd web && gunicorn -b :{app.port} x")


@pytest.mark.parametrize(
    "heroku", ["", "setup: {}", "build: x", "build: {docker: [web]}", "run: 1"]
)
def test_a_heroku_file_without_an_image_changes_nothing(tmp_path: Path, heroku: str) -> None:
    files = {**django(), "Dockerfile": PLAIN, "heroku.yml": heroku}
    assert image(loaded(tmp_path, files).config).dockerfile == "Dockerfile"


def test_the_service_for_production_of_a_compose_file_names_the_image(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.12 AS shop-base
        RUN pip install django gunicorn
        FROM shop-base AS shop-prod
        COPY . .
        CMD gunicorn shop.wsgi
        FROM shop-base AS shop-dev
        RUN pip install pytest
    """
    compose = """
        services:
          base: {build: {context: .., dockerfile: docker/Dockerfile, target: shop-prod}}
          prod: {extends: {service: base}, image: shop}
          dev: {extends: {service: base}, build: {target: shop-dev}, volumes: ["..:/app"]}
    """
    files = {"docker/Dockerfile": dockerfile, "docker/compose.yml": compose}
    found = image(loaded(tmp_path, {**django(), **files}).config)
    assert (found.dockerfile, found.context, found.target) == (
        "docker/Dockerfile",
        ".",
        "shop-prod",
    )


@pytest.mark.parametrize(
    "files",
    [
        {
            "deploy/compose.yml": "services: {web: {build: {context: ..}}}\n",
            "deploy/compose.override.yml": "services: {web: {build: {dockerfile: docker/web}}}\n",
        },
        {
            "deploy/docker-compose.yml": "services: {web: {build: ..}}\n",
            "deploy/docker-compose.prod.yml": "services: {web: {build: {dockerfile: docker/web}}}\n",
        },
        {"docker-bake.hcl": 'target "web" {\n  context = "."\n  dockerfile = "docker/web"\n}\n'},
        {"docker-bake.prod.json": '{"target": {"web": {"dockerfile": "docker/web"}}}'},
    ],
)
def test_a_dockerfile_of_any_name_is_known_from_a_second_compose_file_or_a_bake_file(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = loaded(tmp_path, {**django(), "docker/web": PLAIN, **files})
    assert image(found.config).dockerfile == "docker/web"
    assert image(found.config).context == "."


def test_a_second_compose_file_adds_to_the_build_of_the_first(tmp_path: Path) -> None:
    files = {
        "compose.yml": "services: {web: {build: {context: app, args: {A: 1, B: 1}}}}\n",
        "ci.yml": "services: {web: {build: {target: ci, args: {B: 2}}}}\n",
    }
    (tmp_path / "app").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    tree = RepositoryFiles.read(tmp_path)
    build = Composition(tree=tree, paths=("compose.yml", "ci.yml")).build("web")
    assert build is not None
    assert (build.context, build.target) == ("app", "ci")
    assert build.arguments == {"A": "1", "B": "2"}
