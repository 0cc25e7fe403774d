"""Tests in an image that another step or job of the CI builds: its Python, packages and requirements."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.detection.ci.compose.image_build import ImageBuild, find_build
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

DOCKERFILE = """
    FROM python:3.11-slim AS base
    RUN apt-get update && apt-get install -y gettext
    COPY . .
    RUN pip install -r requirements.txt
    FROM base AS dev
    ENV SHOP_MODE=dev
    RUN pip install -r dev.txt
    FROM base
    RUN pip install gunicorn
"""
IN_STEPS = """
    on: push
    jobs:
      test:
        steps:
          - uses: {action}
            with: {{context: ., target: dev, load: true, tags: "shop:latest\nshop:ci"}}
          - run: docker run --rm shop:ci python manage.py test
"""
IN_JOBS = """
    on: push
    jobs:
      build:
        steps:
          - run: docker buildx build --target dev --output type=docker,dest=/tmp/shop.tar -t shop:ci .
      test:
        needs: build
        steps:
          - uses: actions/download-artifact@v4
          - run: docker load --input /tmp/shop.tar
          - run: docker run --rm shop:ci python manage.py test
"""
CONTAINER = """
    on: push
    jobs:
      build:
        steps:
          - uses: docker/build-push-action@v6
            with: {context: ., target: dev, push: true, tags: "ghcr.io/acme/shop:${{ github.sha }}"}
      test:
        needs: build
        container: ghcr.io/acme/shop:${{ github.sha }}
        steps:
          - run: python manage.py test
"""
UNNAMED = """
    on: push
    jobs:
      test:
        steps:
          - run: echo "IMAGE=$(jq -r .tags[0] meta.json)" >> $GITHUB_ENV
          - run: docker build --target dev -t ${{ env.IMAGE }} .
          - run: docker run --rm -t ${{ env.IMAGE }} python manage.py test
"""
GITLAB = """
    build:
      script:
        - docker build --target dev -t $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA .
        - docker push $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
    test:
      image: $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
      script:
        - python manage.py test
"""
COMPOSE = """
    services:
      web:
        image: shop:ci
"""
IN_COMPOSE = IN_STEPS.replace("docker run --rm shop:ci", "docker compose run --rm web")
WORKFLOW = ".github/workflows/ci.yml"
CIS: list[dict[str, str]] = [
    {WORKFLOW: IN_STEPS.format(action="docker/build-push-action@v6")},
    {WORKFLOW: IN_STEPS.format(action="depot/build-push-action@v1")},
    {WORKFLOW: IN_COMPOSE.format(action="docker/build-push-action@v6"), "compose.yml": COMPOSE},
    {WORKFLOW: IN_JOBS},
    {WORKFLOW: CONTAINER},
    {WORKFLOW: UNNAMED},
    {".gitlab-ci.yml": GITLAB},
]
FILES = {**django(), "Dockerfile": DOCKERFILE, "requirements.txt": "django\n", "dev.txt": "tblib\n"}


def environment(project: ProjectConfig) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    config = project.config
    return str(config.python), tuple(config.apt), tuple(config.requirements)


BAKE = """
variable "TAG" { default = "dev" }  # of the image
group "default" { targets = ["tests"] }
target "base" {
  dockerfile = "top.Dockerfile"
  args = { MODE = "dev" }
}
target "tests" {
  inherits = ["base"]
  context = "."
  tags = ["shop:${TAG}"]
}
"""
BAKED = '{"target": {"tests": {"dockerfile": "top.Dockerfile", "tags": ["shop:dev"]}}}'


def test_a_container_in_the_network_of_a_service_runs_its_entry_point(tmp_path: Path) -> None:
    run = (
        "docker run --network ${{ job.services.postgres.network }} "
        "--entrypoint /app/test.sh -v $GITHUB_WORKSPACE:/app shop:ci"
    )
    text = IN_JOBS.replace("docker run --rm shop:ci python manage.py test", run)
    services = "needs: build\n        services: {postgres: {image: postgres}}"
    files = {
        ".github/workflows/ci.yml": text.replace("needs: build", services),
        "test.sh": "python manage.py test shop\n",
        "Dockerfile": DOCKERFILE,
    }
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **files})
    assert found.config.tests.args == (("shop",),)
    assert not any("could not be followed" in text for text in found.warnings)


@pytest.mark.parametrize(
    "condition", ["github.event_name == 'schedule'", "github.event_name != 'push'", "true"]
)
def test_a_base_image_may_be_built_by_a_job_that_seldom_runs(
    tmp_path: Path, condition: str
) -> None:
    monthly = f"""
        on: {{schedule: [{{cron: 0 0 1 * *}}], workflow_dispatch: , push: {{tags: ["*"]}}}}
        jobs:
          images:
            if: {condition}
            steps: [{{run: docker build -f base.Dockerfile -t ghcr.io/acme/base:latest .}}]
        """
    files = {
        ".github/workflows/images.yml": monthly,
        "base.Dockerfile": "FROM python:3.12\nRUN apt-get install -y gettext\n",
        "Dockerfile": "FROM ghcr.io/acme/base:latest\nCOPY . .\n",
        "compose.yml": "services: {web: {build: .}}\n",
        **workflow("docker compose run web python manage.py test"),
    }
    found = loaded(tmp_path, {**django(), **files})
    assert found.config.python == "3.12"
    assert "gettext" in found.config.apt
    assert not any("not known" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("name", "text", "call"),
    [
        ("docker-bake.hcl", BAKE, "docker buildx bake --load"),
        ("ci/bake.hcl", BAKE, "docker buildx bake -f ci/bake.hcl tests"),
        ("docker-bake.json", BAKED, "docker buildx bake tests"),
    ],
)
def test_a_file_of_bake_names_the_build(tmp_path: Path, name: str, text: str, call: str) -> None:
    lines = (call, "docker tag shop:dev other:ci", "docker run other:ci python manage.py test")
    files = {**django(), **workflow(*lines), name: text, "top.Dockerfile": DOCKERFILE}
    assert environment(loaded(tmp_path, files))[:2] == ("3.11", ("gettext",))


def test_of_two_images_whose_names_are_not_known_none_is_that_of_the_tests(tmp_path: Path) -> None:
    both = UNNAMED.replace(
        "-t ${{ env.IMAGE }} .\n", "-t ${{ env.IMAGE }} . && docker build -t $(cat name) .\n"
    )
    project = loaded(tmp_path, {**FILES, WORKFLOW: both})
    assert not project.config.apt
    assert any("whose name only the CI knows" in text for text in project.warnings)


@pytest.mark.parametrize("ci", CIS)
def test_the_image_of_the_tests_is_the_one_that_the_ci_builds(
    tmp_path: Path, ci: dict[str, str]
) -> None:
    project = loaded(tmp_path, {**FILES, **ci})
    assert environment(project) == ("3.11", ("gettext",), ("requirements.txt", "dev.txt"))
    assert project.config.env["SHOP_MODE"] == "dev"


@pytest.mark.parametrize(
    "lines",
    [
        (
            "docker build -t base -f base.Dockerfile .",
            "docker build -t shop --build-arg BASE=base -f top.Dockerfile .",
            "docker run --rm shop python manage.py test",
        ),
        (
            "docker build -t acme/base:1 -f base.Dockerfile .",
            "docker compose build --build-arg BASE=acme/base:1 web",
            "docker compose run --rm web python manage.py test",
        ),
    ],
)
def test_the_base_image_may_be_another_one_of_the_ci(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    steps = "".join(f"\n          - run: {line}" for line in lines)
    files = {
        **FILES,
        "base.Dockerfile": "FROM python:3.11\nENV SHOP_MODE=dev\nRUN apt-get install -y gettext\n"
        "COPY . .\nRUN pip install -r requirements.txt\n",
        "top.Dockerfile": "ARG BASE=python:3.13\nFROM ${BASE}\nRUN pip install -r dev.txt\n",
        "compose.yml": "services: {web: {build: {context: ., dockerfile: top.Dockerfile}}}\n",
        WORKFLOW: f"on: push\njobs:\n      test:\n        steps:{steps}\n",
    }
    project = loaded(tmp_path, files)
    assert environment(project) == ("3.11", ("gettext",), ("requirements.txt", "dev.txt"))
    assert project.config.env["SHOP_MODE"] == "dev"


def build(*tags: str, context: str = ".", target: str | None = None) -> ImageBuild:
    return ImageBuild(dockerfile="D", context=context, target=target, source="", tags=tags)


U = UNKNOWN
PROD = build(f"reg/shop:{U}-prod", target="prod")
DEV = build(f"reg/shop:{U}", "reg/shop", target="dev")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (f"reg/shop:{U}", DEV),
        ("reg/shop:$SHA-prod", PROD),
        ("reg/shop:latest", DEV),
        ("reg/shop", DEV),
        ("reg/shop:old", None),
        ("reg/other", None),
        (U, None),
        ("$IMAGE:$TAG", None),
        ("ci-base:v2", build(context="docker/ci_base")),
        ("tools", build("acme/tools:1")),
        ("acme/tools:9", build("acme/tools:1")),
    ],
)
def test_a_build_is_found_by_the_name_of_its_image(
    reference: str, found: ImageBuild | None
) -> None:
    builds = (PROD, DEV, build("acme/tools:1"), build(context="docker/ci_base"))
    assert find_build(reference, builds) == found


def test_an_image_of_which_only_the_ci_knows_the_name_is_a_warning(tmp_path: Path) -> None:
    ci = CONTAINER.replace("container: ghcr.io/acme/shop:", "container: ")
    project = loaded(tmp_path, {**FILES, WORKFLOW: ci})
    assert "whose name or build only the CI knows" in " ".join(project.warnings)


@pytest.mark.parametrize(
    ("tag", "image", "is_built"),
    [
        ("ghcr.io/${{ github.repository }}:latest", "ghcr.io/acme/shop:latest", True),
        ("ghcr.io/${{ github.repository }}:latest", "ghcr.io/acme/shop", True),
        ("ghcr.io/${{ github.repository }}:latest", "ghcr.io/acme/shop:stable", False),
        ("ghcr.io/${{ github.repository }}:latest", "docker.io/acme/shop:latest", False),
        ("${{ github.repository }}:latest", "acme/shop:latest", False),
    ],
)
def test_an_image_that_the_project_publishes_is_that_of_its_build(
    tmp_path: Path, tag: str, image: str, *, is_built: bool
) -> None:
    publish = f"""
        on: workflow_dispatch
        jobs:
          push:
            steps:
              - uses: docker/build-push-action@v6
                with: {{target: dev, push: true, tags: "{tag}"}}
    """
    compose = f"""
        services:
          web: {{image: "{image}", volumes: [".:/app"], working_dir: /app}}
    """
    files = {
        **FILES,
        **workflow("docker compose run web python manage.py test"),
        ".github/workflows/publish.yml": publish,
        "compose.yml": compose,
    }
    project = loaded(tmp_path, files)
    assert (environment(project)[1] == ("gettext",)) is is_built
    assert ("name or build only the CI knows" in " ".join(project.warnings)) is is_built


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {}),
        ("-e MODE", {"MODE": "job"}),
        ("-e MODE=own -e OTHER=1", {"MODE": "own", "OTHER": "1"}),
    ],
)
def test_container_gets_only_the_variables_that_its_call_passes_on(
    tmp_path: Path, options: str, expected: dict[str, str]
) -> None:
    ci = f"""
        on: push
        env: {{MODE: job, SECRET: job}}
        jobs:
          test:
            steps:
              - run: docker build --target dev -t shop .
              - run: docker run {options} shop sh -c "python manage.py test"
    """

    found = loaded(tmp_path, {**FILES, WORKFLOW: ci}).config.env

    assert {name: found[name] for name in ("MODE", "OTHER", "SECRET") if name in found} == expected


ENTRY = """
    #!/bin/sh
    export SHOP_MODE="${SHOP_MODE:-tests}"
    if [ -z "${SEARCH:-}" ]; then
        export SEARCH="none"
    fi
    python manage.py migrate
    exec "$@"
"""


@pytest.mark.parametrize(
    "lines",
    [
        ("docker compose run --rm web python manage.py test",),
        ("docker build -t shop .", "docker run shop python manage.py test"),
        ("docker build -t shop .", "docker run shop sh -c 'python manage.py test'"),
    ],
)
def test_tests_in_a_container_have_what_its_entry_point_exports(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    dockerfile = """
        FROM python:3.11
        ENV SHOP_MODE=image
        COPY entry.sh /entry
        WORKDIR /app
        COPY . .
        ENTRYPOINT ["/entry"]
    """
    files = {
        **django(),
        **workflow(*lines),
        "Dockerfile": dockerfile,
        "entry.sh": ENTRY,
        "compose.yml": "services: {web: {build: .}}\n",
    }
    env = loaded(tmp_path, files).config.env
    assert (env["SHOP_MODE"], env["SEARCH"]) == ("image", "none")


@pytest.mark.parametrize("made", ["RUN mkdir -p /code", "WORKDIR /code"])
def test_a_file_that_is_copied_to_a_directory_keeps_its_name(tmp_path: Path, made: str) -> None:
    dockerfile = (
        f"FROM python:3.12\n{made}\nCOPY a.txt /code\nWORKDIR /code\nRUN mkdir out\nCOPY . .\n"
    )
    files = workflow("docker build -t shop .", "docker run shop python manage.py test")
    found = loaded(tmp_path, {**django(), **files, "Dockerfile": dockerfile, "a.txt": "a\n"})
    assert [step.run for step in found.config.tests.before] == ["mkdir -p out"]


@pytest.mark.parametrize(
    "line", ["docker compose up --exit-code-from web web", "docker compose run web"]
)
def test_scripts_in_a_container_work_in_its_directories(tmp_path: Path, line: str) -> None:
    files = {
        **django(),
        **workflow(line),
        "Dockerfile": "FROM python:3.12\nCOPY . /app\n",
        "compose.yml": """
            services:
              web: {build: ., entrypoint: [/app/ci/wait.sh, /app/ci/tests.sh], volumes: [".:/app"]}
        """,
        "ci/wait.sh": 'sleep 1\nexec "$@"\n',
        "ci/tests.sh": "cd /app || exit\n/app/ci/assets.sh && python manage.py test shop\n",
        "ci/assets.sh": "cd /app && python manage.py compilemessages > /dev/null\n",
    }
    config = loaded(tmp_path, files).config
    assert [step.run for step in config.tests.before] == ["python manage.py compilemessages"]
    assert config.tests.args == (("shop",),)


def test_a_directory_before_the_first_workdir_is_the_systems(tmp_path: Path) -> None:
    dockerfile = "FROM python:3.12\nRUN mkdir -p app\nWORKDIR /app\nCOPY . .\n"
    files = workflow("docker build -t shop .", "docker run shop python manage.py test")
    found = loaded(tmp_path, {**django(), **files, "Dockerfile": dockerfile})
    assert found.config.tests.before == ()


@pytest.mark.parametrize(
    ("workdir", "manage"), [("", "/app/manage.py"), ("WORKDIR /app\n", "manage.py")]
)
def test_without_workdir_the_path_of_manage_py_is_absolute(
    tmp_path: Path, workdir: str, manage: str
) -> None:
    dockerfile = f'FROM acme/base\n{workdir}COPY . /app\nCMD ["gunicorn", "mysite.wsgi"]\n'
    found = loaded(tmp_path, {**django(), "Dockerfile": dockerfile})
    assert found.facts.image_manage == manage


OUTPUT = """
    on: push
    jobs:
      build:
        outputs: {image: "${{ steps.named.outputs.image }}"}
        steps:
          - run: docker build -t acme/shop:$(git rev-parse HEAD) .
          - {id: named, run: ./name.sh >> $GITHUB_OUTPUT}
      test:
        needs: build
        container: ${{ needs.build.outputs.image }}
        steps: [{run: python manage.py test}]
"""
IN_STEP = """
    on: push
    jobs:
      test:
        needs: build
        env: {IMAGE: "${{ needs.build.outputs.image }}"}
        steps: [{run: CALL}]
      build:
        steps: [{uses: docker/build-push-action@v6, with: {tags: 'acme/shop:latest'}}]
"""
PRESUMED = "and the variables of Dockerfile, because the CI builds no other image"
KANIKO = """
    build:
      script: /kaniko/executor --context $CI_PROJECT_DIR --dockerfile Dockerfile --destination acme/shop:$SHA
    test:
      image: acme/shop:$SHA
      script: python manage.py test
"""


@pytest.mark.parametrize(
    "files",
    [
        {WORKFLOW: OUTPUT},
        {WORKFLOW: IN_STEP.replace("CALL", "docker run $IMAGE python manage.py test")},
        {
            WORKFLOW: IN_STEP.replace("CALL", "docker compose run web python manage.py test"),
            "compose.yml": "services: {web: {image: '${IMAGE}'}}",
        },
    ],
)
def test_an_image_of_unknown_name_is_the_only_one_that_the_ci_builds(
    tmp_path: Path, files: dict[str, str]
) -> None:
    project = loaded(tmp_path, {**FILES, "Dockerfile": DOCKERFILE, **files})
    assert environment(project)[:2] == ("3.11", ("gettext",))
    assert any(PRESUMED in text for text in project.warnings)


@pytest.mark.parametrize("base", ["nginx:alpine", "node:22"])
def test_an_image_without_python_is_not_that_of_the_tests(tmp_path: Path, base: str) -> None:
    dockerfile = f"FROM {base}\nRUN apt-get install -y gettext\n"
    project = loaded(tmp_path, {**FILES, "Dockerfile": dockerfile, WORKFLOW: OUTPUT})
    assert not project.config.apt
    assert not any(PRESUMED in text for text in project.warnings)


@pytest.mark.parametrize(
    "files",
    [
        {".gitlab-ci.yml": KANIKO},
        workflow("IMAGE=$(docker build -q .)", "docker run $IMAGE python manage.py test"),
    ],
)
def test_a_build_without_a_name_or_a_daemon_is_that_of_the_tests(
    tmp_path: Path, files: dict[str, str]
) -> None:
    project = loaded(tmp_path, {**FILES, "Dockerfile": DOCKERFILE, **files})
    assert environment(project)[:2] == ("3.11", ("gettext",))
    assert not any("whose name only the CI knows" in text for text in project.warnings)


def test_tests_in_a_directory_of_the_image_run_in_that_of_the_repository(tmp_path: Path) -> None:
    dockerfile = """
        FROM python:3.11
        WORKDIR /code
        COPY shop/system.txt system.txt
        RUN apt-get install -y $(grep -o '^[^#][[:alnum:].-]*' system.txt)
        COPY shop/requirements.txt /code/shop/requirements.txt
        RUN pip install -r shop/requirements.txt
        COPY shop ./shop
    """
    files = {
        **{f"shop/{name}": text for name, text in django().items()},
        "shop/requirements.txt": "django\npytest-django\n",
        "shop/system.txt": "# for PDFs\nlibcairo2\ngettext\n",
        "setup.cfg": "[tool:pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n",
        "Dockerfile": dockerfile,
        ".gitlab-ci.yml": KANIKO.replace(
            "python manage.py test", "cd /code/shop && pytest --ignore=/code/shop/slow"
        ),
        "shop/slow/test_a.py": "",
    }
    project = loaded(tmp_path, files)
    assert project.config.working_directory == "shop"
    assert {"libcairo2", "gettext"} <= set(project.config.apt)
    assert project.config.tests.args == (("--ignore={root}/shop/slow",),)
