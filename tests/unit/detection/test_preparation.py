"""The commands that run before the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded, manage, the_tests

COMPRESS = "python manage.py compress"
BUILD = "python manage.py build"
TEST = "python manage.py test"


def test_commands_of_the_same_job_prepare_the_tests_and_others_do_not(tmp_path: Path) -> None:
    found = the_tests(
        tmp_path,
        workflow(
            "python manage.py search_index --create", "python manage.py search_index --rebuild -f",
            "python manage.py collectstatic --noinput", "python manage.py migrate", "./manage.py compilemessages",
            "python manage.py x $SECRET", "python manage.py load --to=/usr/share/data", "python manage.py test",
            "python manage.py collectstatic --after",
        ),
    )  # fmt: skip
    assert [step.run for step in found.before] == [
        "python manage.py search_index --create",
        "python manage.py collectstatic --noinput",
        "python manage.py compilemessages",
    ]


def test_messages_that_the_ci_makes_anew_are_files_that_git_tracks(tmp_path: Path) -> None:
    lines = ("python manage.py makemessages --all", "python manage.py compilemessages", TEST)
    found = loaded(
        tmp_path, {**django(), "locale/fi/LC_MESSAGES/django.po": "", **workflow(*lines)}
    )
    (line,) = (line for line in found.facts.left_out if "makemessages" in line.line)
    assert (line.reason, line.harmless) == ("it changes files that git tracks", False)


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("$BIN/python manage.py collectstatic", ["python manage.py collectstatic"]),
        ('"$BIN"/python3.12 manage.py collectstatic', ["python manage.py collectstatic"]),
        ("$BIN/python build.py", ["python build.py"]),
        ("$BIN/python build.py $BIN/python", []),
        ("$BIN/build shop", []),
    ],
)
def test_the_python_of_a_directory_that_only_the_ci_knows_is_that_of_the_environment(
    tmp_path: Path, line: str, steps: list[str]
) -> None:
    ci = workflow(line, "python manage.py test", env="{BIN: '${{ secrets.BIN }}'}")
    found = the_tests(tmp_path, {"build.py": "", **ci})
    assert [step.run for step in found.before] == steps


ASKS = 'if [ "$(cat mode)" = full ]; then'
UNDER = """
on: push
jobs:
  test:
    steps:
      - id: changed
        uses: shop/changed-files@v1
      - if: steps.changed.outputs.any == 'true'
        run: python manage.py compress
      - if: steps.changed.outputs.styles == 'true'
        run: python manage.py build
      - if: steps.changed.outputs.any == 'true'
        run: python manage.py test
"""


@pytest.mark.parametrize(
    ("files", "steps", "left_out"),
    [
        (workflow(f"{ASKS} {COMPRESS}; {TEST}; fi"), [COMPRESS], []),
        (workflow(f"{ASKS} {COMPRESS}; fi; {ASKS} {TEST}; fi"), [COMPRESS], []),
        (workflow(f"{ASKS} {BUILD}; else {COMPRESS}; {TEST}; fi"), [COMPRESS], [BUILD]),
        (
            workflow(f'{ASKS} {COMPRESS}; [ -n "$(git diff)" ] && {BUILD}; {TEST}; fi'),
            [COMPRESS],
            [BUILD],
        ),
        (workflow(f"{ASKS} {COMPRESS}; {TEST}; fi; {TEST} shop"), [], [COMPRESS, TEST]),
        ({".github/workflows/ci.yml": UNDER}, [COMPRESS], [BUILD]),
    ],
)
def test_a_line_under_the_condition_of_the_tests_runs_with_them(
    tmp_path: Path, files: dict[str, str], steps: list[str], left_out: list[str]
) -> None:
    project = loaded(tmp_path, {**django(), **files})
    assert [step.run for step in project.config.tests.before] == steps
    asked = [
        left.line
        for left in project.facts.left_out
        if left.reason == "it runs only under a condition"
    ]
    assert asked == left_out


@pytest.mark.parametrize(
    "line",
    ["python manage.py test --help", "pytest --collect-only -q", "pytest --co shop", "pytest --version"],
)  # fmt: skip
def test_a_test_runner_that_executes_no_test_is_no_preparation(tmp_path: Path, line: str) -> None:
    project = loaded(tmp_path, {**django(), **workflow(line, "python manage.py test")})
    assert project.config.tests.before == ()
    assert [(left.line, left.harmless) for left in project.facts.left_out] == [(line, True)]


@pytest.mark.parametrize(
    "line", ["python wait_for_postgres.py", "scripts/wait-for-db db:5432", "waitforit db:5432"]
)
def test_a_program_that_waits_for_a_server_is_no_preparation(tmp_path: Path, line: str) -> None:
    files = {"wait_for_postgres.py": "", "scripts/wait-for-db": "#!/usr/bin/env python\n"}
    project = loaded(tmp_path, {**django(), **files, **workflow(line, "python manage.py test")})
    assert project.config.tests.before == ()
    assert [left.reason for left in project.facts.left_out] == ["it only waits"]


@pytest.mark.parametrize(
    ("text", "steps", "left_out"),
    [
        (f"cat <<EOF | sh\n{COMPRESS}\nEOF", [COMPRESS], {}),
        (f"cat <<EOF | bash -e\n{COMPRESS}\npytest\nEOF", [COMPRESS], {}),
        (f'echo "{COMPRESS}" | sh', [COMPRESS], {}),
        ("cat <<EOF | sh\n./mystery | sh\nEOF", ["./mystery | sh"], {}),
        (
            "cat <<EOF | python manage.py shell\nimport shop\nEOF",
            [],
            {"cat <<EOF | python manage.py shell": "it works on a database or another server"},
        ),
        (
            "python manage.py shell < admin.py",
            [],
            {"python manage.py shell < admin.py": "it works on a database or another server"},
        ),
    ],
)
def test_a_script_that_a_shell_reads_is_shown_by_its_lines_only(
    tmp_path: Path, text: str, steps: list[str], left_out: dict[str, str]
) -> None:
    lines = [*text.splitlines(), TEST]
    ci = "jobs:\n  test:\n    steps:\n      - run: |\n" + "".join(f"          {x}\n" for x in lines)
    found = loaded(tmp_path, {**django(), ".github/workflows/ci.yml": f"on: push\n{ci}"})
    assert [step.run for step in found.config.tests.before] == steps
    lines_left = {line.line.partition("\n")[0]: line.reason for line in found.facts.left_out}
    assert lines_left == left_out


@pytest.mark.parametrize(
    ("lines", "steps", "reasons"),
    [
        (["curl -d @a.json http://x/load"] * 2, [], ["it uses the network"]),
        (["curl http://x/load", "./go load"], ["./go load"], ["it uses the network"]),
        (
            ["curl -fsSLo a.json http://x/y", "./go a.json"],
            [],
            ["it uses the network", "it needs a file that another line downloads"],
        ),
        (["rsync -a --exclude=b:c shop/a/ media/"], [], ["it copies files with rsync"]),
        (["rsync -a rsync://x/media ."], [], ["it uses the network"]),
        (["rsync -a -e ssh ci@$HOST:/media ."], [], ["it uses the network"]),
    ],
)
def test_only_what_uses_the_network_is_said_to_use_it(
    tmp_path: Path, lines: list[str], steps: list[str], reasons: list[str]
) -> None:
    found = loaded(tmp_path, {**django(), **workflow(*lines, TEST)})
    assert [step.run for step in found.config.tests.before] == steps
    assert [left.reason for left in found.facts.left_out] == reasons


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("sed -i s/dev/ci/ shop/version.py", "shop/version.py"),
        ('sed -i "s/dev/$(git describe)/" ./shop/version.py', "shop/version.py"),
        ("sed -Ei.bak s/dev/ci/ shop/*.py", "shop/version.py"),
        ("sed -i s/dev/ci/ $(cat names.txt)", "files"),
        ("ls | xargs perl -pi -e s/dev/ci/", "files"),
        ("awk -i inplace 1 shop/version.py", "shop/version.py"),
        ("dos2unix shop/version.py", "shop/version.py"),
        ("patch -p1 < ci.patch", "files"),
        ("echo 'VERSION = 1' >> shop/version.py", "shop/version.py"),
    ],
)
def test_a_file_that_git_tracks_is_not_edited(tmp_path: Path, line: str, changed: str) -> None:
    ci = workflow(line, "python manage.py test")
    project = loaded(tmp_path, {**django(), "shop/version.py": "VERSION = 'dev'\n", **ci})
    assert project.config.tests.before == ()
    assert [left.reason for left in project.facts.left_out] == [
        f"it changes {changed}, which git tracks"
    ]
    (warning,) = [text for text in project.warnings if "files that git tracks" in text]
    assert repr(project.facts.left_out[0].line) in warning


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("chmod 777 .", "files"),
        ("chmod -R a+w shop", "shop"),
        ("chmod +x shop/version.py", "shop/version.py"),
    ],
)
def test_the_mode_of_a_file_that_git_tracks_is_kept(
    tmp_path: Path, line: str, changed: str
) -> None:
    ci = workflow(line, "shop/version.py", "python manage.py test")
    files = {**django(), "shop/version.py": "#!/usr/bin/env python3\n", **ci}
    project = loaded(tmp_path, files)
    assert [step.run for step in project.config.tests.before] == ["python shop/version.py"]
    assert [left.reason for left in project.facts.left_out] == [
        f"it changes the mode of {changed}, which git tracks"
    ]
    assert not any("files that git tracks" in text for text in project.warnings)


@pytest.mark.parametrize(
    "lines",
    [
        ("mkdir -p logs", "chmod 777 logs"),
        ("cp shop/version.py shop/local.py", "sed -i s/dev/ci/ shop/local.py"),
        ("chmod 600 shop/version.py",),
    ],
)
def test_files_that_the_ci_makes_are_changed_as_there(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    ci = workflow(*lines, "python manage.py test")
    project = loaded(tmp_path, {**django(), "shop/version.py": "VERSION = 'dev'\n", **ci})
    assert tuple(step.run for step in project.config.tests.before) == lines


def test_arguments_of_the_program_of_an_image_are_no_program(tmp_path: Path) -> None:
    compose = "services: {shellcheck: {image: 'acme/shellcheck:stable'}}"
    lines = (
        "docker run --rm acme/flake8:7 .",
        "docker compose run --rm shellcheck scripts/*",
        "docker run acme/assets --minify",
        "pytest",
    )
    files = {"compose.yml": compose, "scripts/a.sh": "", "scripts/b.sh": ""}
    project = loaded(tmp_path, {**django(), **files, **workflow(*lines)})
    assert project.config.tests.before == ()
    assert [left.reason for left in project.facts.left_out] == [
        "it checks something",
        "it checks something",
        "it runs the program of a container's image",
    ]
    assert any("'docker run --rm acme/flake8:7 .'" in text for text in project.warnings)


def test_the_plan_checks_a_project_whose_console_script_starts_django(tmp_path: Path) -> None:
    script = """
        import os, sys
        from django.core.management import execute_from_command_line

        def main():
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
            execute_from_command_line(sys.argv)
        """
    calls = ("collectstatic", "check", "makemigrations --check", "makemigrations", "test")
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshopctl = "shop.cli:main"\n',
        "shop/__init__.py": "",
        "shop/cli.py": script,
        "shop/settings.py": "INSTALLED_APPS = []",
        **workflow("python3 -m venv env", *(f"env/bin/shopctl {call}" for call in calls)),
    }
    tests = loaded(tmp_path, files).config.tests
    assert [step.run for step in tests.before] == ["shopctl collectstatic"]
    assert tests.check_migrations is True


def test_without_a_program_the_checks_of_the_ci_are_preparation(tmp_path: Path) -> None:
    calls = ("check", "makemigrations --check", "makemigrations", "test")
    files = {
        "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["django"]\n',
        "shop/__init__.py": "",
        "shop/tests/settings.py": "INSTALLED_APPS = []",
        **workflow(*(f"python -m django {call} --settings=shop.tests.settings" for call in calls)),
    }
    assert [step.run for step in loaded(tmp_path, files).config.tests.before] == [
        "python -m django check --settings=shop.tests.settings",
        "python -m django makemigrations --check --settings=shop.tests.settings",
    ]


def test_a_directory_that_is_copied_is_preparation_and_a_server_in_a_container_is_not(
    tmp_path: Path,
) -> None:
    copies = ("cp -r media media_root", "cp -R $PWD/kit/* $PWD")
    lines = workflow(*copies, "docker compose run -d db", "python manage.py test")
    files = {
        **django(),
        **lines,
        "media/a.png": "",
        "kit/stats/a.json": "",
        "compose.yaml": "services: {db: {image: 'postgres:17'}}",
    }
    found = loaded(tmp_path, files)
    assert [step.run for step in found.config.tests.before] == [
        "cp -r media media_root",
        "cp -R kit/* .",
    ]
    assert "docker compose run -d db" in [line.line for line in found.facts.left_out]


def test_files_for_containers_and_environments_are_no_preparation(tmp_path: Path) -> None:
    lines = (
        "python3 -m venv ./ve",
        "touch ./ve/ready",
        "uv venv --python 3.12",
        "touch .venv",
        "python tools/virtualenv.pyz --never-download env",
        "printf 'services:\\n  db: {image: postgres:16}\\n' > db.yml",
        "docker compose -f db.yml up -d",
        "node -v",
        "python3.12 -VV",
        "touch local.py",
        "python3 -c 'import setup_shop'",
        "manage.py test",
    )
    steps = "".join(f"      - run: {line}\n" for line in lines).replace(
        "run: printf", "run: >-\n          printf"
    )
    files = {**django(), ".github/workflows/t.yml": f"jobs:\n  t:\n    steps:\n{steps}"}
    assert [step.run for step in loaded(tmp_path, files).config.tests.before] == [
        "touch local.py",
        "python -c 'import setup_shop'",
    ]


def test_ports_that_the_runner_chooses_are_those_of_the_containers(tmp_path: Path) -> None:
    workflow = """
        on: push
        jobs:
          test:
            services:
              db: {image: "mariadb:11", ports: [3306, "6306:3307", "3308/tcp", "127.0.0.1:6309:3309/tcp"]}
            steps:
              - run: echo "PORT = ${{ job.services.db.ports[3306] }}" >> ports.py
              - run: echo "PORT = ${{ job.services.db.ports['3307'] }}" >> ports.py
              - run: echo "PORT = ${{ job.services.db.ports[3308] }}" >> ports.py
              - run: echo "PORT = ${{ job.services.db.ports[3309] }}" >> ports.py
              - run: python manage.py test
    """
    found = loaded(tmp_path, {**django(), ".github/workflows/t.yml": workflow})
    assert [step.run for step in found.config.tests.before] == [
        'echo "PORT = 3306" >> ports.py',
        'echo "PORT = 6306" >> ports.py',
        'echo "PORT = 3308" >> ports.py',
        'echo "PORT = 6309" >> ports.py',
    ]


def test_what_runs_in_the_container_of_a_server_is_no_preparation(tmp_path: Path) -> None:
    workflow = """
        on: push
        jobs:
          test:
            services:
              house: {image: "clickhouse:26", ports: [9000]}
            steps:
              - run: docker exec house clickhouse-client --query "CREATE USER shop"
              - run: docker exec -u root ${{ job.services.house.id }} bash -c "shop-users"
              - run: mkdir -p /tmp/shop-home && chmod -R u+rwX /tmp/shop-home
              - run: python manage.py test
    """
    found = loaded(tmp_path, {**django(), ".github/workflows/t.yml": workflow})
    assert found.config.tests.before == ()
    reasons = {line.line: line.reason for line in found.facts.left_out}
    assert reasons["shop-users"] == "it works on a database or another server"
    assert [*reasons.values()].count(reasons["shop-users"]) == 2


@pytest.mark.parametrize(
    ("line", "harmless"),
    [
        ("mamba env create -f tools.yml", False),
        ("poetry install", True),
        ("curl -LsSf https://astral.sh/uv/0.9.8/install.sh | sh", True),
        ("curl -sSL https://install.python-poetry.org | python3 -", True),
        ("curl -sSL https://example.org/install.sh | sh", False),
        ("curl -o poetry.py https://install.python-poetry.org", False),
    ],
)
def test_only_installations_that_heroci_repeats_are_harmless(
    tmp_path: Path, line: str, harmless: bool
) -> None:
    found = loaded(tmp_path, {**django(), **workflow(line, "python manage.py test")})
    assert [(left.line, left.harmless) for left in found.facts.left_out] == [(line, harmless)]


def test_a_program_that_gets_the_address_of_a_server_works_on_it(tmp_path: Path) -> None:
    workflow = """
        on: push
        jobs:
          test:
            services: {users: {image: "openldap"}}
            steps:
              - run: addusers -H ldap://users:1389/ -f users.ldif
              - run: python load.py http://users:1389/
              - run: shopconfig "http://users/" > shop.toml
              - run: shopconfig http://example.com/users
              - run: python manage.py test
    """
    files = {**django(), "load.py": "", ".github/workflows/t.yml": workflow}
    assert [str(step.run).split()[0] for step in loaded(tmp_path, files).config.tests.before] == [
        "python",
        "shopconfig",
        "shopconfig",
    ]


def test_what_runs_in_another_container_of_the_repository_is_preparation(tmp_path: Path) -> None:
    compose = """
        services:
          db: {image: "postgres:17"}
          web: {build: ., volumes: [".:/app"], working_dir: /app, command: python manage.py runserver, depends_on: [db]}
          test: {build: ., volumes: [".:/app"], working_dir: /app, command: python manage.py test, depends_on: [web]}
    """
    lines = ("python manage.py collectstatic", "psql -c x", "bash -c './manage.py compilemessages'")
    runs = (f"docker compose run --rm web {line}" for line in lines)
    calls = workflow(*runs, "docker compose exec db setup", "docker compose run --rm test")
    found = loaded(
        tmp_path,
        {**django(), "compose.yml": compose, "Dockerfile": "FROM python:3.12\n", **calls},
    )
    assert [step.run for step in found.config.tests.before] == [
        "python manage.py collectstatic",
        "python manage.py compilemessages",
    ]
    assert {line.reason for line in found.facts.left_out} == {
        "it works on a database or another server"
    }


def test_parts_of_the_suite_in_other_jobs_need_what_is_before_them(tmp_path: Path) -> None:
    workflow = """
        on: push
        jobs:
          cart: {steps: [{run: touch .env}, {run: python manage.py test cart}]}
          search: {steps: [{run: touch .env}, {run: python manage.py index --all}, {run: python manage.py test search}]}
    """
    found = loaded(tmp_path, {**django(), ".github/workflows/t.yml": workflow}).config.tests
    assert found.args == (("cart",), ("search",))
    assert [step.run for step in found.before] == ["touch .env", "python manage.py index --all"]


def test_what_only_feeds_a_pipeline_does_not_decide_about_it(tmp_path: Path) -> None:
    lines = (
        "cat answers.txt | shop-setup --quick",
        "echo 'SELECT 1' | psql",
        "git ls-files '*.html' | xargs djhtml --check",
        "npm cache clean --force",
        "npm rm --g gulp",
        "python -m site",
        "java -version",
        "sudo dpkg -i page-printer.deb",
        "manage.py test",
    )
    found = loaded(tmp_path, {**django(), **workflow(*lines)})
    (step,) = found.config.tests.before
    assert step.run == "cat answers.txt | shop-setup --quick"
    assert [line.reason for line in found.facts.left_out] == [
        "it works on a database or another server",
        "it checks something",
        "it changes the machine",
        "it changes the machine",
        "it only prints",
        "it only prints",
        "it installs something",
    ]


def test_the_linters_of_the_job_are_left_to_the_stage_lint(tmp_path: Path) -> None:
    lines = (
        "flake8 .",
        "black --check .",
        "vulture shop",
        "git ls-files '*.html' | xargs djhtml --check",
        "twine check dist/*",
        "coverage erase",
        "manage.py test",
        "isort --check .",
    )
    project = {**django(), **workflow(*lines), "shop/a.html": ""}
    found = loaded(tmp_path, project).facts.left_out
    reasons = {line.line.split()[0]: line.reason for line in found}
    runs = "the stage lint runs it"
    assert reasons["twine"] == "it checks something"
    assert reasons["coverage"] == "HeroCI measures the coverage itself"
    assert {name for name, reason in reasons.items() if reason == runs} == {
        "flake8",
        "black",
        "vulture",
        "git",
        "isort",
    }
    chosen = loaded(tmp_path, {**project, "heroci.toml": "[lint.flake8]\n"}).facts.left_out
    assert runs not in {line.reason for line in chosen}


def test_a_line_that_needs_a_download_is_left_out_with_it(tmp_path: Path) -> None:
    lines = (
        "wget https://example.org/v9/mail_9.tar.gz",
        "curl -o data.zip https://example.org/x",
        "tar -xf mail_9.tar.gz mail",
        "./mail --migrate",
        "curl -L https://example.org/cc > ./cc-test-reporter",
        "chmod +x ./cc-test-reporter",
        "unzip kept.zip",
        "shop-import dat*.zip",
        "./cc-test-reporter before-build",
        "shop-clean --skip '**/data/*'",
        "manage.py test",
    )
    found = loaded(tmp_path, {**django(), **workflow(*lines), "kept.zip": ""})
    kept = ["unzip kept.zip", lines[9]]
    assert [step.run for step in found.config.tests.before] == kept
    assert [line.line for line in found.facts.left_out if not line.harmless] == [
        *lines[:6],
        lines[7],
    ]


def test_a_check_by_an_unknown_program_is_no_preparation(tmp_path: Path) -> None:
    checks = ("about check src", "vue-cli-service test:unit", "nx e2e web")
    lines = (*checks, "yarn global add less", "shop-data build", "manage.py test")
    found = loaded(tmp_path, {**django(), **workflow(*lines)})
    assert [step.run for step in found.config.tests.before] == ["shop-data build"]


def test_a_line_on_the_error_stream_only_prints(tmp_path: Path) -> None:
    lines = workflow("echo testing >&2", "echo x > /etc/x", "python manage.py test")
    left_out = loaded(tmp_path, {**django(), **lines}).facts.left_out
    assert [(line.line, line.harmless) for line in left_out] == [
        ("echo testing >&2", True),
        ("echo x > /etc/x", False),
    ]


def test_an_arrow_in_quotes_writes_no_file(tmp_path: Path) -> None:
    lines = workflow('echo "-> Ready"', "echo '> done'", "python manage.py test")
    left_out = loaded(tmp_path, {**django(), **lines}).facts.left_out
    assert [line.reason for line in left_out] == ["it only prints", "it only prints"]


def test_a_python_named_by_a_variable_that_makes_an_environment_is_harmless(tmp_path: Path) -> None:
    lines = workflow('"$PICKED" -m venv .venv', '"$PICKED" -m own.tool', "python manage.py test")
    left_out = loaded(tmp_path, {**django(), **lines}).facts.left_out
    assert [line.harmless for line in left_out] == [True, False]


def test_directories_beside_the_checkout_are_named(tmp_path: Path) -> None:
    lines = workflow(
        "mkdir -p ../logs var", "mkdir build && cd build && mkdir ../out", "./manage.py test"
    )
    found = loaded(tmp_path, {**django(), **lines})
    (text,) = (text for text in found.warnings if "beside the checkout" in text)
    assert "'mkdir -p ../logs var'" in text
    assert "../out" not in text


def test_a_question_without_output_only_prints(tmp_path: Path) -> None:
    lines = workflow("command -v uv >/dev/null 2>&1", "grep x y > /dev/null", "./manage.py test")
    left_out = loaded(tmp_path, {**django(), **lines}).facts.left_out
    assert {line.reason for line in left_out} == {"it only prints"}


def test_what_prepares_the_hooks_of_git_does_not_prepare_the_tests(tmp_path: Path) -> None:
    lines = workflow("generate_pre_commit_conf --quick", "python manage.py test")
    found = loaded(tmp_path, {**django(), **lines})
    assert not found.config.tests.before
    assert [line.reason for line in found.facts.left_out] == ["it is for the hooks of git"]
    assert not any("generate_pre_commit_conf" in text for text in found.warnings)


def test_files_that_the_image_of_the_tests_makes_in_the_checkout_are_preparation(
    tmp_path: Path,
) -> None:
    lines = (
        "COPY . /app",
        "WORKDIR /app",
        "RUN mkdir -p /var/cache/x && mkdir -p var",
        "RUN cp mysite/local.example mysite/local.py && cp /etc/a.conf a.conf && mv old.py new.py",
    )
    files = {
        **django(),
        "Dockerfile": "\n".join(("FROM python:3.12", *lines)),
        "mysite/local.example": "",
        **workflow("docker build -t shop .", "docker run shop python manage.py test"),
    }
    before = [step.run for step in loaded(tmp_path, files).config.tests.before]
    assert before == ["mkdir -p var", "cp mysite/local.example mysite/local.py"]


@pytest.mark.parametrize(
    ("volume", "line"),
    [
        ("./mysite/local.example:/app/mysite/local.py", "cp mysite/local.example mysite/local.py"),
        ("${PWD}/local.ini:/app/mysite/a.ini:ro", "cp local.ini mysite/a.ini"),
        ("./local.ini:/app/absent/local.ini", None),
        ("./local.ini:/etc/shop.ini", None),
        ("./local.ini:/app/manage.py", None),
        ("./absent.ini:/app/local.py", None),
    ],
)
def test_a_file_that_is_mounted_over_the_code_is_copied(
    tmp_path: Path, volume: str, line: str | None
) -> None:
    compose = f"""
        services:
          web:
            image: python:3.12
            working_dir: /app
            volumes: [".:/app", "{volume}"]
            command: python manage.py test
    """
    calls = ("run --rm web", "run --rm web python manage.py test", "up --exit-code-from web")
    own = {"compose.yml": compose, "mysite/local.example": "A = 1\n", "local.ini": "[a]\n"}
    for number, call in enumerate(calls):
        files = {**django(), **own, **workflow(f"docker compose {call}")}
        before = loaded(tmp_path / str(number), files).config.tests.before
        assert [step.run for step in before] == ([line] if line else [])


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        (
            "mv mysite/local.example.py mysite/local.py",
            ["cp mysite/local.example.py mysite/local.py"],
        ),
        ("mv pytest.ini pytest.ini.bak", []),
        ("mv pytest.ini manage.py", []),
        ("mv made.py mysite/local.py", []),
    ],
)
def test_an_example_that_is_moved_to_its_place_is_copied(
    tmp_path: Path, line: str, steps: list[str]
) -> None:
    own = {"mysite/local.example.py": "A = 1\n", "pytest.ini": "[pytest]\n"}
    files = {**django(), **own, **workflow(line, "python manage.py test")}
    found = loaded(tmp_path, files)
    assert [step.run for step in found.config.tests.before] == steps


def test_assets_are_built_where_the_projects_ci_builds_them(tmp_path: Path) -> None:
    files = {
        "web/manage.py": manage(),
        "web/package.json": "{}",
        ".github/workflows/ci.yml": """
            jobs:
              test:
                defaults: {run: {working-directory: web}}
                steps:
                  - run: npm ci
                  - run: npm run build -- --mode=test
                    working-directory: ./frontend
                  - run: npm install && rm -rf /
                  - run: npm test
                  - run: python manage.py test
        """,
    }
    assert [step.run for step in loaded(tmp_path, files).config.tests.before] == [
        "npm ci",
        "cd ../frontend && npm run build -- --mode=test",
        "npm install",
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Jenkinsfile", """
            // sh 'make deploy'
            pipeline { agent { docker { image 'python:3.12' } }
              stages { stage('t') { steps {
                sh 'cd "$WORKSPACE" && mkdir -p out'
                sh(script: \"\"\"
                  python manage.py test shop
                \"\"\") } } } }
        """),
        (".semaphore/semaphore.yml", """
            blocks:
            - task:
                prologue: {commands: [checkout, sem-version python 3.12, mkdir -p out]}
                jobs: [{name: t, commands: [python manage.py test shop]}]
        """),
        (".woodpecker.yml", "steps: {t: {image: 'python:3.12', commands: [mkdir -p out, python manage.py test shop]}}"),
        ("azure-pipelines.yml", """
            steps:
            - {task: UsePythonVersion@0, inputs: {versionSpec: '3.12'}}
            - {script: mkdir -p out && python manage.py test shop}
        """),
    ],
)  # fmt: skip
def test_services_without_a_reader_of_their_own_are_followed(
    tmp_path: Path, path: str, text: str
) -> None:
    found = loaded(tmp_path, {**django(), path: text}).config
    assert found.tests.args == (("shop",),)
    assert [step.run for step in found.tests.before] == ["mkdir -p out"]


def test_a_directory_that_install_makes_is_preparation(tmp_path: Path) -> None:
    lines = ("install -d var/log", "install -d /var/lib/x", "./manage.py test")
    before = the_tests(tmp_path, {**django(), **workflow(*lines)}).before
    assert [step.run for step in before] == ["install -d var/log"]


def test_braces_are_expanded_because_the_shell_of_a_step_is_not_bash(tmp_path: Path) -> None:
    lines = ("cp mysite/local{.ci,}.py", "echo '{1,2}' > var.json", "./manage.py test")
    files = {**workflow(*lines), "mysite/local.ci.py": ""}
    assert [step.run for step in the_tests(tmp_path, files).before] == [
        "cp mysite/local.ci.py mysite/local.py",
        "echo '{1,2}' > var.json",
    ]


def test_the_target_of_a_symbolic_link_counts_from_the_link(tmp_path: Path) -> None:
    files = {**workflow("ln -sf ../ci/local.py mysite/local.py", "./manage.py test")}
    found = the_tests(tmp_path, {**files, "ci/local.py": ""}).before
    assert [step.run for step in found] == ["ln -sf ../ci/local.py mysite/local.py"]


def test_a_path_from_the_root_is_one_from_the_directory_of_its_line(tmp_path: Path) -> None:
    lines = (
        "cd shop && mkdir $GITHUB_WORKSPACE/media && cp $PWD/a.txt ../b.txt",
        "./manage.py test",
    )
    files = {**django(), **workflow(*lines), "shop/a.txt": ""}
    before = the_tests(tmp_path, files).before
    assert [step.run for step in before] == [
        "cd shop && mkdir -p ../media",
        "cd shop && cp a.txt ../b.txt",
    ]


@pytest.mark.parametrize(
    ("scripts", "lines", "before"),
    [
        ('"build": "gulp"', ["npm run build", "python manage.py test"], ["npm run build"]),
        ("", ["npx gulp less", "python manage.py test"], ["npx gulp less"]),
        ("", ["uv run npx gulp less", "python manage.py test"], ["npx gulp less"]),
        (
            '"pretest": "npm run js", "js": "webpack", "test": "./manage.py test"',
            ["npm test"],
            ["npm run js"],
        ),
        (
            '"test": "webpack -p && cp a.txt b.txt && ./manage.py test"',
            ["npm test"],
            ["npx webpack -p", "cp a.txt b.txt"],
        ),
    ],
)
def test_the_scripts_around_the_tests_build_the_assets(
    tmp_path: Path, scripts: str, lines: list[str], before: list[str]
) -> None:
    files = {
        **django(),
        **workflow(*lines),
        "package.json": f'{{"scripts": {{{scripts}}}}}',
        "a.txt": "a",
    }
    assert [step.run for step in the_tests(tmp_path, files).before] == before


def test_actions_that_the_tests_may_need_are_left_out_by_name(tmp_path: Path) -> None:
    text = """
        on: push
        jobs:
          t:
            steps:
              - uses: actions/checkout@v4
              - uses: astral-sh/setup-uv@v6
              - uses: somebody/setup-search@v1
              - run: npm run build_test && npm run vitest
              - run: python manage.py test
        """
    found = loaded(tmp_path, {**django(), "package.json": "{}", ".github/workflows/ci.yml": text})
    assert [step.run for step in found.config.tests.before] == ["npm run build_test"]
    assert [line.line for line in found.facts.left_out if "uses" in line.line] == [
        "uses: somebody/setup-search"
    ]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("ln -s $GITHUB_WORKSPACE/conf/a.py $GITHUB_WORKSPACE/b.py", "ln -s {root}/conf/a.py {root}/b.py"),
        ("python -c 'import django; print(django.VERSION)'", None),
        ("python -c 'import django; assert django.VERSION > (4,); print(django.VERSION)'", None),
        ("python manage.py waitfordb", None),
        ("python -c 'import MySQLdb; MySQLdb.connect(user=1)'", None),
        ("python -c 'print(1)' > local.py", "python -c 'print(1)' > local.py"),
        ("python -c 'import make_fixtures'", "python -c 'import make_fixtures'"),
        ("dig @127.0.0.1 shop.test", None),
        ("python -m build --wheel", None),
    ],
)  # fmt: skip
def test_a_line_that_prints_or_asks_a_server_is_no_preparation(
    tmp_path: Path, line: str, kept: str | None
) -> None:
    files = {**workflow(line, "python manage.py test"), "conf/a.py": ""}
    assert [step.run for step in the_tests(tmp_path, files).before] == list(filter(None, [kept]))


def test_a_program_that_prints_into_a_file_of_the_checkout_prepares_the_tests(
    tmp_path: Path,
) -> None:
    lines = ("grep -v '^#' ci.env > .env", "grep x ci.env > /opt/x", "grep x ci.env")
    files = {**django(), **workflow(*lines, "python manage.py test"), "ci.env": "A=1\n"}
    assert [step.run for step in loaded(tmp_path, files).config.tests.before] == [lines[0]]


def test_only_programs_that_read_variables_get_those_of_their_line(tmp_path: Path) -> None:
    job = """
        on: push
        jobs:
          test:
            steps:
              - {run: "mkdir -p var\\nnpm run build", env: {MODE: x}}
              - run: python manage.py test
    """
    before = the_tests(tmp_path, {".github/workflows/ci.yml": job}).before
    assert [step.run for step in before] == ["mkdir -p var", "MODE=x npm run build"]


def test_a_line_that_may_fail_in_the_ci_may_fail_in_the_plan(tmp_path: Path) -> None:
    lines = (
        "cp .env.ci .env || true",
        "cat extra.txt >> media/names.txt 2>/dev/null || exit 0",
        "cp a.json b.json || exit 1",
        "cp a.json c.json || cp b.json c.json",
        "if cp a.json d.json; then echo copied; fi",
        "if ! cp a.json e.json; then exit 1; fi",
        "pytest",
    )
    files = {".env.ci": "A=1\n", "a.json": "{}", **workflow(*lines)}
    assert [step.run for step in the_tests(tmp_path, files).before] == [
        "cp .env.ci .env || true",
        "cat extra.txt >> media/names.txt 2>/dev/null || true",
        "cp a.json b.json",
        "cp a.json c.json || true",
        "cp a.json d.json || true",
        "cp a.json e.json",
    ]


def test_a_task_in_a_container_has_the_variables_of_its_service(tmp_path: Path) -> None:
    compose = "services: {web: {build: ., volumes: ['.:/app'], environment: {NODE_ENV: ci}}}\n"
    files = {
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\nWORKDIR /app\n",
        "package.json": '{"scripts": {"build": "tsc && webpack"}}',
        **workflow("docker compose run web npm run build", "pytest"),
    }
    assert [step.run for step in the_tests(tmp_path, files).before] == ["NODE_ENV=ci npm run build"]


def test_a_list_of_packages_for_pip_is_no_preparation(tmp_path: Path) -> None:
    lines = ("echo 'django>=5' > ci.txt", "pip install -r ci.txt", "echo a > b.txt", "pytest")
    found = the_tests(tmp_path, workflow(*lines))
    assert [step.run for step in found.before] == ["echo a > b.txt"]


def test_programs_of_the_machine_are_not_in_the_container_of_the_tests(tmp_path: Path) -> None:
    lines = (
        "pip install -r ci.txt",
        "shipkit-env",
        "openssl rand 8 > key.txt",
        "docker compose run web pytest",
    )
    files = {
        "compose.yml": "services: {web: {build: ., volumes: ['.:/app']}}\n",
        "Dockerfile": "FROM python:3.13\nWORKDIR /app\n",
        "ci.txt": "shipkit[checks]==1.7\n",
        **workflow(*lines),
    }
    found = loaded(tmp_path, {**django(), **files})
    assert [step.run for step in found.config.tests.before] == ["openssl rand 8 > key.txt"]
    assert any("'shipkit-env'" in text for text in found.warnings)


def test_a_touched_file_keeps_its_text_so_that_another_one_may_be_made(tmp_path: Path) -> None:
    files = {"shop/base.html": "", **workflow("touch shop/base.html shop/assets.html", TEST)}
    steps = [step.run for step in the_tests(tmp_path, files).before]
    assert steps == ["touch shop/base.html shop/assets.html"]


def test_programs_that_configure_the_machine_or_make_manuals_prepare_nothing(
    tmp_path: Path,
) -> None:
    lines = ("apt-mark hold shop", "nmcli general reload", "xmlto man shop.xml", BUILD, TEST)
    found = loaded(tmp_path, {**django(), **workflow(*lines)})
    assert [step.run for step in found.config.tests.before] == [BUILD]
    assert {"apt-mark hold shop", "xmlto man shop.xml"} < {
        left.line for left in found.facts.left_out
    }


@pytest.mark.parametrize(
    ("calls", "prepares"),
    [
        ("subprocess.run(['docker', 'login'], check=True)", False),
        (
            "subprocess.run(['docker', 'pull', NAME])\nsubprocess.call(['docker', 'tag', NAME])",
            False,
        ),
        ("subprocess.run(['docker', 'login'])\nsubprocess.run(['npm', 'run', 'build'])", True),
        ("subprocess.run(['docker', 'login'])\nsubprocess.run(COMMAND)", True),
        ("print(1)", True),
    ],
)
def test_a_script_that_only_controls_containers_prepares_nothing(
    tmp_path: Path, calls: str, prepares: bool
) -> None:
    files = {
        "tools/images.py": f"import subprocess\n{calls}\n",
        **workflow("tools/images.py", TEST),
    }
    found = the_tests(tmp_path, files)
    assert bool(found.before) is prepares


SCRIPTS = (
    '{"packageManager": "MANAGER", "scripts": {"build": "x", "all": "yarn build && pnpm build"}}'
)
PNPM = """
    on: push
    jobs:
      test:
        steps:
          - uses: pnpm/action-setup@v4
            with: {version: 8.1}
          - run: pnpm install
          - run: python manage.py test
"""


@pytest.mark.parametrize(
    ("manager", "lines", "steps"),
    [
        ("", ("yarn", "yarn build"), ["npx --yes yarn@1.22.22", "npx --yes yarn@1.22.22 build"]),
        ("yarn@1.22.19", ("corepack yarn install",), ["npx --yes yarn@1.22.19 install"]),
        (
            "",
            ("yarnpkg install --immutable", "yarnpkg licenses > licenses.txt"),
            [
                "npx --yes yarn@1.22.22 install --immutable",
                "npx --yes yarn@1.22.22 licenses > licenses.txt",
            ],
        ),
        (
            "yarn@4.5.0+sha1.0a",
            ("corepack enable", "cd ui && yarn install --immutable"),
            ["cd ui && npx --yes --package=@yarnpkg/cli-dist@4.5.0 -- yarn install --immutable"],
        ),
        ("pnpm@9.1.0", ("pnpm i", "npm ci"), ["npx --yes pnpm@9.1.0 i", "npm ci"]),
        ("", ("npm install -g pnpm@9", "pnpm i > log"), ["npx --yes pnpm@9 i > log"]),
        ("", ("pnpm i",), ["npx --yes pnpm@8 i"]),
        ("", ("bun install",), ["npx --yes bun install"]),
        (
            "pnpm@9.1.0",
            ("npm run all",),
            ["npx --yes --package=pnpm@9.1.0 --package=yarn@1.22.22 -- npm run all"],
        ),
    ],
)
def test_package_managers_that_debian_lacks_are_started_with_npx_in_the_version_of_the_project(
    tmp_path: Path, manager: str, lines: tuple[str, ...], steps: list[str]
) -> None:
    package = SCRIPTS.replace("MANAGER", manager)
    files = {"package.json": package, "ui/a.js": "", "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"}
    found = loaded(tmp_path, {**django(), **files, **workflow(*lines, TEST)})
    assert [step.run for step in found.config.tests.before] == steps
    assert found.config.apt == ("nodejs", "npm")
    assert all(line.harmless for line in found.facts.left_out)


@pytest.mark.parametrize(
    ("install", "line", "step"),
    [
        ("npm install -g gulp", "cd ui && gulp build", "cd ui && npx --yes gulp build"),
        ("sudo npm i --global grunt-cli@1.4 bower", "grunt", "npx --yes grunt-cli@1.4"),
        (
            "yarn global add less",
            "lessc a.less a.css",
            "npx --yes --package=less -- lessc a.less a.css",
        ),
        (
            "npm install --location=global gulp",
            "npm run minify",
            "npx --yes --package=gulp -- npm run minify",
        ),
        ("npm install gulp", "npx gulp build", "npx gulp build"),
    ],
)
def test_a_package_that_the_ci_installs_globally_is_started_with_npx(
    tmp_path: Path, install: str, line: str, step: str
) -> None:
    files = {"package.json": '{"scripts": {"minify": "gulp minify"}}', "ui/a.js": "", "a.less": ""}
    found = the_tests(tmp_path, {**django(), **files, **workflow(install, line, TEST)})
    assert found.before[-1].run == step


def test_an_action_installs_a_version_of_pnpm(tmp_path: Path) -> None:
    files = {"package.json": "{}", ".github/workflows/ci.yml": PNPM}
    found = the_tests(tmp_path, files)
    assert [step.run for step in found.before] == ["npx --yes pnpm@8.1 install"]


def test_an_image_of_the_user_has_the_package_managers_of_the_project(tmp_path: Path) -> None:
    files = {"package.json": "{}", **workflow("yarn install", TEST)}
    files["heroci.toml"] = 'base-image = "tools:1"\n'
    assert [step.run for step in the_tests(tmp_path, files).before] == ["yarn install"]


@pytest.mark.parametrize(
    ("lines", "makes"),
    [
        (("python manage.py api > new.yml && cmp new.yml api.yml",), False),
        (("python manage.py api --file=new.yml", "diff -u api.yml new.yml"), False),
        (("python manage.py api > /tmp/new.yml", "diff /tmp/new.yml api.yml"), False),
        (("python manage.py api | diff - api.yml",), False),
        (("python manage.py api -o api.yml", "git diff --exit-code"), False),
        (("python manage.py api > new.yml", "diff new.yml api.yml", "cp new.yml var.yml"), True),
        (("python manage.py api", "git diff --exit-code"), True),
        (("python manage.py api -o new.yml", "git diff --exit-code"), True),
    ],
)
def test_files_that_are_only_compared_belong_to_the_check(
    tmp_path: Path, lines: tuple[str, ...], *, makes: bool
) -> None:
    found = loaded(tmp_path, {**django(), "api.yml": "", **workflow(*lines, TEST)})
    assert any("api" in str(step.run) for step in found.config.tests.before) is makes
    assert any("checks that the plan does not contain" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("line", "left_out", "steps"),
    [
        (
            "for i in {1..30}; do echo try $i; pg_isready && break; sleep $i; done",
            ["echo try 1", "pg_isready", "sleep 1"],
            [],
        ),
        ("for i in 1 2 3; do nc -z db 543$i && break; done", ["nc -z db 5431"], []),
        (
            "for i in 1 2; do python build.py $i; done",
            [],
            ["python build.py 1", "python build.py 2"],
        ),
        ("for p in 5432 6379; do nc -z db $p; done", ["nc -z db 5432", "nc -z db 6379"], []),
        ("exec 2>&1", [], []),
    ],
)
def test_of_a_loop_that_tries_again_the_first_pass_counts(
    tmp_path: Path, line: str, left_out: list[str], steps: list[str]
) -> None:
    found = loaded(tmp_path, {**django(), "build.py": "", **workflow(line, TEST)})
    assert [each.line for each in found.facts.left_out] == left_out
    assert [step.run for step in found.config.tests.before] == steps


def test_the_lines_between_the_tests_of_a_client_and_the_suite_prepare_the_suite(
    tmp_path: Path,
) -> None:
    lines = (
        "cd client && pytest && cd ..",
        "cp client/coverage.xml client.xml",
        "cp .env.ci .env",
        TEST,
        "cp .env.ci after.env",
    )
    files = {".env.ci": "SHOP=1\n", "client/tests/test_client.py": "", **workflow(*lines)}
    assert [step.run for step in the_tests(tmp_path, files).before] == ["cp .env.ci .env"]


def test_a_directory_of_another_repository_is_none_of_the_project_with_the_same_name(
    tmp_path: Path,
) -> None:
    ci = """
        on: push
        jobs:
          test:
            steps:
              - {uses: actions/checkout@v4, with: {path: site}}
              - {uses: actions/checkout@v4, with: {repository: acme/shop, path: shop}}
              - {run: touch generated.txt, working-directory: ./shop}
              - {run: touch own.txt, working-directory: site/shop}
              - {run: python manage.py test, working-directory: site}
    """
    found = the_tests(tmp_path, {"shop/__init__.py": "", ".github/workflows/ci.yml": ci})
    assert [step.run for step in found.before] == ["cd shop && touch own.txt"]


def test_a_step_has_no_variables_that_are_named_after_a_service(tmp_path: Path) -> None:
    files = {
        ".gitlab-ci.yml": """
            variables: {GITLAB_CI_IMAGE_NODE: "node:20", NODE_ENV: ci}
            test:
              script: [npm ci, tox]
        """,
        "tox.ini": "[testenv]\ndeps = django\ncommands = python manage.py test\n",
        "package.json": "{}",
    }
    # Tox hides both variables from the tests.
    assert [step.run for step in the_tests(tmp_path, files).before] == ["NODE_ENV=ci npm ci"]
