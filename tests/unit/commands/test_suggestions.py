from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import find_supported_versions
from heroci_action.project import ProjectConfig, load
from heroci_action.repository.files import RepositoryFiles
from tests.unit.detection.projects import SQLITE, django, loaded, manage, write


def uncommented(text: str) -> str:
    """Follow the instruction of the header: remove "# " in front of everything."""
    return "".join(f"{line.removeprefix('# ')}\n" for line in text.splitlines())


def workflow(*lines: str, services: str = "") -> dict[str, str]:
    steps = "".join(f"      - run: {line}\n" for line in (*lines, "python manage.py test"))
    return {".github/workflows/ci.yml": f"jobs:\n  test:\n{services}    steps:\n{steps}"}


def suggested(root: Path, files: dict[str, str]) -> tuple[str, ProjectConfig]:
    project = loaded(root, files)
    supported = find_supported_versions(RepositoryFiles.read(project.root))
    return suggest_toml(project, supported), project


def test_nothing_is_suggested_if_detection_knows_everything(tmp_path: Path) -> None:
    files = {
        **django(),
        "requirements.txt": "django\n",
        **workflow("pip install -r requirements.txt", "echo hello", "mkdir -p media"),
    }
    assert suggested(tmp_path, files)[0] == ""


def test_each_left_out_line_is_a_suggestion_with_its_reason(tmp_path: Path) -> None:
    files = {
        **django(),
        "requirements.txt": "django\n",
        **workflow("mkdir -p media", "psql -c 'select \"1\"'", "pip install x", "./prepare.sh"),
        "prepare.sh": "make-it-so --now\n",
    }
    text, project = suggested(tmp_path, files)
    assert tomllib.loads(text) == {}
    lines = tomllib.loads(uncommented(text))["tests"]["before"]
    assert lines[0] == project.config.tests.before[0].run == "mkdir -p media"
    assert "psql -c 'select \"1\"'" in lines
    assert not any("pip" in line for line in lines)
    assert "it works on a database or another server" in text


def test_missing_values_are_suggestions(tmp_path: Path) -> None:
    files = {
        **django(f"{SQLITE}A = os.environ['FIRST']\nB = os.environ['SECOND']\n"),
        "requirements.txt": "django\n",
    }
    text, _ = suggested(tmp_path, files)
    assert tomllib.loads(text) == {}
    assert tomllib.loads(uncommented(text))["env"] == {"FIRST": "…", "SECOND": "…"}


def test_a_server_of_the_ci_that_is_planned_needs_no_suggestion(tmp_path: Path) -> None:
    service = "    services: {db: {image: 'pgvector/pgvector:pg16'}}\n"
    files = {**django("from elsewhere import *\n"), "requirements.txt": "django\npsycopg\n"}
    _, project = suggested(tmp_path, {**files, **workflow(services=service)})
    assert project.config.services["postgres"].image == "pgvector/pgvector:pg16"
    assert project.facts.suggestions == ()


RABBITMQ = """    services:
      db: {image: "postgres:16", env: {POSTGRES_PASSWORD: x}}
      queue: {image: "rabbitmq:3", ports: ["5672:5672"]}
"""
DATABASE = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["DB_HOST"]}}
A = os.environ["FIRST"]
"""
APPS = f"INSTALLED_APPS = []\n{SQLITE}"
OPEN: dict[str, dict[str, str]] = {
    "a server": {**django(DATABASE), **workflow(services=RABBITMQ)},
    "a check": {**django(), **workflow("black --check .", "bandit -r mysite", "npx eslint static")},
    "lines": {
        **django(),
        **workflow("mkdir -p a", "psql -c 'select \"1\"'", "echo '\\\\x' | ./run.sh"),
    },
    "missing settings": {"manage.py": manage("mysite.local"), "mysite/settings.py": APPS},
    "variables": django(f"{SQLITE}A = os.environ['FIRST']\nB = os.environ['FIRST']\n"),
    "dependencies": {**django(), "requirements.txt": ""},
    "a matrix": {**django(), "tox.ini": "[tox]\nenvlist = py{312,313}-dj{42,52}\n"},
    "everything": {
        **django(DATABASE),
        **workflow("npx eslint static", "flake8 mysite", "psql -c x", services=RABBITMQ),
        "tox.ini": "[tox]\nenvlist = py{312,313}-dj{42,52}\n",
    },
}


@pytest.mark.parametrize("name", OPEN)
def test_the_uncommented_file_is_a_valid_configuration_that_loses_nothing(
    tmp_path: Path, name: str
) -> None:
    text, project = suggested(tmp_path, {"requirements.txt": "django\n", **OPEN[name]})
    assert tomllib.loads(text) == {}
    write(tmp_path, {"heroci.toml": uncommented(text)})
    config = load(tmp_path).config
    assert text
    assert set(project.config.services) <= set(config.services)
    assert set(project.config.lint) <= set(config.lint)
    commands = [step.run for step in config.tests.before]
    planned = [step.run for step in project.config.tests.before]
    assert [run for run in commands if run in planned] == planned


def test_a_checkout_of_another_repository_is_a_line_of_the_shell_and_another_action_a_comment(
    tmp_path: Path,
) -> None:
    files = {
        **django(),
        ".github/workflows/ci.yml": """
            jobs:
              t:
                steps:
                  - {uses: actions/checkout@v4, with: {repository: shop/samples, path: samples}}
                  - {uses: someone/elastic@v1}
                  - run: python manage.py test
        """,
    }
    text, _ = suggested(tmp_path, files)
    clone = '"git clone --depth 1 https://github.com/shop/samples samples",'
    assert f"#     {clone}  # HeroCI checks out no other repository" in text
    assert "#     # uses: someone/elastic: HeroCI does not run actions of the marketplace" in text


def test_variables_of_the_settings_are_suggested_for_a_database_that_is_not_understood(
    tmp_path: Path,
) -> None:
    settings = "import os\nHOST = os.environ['SHOP_DB_HOST']\nDATABASES = build(HOST)\n"
    files = {
        **django(settings),
        "requirements.txt": "django\npsycopg\n",
        "compose.yaml": "services: {db: {image: 'postgres:16'}}",
    }
    assert '# env.SHOP_DB_HOST = "{postgres.host}"' in suggested(tmp_path, files)[0]


def test_tests_in_other_surroundings_are_suggested_as_stages(tmp_path: Path) -> None:
    lines = (
        "AREA=north python manage.py test shop --settings=mysite.other",
        "python manage.py test cart --tag=slow --settings=mysite.closed",
    )
    files = {**django(), "requirements.txt": "django\n", **workflow(*lines)}
    text, project = suggested(tmp_path, files)
    stages = tomllib.loads(uncommented(text))["stages"]
    assert stages == {
        "tests-2": {
            "steps": ["python manage.py test shop --settings=mysite.other"],
            "env": {"AREA": "north"},
        },
        "tests-3": {"steps": ["python manage.py test cart --tag=slow --settings=mysite.closed"]},
    }
    (tmp_path / "heroci.toml").write_text(uncommented(text))
    taken = load(tmp_path)
    assert taken.config.stages["tests-2"].env == {"AREA": "north"}
    # What the user has accepted is no longer a warning.
    assert any("add a stage for these tests" in text for text in project.warnings)
    assert not any("stage" in text for text in taken.warnings)


def test_left_out_lines_are_suggested_as_a_step_would_run_them(tmp_path: Path) -> None:
    lines = ("cd tools && uv run playwright install chromium", "cd tools && ./mocks --port 1 &")
    files = {**django(), "requirements.txt": "django\n", **workflow(*lines), "tools/a": ""}
    text, _ = suggested(tmp_path, files)
    assert tomllib.loads(uncommented(text))["tests"]["before"] == [
        "cd tools && playwright install chromium",
        "cd tools && ./mocks --port 1 &",
    ]


def test_variables_that_only_the_ci_knows_are_suggested(tmp_path: Path) -> None:
    settings = "import os\nMAIL_KEY = os.environ.get('MAIL_KEY', '')\n"
    job = "jobs: {t: {env: {MAIL_KEY: '${{ secrets.KEY }}'}, steps: [{run: manage.py test}]}}\n"
    files = {**django(SQLITE + settings), ".github/workflows/t.yml": job}
    text, _ = suggested(tmp_path, files)
    assert '# env.MAIL_KEY = "…"\n' in text
    assert "tests.before" not in text


def test_a_left_out_line_has_its_place_between_the_steps_and_lines_of_servers_follow(
    tmp_path: Path,
) -> None:
    lines = (
        "docker compose up -d",
        "mkdir -p a",
        "mkdir -p b",
        "npm install -g tool",
        "redis-cli flushall",
        "rm -rf a/x",
        "mkdir -p c",
        "curl -O https://shop.example/d",
    )
    files = {**django(), "requirements.txt": "django\n", **workflow(*lines)}
    text, project = suggested(tmp_path, files)
    before = text[text.index("# tests.before") :].splitlines()
    assert before == [
        '# tests.before = ["mkdir -p a", "mkdir -p b",  # in the plan already',
        '#     "npm install -g tool",  # it changes the machine',
        '#     "mkdir -p c",  # in the plan already',
        '#     "curl -O https://shop.example/d",  # it uses the network',
        "#     # The next lines work on servers, of which the plan has its own, or remove files.",
        '#     "redis-cli flushall",  # it works on a database or another server',
        '#     "rm -rf a/x",  # it removes or moves files',
        "# ]",
        # A step cannot start containers on Dagger.
        "## docker compose up -d: it starts or controls a service",
    ]
    given = tomllib.loads(uncommented(text))["tests"]["before"]
    planned = [step.run for step in project.config.tests.before]
    assert [line for line in given if line in planned] == planned


def test_the_lines_of_a_heredoc_stay_lines(tmp_path: Path) -> None:
    line = "|\n          psql <<'SQL'\n          SELECT 1;\n          SQL\n"
    files = {**django(), "requirements.txt": "django\n", **workflow(line)}
    before = tomllib.loads(uncommented(suggested(tmp_path, files)[0]))["tests"]["before"]
    assert before == ["psql <<'SQL'\nSELECT 1;\nSQL"]


def test_without_a_line_of_the_shell_there_is_no_list(tmp_path: Path) -> None:
    files = {
        **django(),
        "requirements.txt": "django\n",
        ".github/workflows/ci.yml": "jobs: {t: {steps: [{uses: someone/elastic@v1}, {run: manage.py test}]}}\n",
    }
    text, _ = suggested(tmp_path, files)
    assert "## uses: someone/elastic: HeroCI does not run actions of the marketplace\n" in text
    assert tomllib.loads(uncommented(text)) == {}


def test_what_the_tests_may_need_comes_before_the_other_checks(tmp_path: Path) -> None:
    settings = f"{SQLITE}A = os.environ['FIRST']\n"
    lines = ("npx eslint static", "curl -O https://shop.example/d")
    files = {**django(settings), "requirements.txt": "django\n", **workflow(*lines)}
    text, _ = suggested(tmp_path, files)
    order = [
        "### What the tests may need",
        "env.FIRST",
        "tests.before",
        "### Tests and checks",
        "stages.eslint",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_stage_for_other_tests_uses_the_servers_of_the_plan(tmp_path: Path) -> None:
    settings = (
        "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n"
        "CACHES = {'default': env.cache('CACHE_URL')}\n"
    )
    job = (
        "services: {db: {image: 'postgres:16', ports: ['5432:5432']}, redis: {image: redis, ports: ['6379:6379']}}, "
        "env: {DATABASE_URL: 'postgres://a:b@localhost/x', CACHE_URL: 'redis://localhost:6379/1'}"
    )
    line = "AREA=north CACHE_URL=redis://127.0.0.1:6379/1 DATABASE_URL=sqlite:///x manage.py test --settings=a.b"
    ci = f"jobs: {{test: {{{job}, steps: [{{run: manage.py test}}, {{run: {line}}}]}}}}\n"
    files = {**django(settings), "requirements.txt": "django\ndjango-environ\npsycopg\n"}
    text, _ = suggested(tmp_path, {**files, ".github/workflows/t.yml": ci})
    stage = tomllib.loads(uncommented(text))["stages"]["tests-2"]
    assert stage["env"] == {"AREA": "north", "DATABASE_URL": "sqlite:///x"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ("mkdir a", "curl -O x"),
            ['tests.before = ["mkdir -p a",  #', '    "curl -O x",  #', "]"],
        ),
        (
            ("curl -O x", "mkdir a"),
            ["tests.before = [", '    "curl -O x",  #', '    "mkdir -p a"]  #'],
        ),
        (
            ("mkdir a", "curl -O x", "mkdir b"),
            ['tests.before = ["mkdir -p a",  #', '    "curl -O x",  #', '    "mkdir -p b"]  #'],
        ),
        (("curl -O x",), ["tests.before = [", '    "curl -O x",  #', "]"]),
    ],
)
def test_the_brackets_of_the_list_need_no_lines_of_their_own(
    tmp_path: Path, lines: tuple[str, ...], expected: list[str]
) -> None:
    files = {**django(), "requirements.txt": "django\n", **workflow(*lines)}
    plain = uncommented(suggested(tmp_path, files)[0])
    given = plain[plain.index("tests.before") :].splitlines()
    assert [line.partition("#")[0] + "#" * ("#" in line) for line in given] == expected
    assert tomllib.loads(plain)
