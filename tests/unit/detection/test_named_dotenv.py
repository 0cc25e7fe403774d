"""Files of variables that the settings find by a name from the environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded

READ = 'KEY = env("SHOP_KEY")\n'
LIST = 'for name in env.list("ENV_FILES", default=[]):\n    env.read_env(os.path.join(HERE, f"env/{name}"))\n'


def env_of(root: Path, settings: str, files: dict[str, str], line: str) -> dict[str, str]:
    start = "import environ, os\nenv = environ.Env()\nHERE = os.path.dirname(__file__)\n"
    project = django(f"{SQLITE}{start}{settings}{READ}") | files | workflow(line)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return dict(loaded(root, project).config.env)


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        (LIST, "mysite/env/test"),
        ("environ.Env.read_env(f\".env.{os.environ['MODE']}\")\n", ".env.ci"),
        ('load_dotenv(HERE / ("." + env("MODE") + ".env"))\n', "mysite/.ci.env"),
        (
            'MODE = os.getenv("MODE", "dev")\nFILE = f"{HERE}/../{MODE}.env"\nload_dotenv(FILE)\n',
            "ci.env",
        ),
        ('load_dotenv(HERE.joinpath("conf", os.getenv("OTHER", "plain")))\n', "conf/plain"),
    ],
)
def test_the_values_of_the_file_are_the_project_s(tmp_path: Path, settings: str, path: str) -> None:
    files = {path: "SHOP_KEY=from file\n"}
    found = env_of(tmp_path, settings, files, "MODE=ci ENV_FILES=test,dev python manage.py test")
    assert found["SHOP_KEY"] == "from file"


def test_the_first_file_with_a_variable_counts(tmp_path: Path) -> None:
    # The code sets PORT itself, so no step needs it.
    files = {"mysite/env/dev": "SHOP_KEY=b\nPORT=1\n", "mysite/env/test": "SHOP_KEY=a\n"}
    files["mysite/ports.py"] = 'PORT = "PORT"\n'
    found = env_of(tmp_path, LIST, files, "ENV_FILES=test,dev,absent python manage.py test")
    assert found["SHOP_KEY"] == "a"
    assert "PORT" not in found


@pytest.mark.parametrize(
    "settings",
    [
        'load_dotenv("conf/plain")\n',
        'load_dotenv(os.getenv("UNKNOWN"))\n',
        "print(f\"conf/{os.getenv('MODE')}\")\n",
    ],
)
def test_other_files_are_not_read(tmp_path: Path, settings: str) -> None:
    files = {"conf/plain": "SHOP_KEY=a\n", "conf/ci": "SHOP_KEY=a\n"}
    assert "SHOP_KEY" not in env_of(tmp_path, settings, files, "MODE=ci python manage.py test")


FIXED = 'environ.Env.read_env(os.path.join(HERE, os.pardir, "env", ".env"))\nDEBUG = env.bool("DEBUG")\n'


def project_with_file(root: Path, read: str, line: str) -> tuple[dict[str, str], str]:
    start = "import environ, os\nenv = environ.Env()\nHERE = os.path.dirname(__file__)\n"
    files = {"env/.env": "DEBUG=True\nSHOP_KEY=a\n", "env/.env_ci": "DEBUG=True\nSHOP_KEY=ci\n"}
    lines = workflow(*filter(None, (line, "python manage.py test")))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    found = loaded(root, django(f"{SQLITE}{start}{read}{READ}") | files | lines)
    return dict(found.config.env), "\n".join(found.warnings)


def test_a_file_that_the_code_always_reads_has_its_variables(tmp_path: Path) -> None:
    env, warnings = project_with_file(tmp_path, FIXED, "")
    assert not {"SHOP_KEY", "DEBUG"}.intersection(env)
    assert "have no value" not in warnings


@pytest.mark.parametrize("program", ["cp", "mv"])
def test_the_file_that_the_ci_puts_in_its_place_counts(tmp_path: Path, program: str) -> None:
    env, warnings = project_with_file(tmp_path, FIXED, f"{program} env/.env_ci env/.env")
    assert (env["SHOP_KEY"], env["DEBUG"]) == ("ci", "True")
    assert "git tracks" not in warnings


def test_a_file_that_counts_before_the_environment_is_not_replaced(tmp_path: Path) -> None:
    read = FIXED.replace('".env"))', '".env"), overwrite=True)')
    env, warnings = project_with_file(tmp_path, read, "cp env/.env_ci env/.env")
    assert "SHOP_KEY" not in env
    assert "changes files that git tracks" in warnings


def test_a_tracked_file_moved_over_another_is_a_warning(tmp_path: Path) -> None:
    files = {"shop/names.py": "", "ci/names.py": ""}
    line = workflow("mv ci/names.py shop/names.py", "python manage.py test")
    found = loaded(tmp_path, django() | files | line)
    assert found.config.tests.before == ()
    assert any("'mv ci/names.py shop/names.py'" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("settings", "files", "is_read"),
    [
        ('load_dotenv("own.env")\n', {}, True),
        ('if os.path.exists("own.env"):\n    load_dotenv("own.env")\n', {}, True),
        ('if os.getenv("LOCAL"):\n    load_dotenv("own.env")\n', {}, False),
        ('def read():\n    load_dotenv("own.env")\n', {}, False),
        ("", {"fabfile.py": 'load_dotenv("own.env")\n'}, False),
        ("", {"conftest.py": 'load_dotenv("own.env")\n'}, True),
    ],
)
def test_only_files_that_the_tests_read_for_certain_have_their_variables(
    tmp_path: Path, settings: str, files: dict[str, str], is_read: bool
) -> None:
    settings += 'SECRET_KEY = env("SHOP_SECRET")\nTOKEN = env("SHOP_TOKEN")\n'
    more = {**files, "own.env": "SHOP_SECRET=a\nSHOP_TOKEN=b\nSHOP_KEY=c\n"}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    start = "import environ, os\nenv = environ.Env()\n"
    found = loaded(tmp_path, django(f"{SQLITE}{start}{settings}") | more)
    assert ("SHOP_SECRET" in found.config.env) is not is_read
    assert any("SHOP_TOKEN" in text for text in found.warnings) is not is_read


@pytest.mark.parametrize(
    "line",
    [
        'echo "SHOP_KEY=${{ secrets.KEY }}" >> env/.env',
        "if [ $(date) = x ]; then cp env/.env_ci env/.env; fi",
    ],
)
def test_a_file_whose_new_variables_are_not_known_is_a_warning(tmp_path: Path, line: str) -> None:
    _, warnings = project_with_file(tmp_path, FIXED, line)
    assert "changes files that git tracks" in warnings
