"""Launchers in front of a program only say how it runs."""

from __future__ import annotations

import shlex

import pytest

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.records import UNKNOWN, Call
from tests.unit.detection.ci.trees import commands_of


@pytest.mark.parametrize(
    ("line", "program", "arguments"),
    [
        ("pytest -q", "pytest", "-q"),
        ("sfw uv run pytest -q", "pytest", "-q"),
        ("chronic python3 -m pytest -q", "pytest", "-q"),
        ("chronic python manage.py test", "manage.py", "test"),
        ("chronic poetry run coverage run manage.py test", "manage.py", "test"),
        ("./scripts/with-env pipenv run pytest", "pytest", ""),
        ("echo uv run pytest", "echo", "uv run pytest"),
        ("brew install poetry run", "brew", "install poetry run"),
        ("timeout 900 xvfb-run -a pytest -q", "pytest", "-q"),
        ("timeout -k 5 15m pytest", "pytest", ""),
        (".venv/bin/python -m pytest shop", "pytest", "shop"),
        ("env MODE=a python -m pylint.__main__ shop", "pylint", "shop"),
        ("python3.12 -W error -X dev manage.py test", "manage.py", "test"),
        ("gosu app:app pytest -q", "pytest", "-q"),
        ("runuser -u nobody python3 ./manage.py test shop", "./manage.py", "test shop"),
        ("runuser --user app -- pytest -q", "pytest", "-q"),
        ("setpriv --reuid=1000 --clear-groups pytest -q", "pytest", "-q"),
        ("sudo -Hu app pytest -q", "pytest", "-q"),
        ("s6-setuidgid app pytest -q", "pytest", "-q"),
        ("eatmydata chronic pytest -q", "pytest", "-q"),
        ("command -v pytest", "command", "-v pytest"),
        ("command pytest -q", "pytest", "-q"),
        ("coverage run --source=shop -m pytest shop", "pytest", "shop"),
        (
            "coverage run -m pytest --ds shop.settings -k cart",
            "pytest",
            "--ds shop.settings -k cart",
        ),
        ("uv run -m pytest -x shop", "pytest", "-x shop"),
        ("python -m coverage run -p --rcfile x manage.py test shop", "manage.py", "test shop"),
        ("uv run --group test --no-sync -- pytest -x", "pytest", "-x"),
        ("uv run -m manage check", "manage", "check"),
        ("poetry run python -m pytest", "pytest", ""),
        ("pipenv run ./manage.py test", "./manage.py", "test"),
        ("pipx run --spec tox==4 tox -e py312", "tox", "-e py312"),
        ("uvx --with tox-uv tox", "tox", ""),
        ("env -u A B=c pytest", "pytest", ""),
        ("nice -n 5 time sudo -E pytest", "pytest", ""),
        ("docker compose -f ci.yml run --rm -e A=b web pytest shop", "pytest", "shop"),
        ("docker-compose exec -T web python manage.py test", "manage.py", "test"),
        ("docker run --rm -v .:/app -w /app image:1 pytest shop", "pytest", "shop"),
        ("bash -ex scripts/test.sh unit", "scripts/test.sh", "unit"),
        ("xargs -0 -n1 flake8 --max-line-length 99", "flake8", "--max-line-length 99"),
        ("npx gulp test", "gulp", "test"),
        ("nix develop .#ci --command pytest shop", "pytest", "shop"),
        ("nix shell nixpkgs#x -c env A=b pytest", "pytest", ""),
        ("nix flake check", "nix", "flake check"),
        ("uv tool run --with tox-uv tox", "tox", ""),
        ("pipx run isort==5.13.2 -c shop", "isort==5.13.2", "-c shop"),
        ("retry 3 pytest shop", "pytest", "shop"),
        ("retry -d 5 3 ./manage.py test", "./manage.py", "test"),
        ("travis_wait python manage.py test", "manage.py", "test"),
        ("travis_retry travis_wait 30 env -u A pytest shop", "pytest", "shop"),
        ("travis_wait pytest", "pytest", ""),
        ("poetry install", "poetry", "install"),
        ("docker compose up -d", "docker", "compose up -d"),
        ("coverage xml", "coverage", "xml"),
        ("cross-env A=b pytest shop", "pytest", "shop"),
        ("infisical run --env=ci -- pytest shop", "pytest", "shop"),
        ("aws-vault exec ci -- python manage.py test", "manage.py", "test"),
        ("python", "python", ""),
        ("python -c 'print()'", "python", "-c print()"),
    ],
)
def test_the_program_behind_its_launchers_is_found(line: str, program: str, arguments: str) -> None:
    call = parse_call(tuple(shlex.split(line)))
    assert (call.program, " ".join(call.arguments)) == (program, arguments)


def test_the_text_of_a_shell_is_a_script() -> None:
    assert (
        parse_call(("docker", "run", "image", "sh", "-c", "cd app && pytest")).script
        == "cd app && pytest"
    )


def test_a_shell_may_have_options_with_names_before_its_text() -> None:
    assert parse_call(("bash", "-eo", "pipefail", "-c", "pytest shop")).script == "pytest shop"
    assert parse_call(("bash", "-euxo", "pipefail", "ci/test.sh")).program == "ci/test.sh"
    assert parse_call(("bash", "-n", "ci/test.sh")).program == "bash"


def test_the_text_of_a_nix_shell_is_a_script() -> None:
    assert parse_call(("nix-shell", "-p", "geos", "--run", "pytest shop")).script == "pytest shop"


@pytest.mark.parametrize(
    "line",
    [
        "su app -s /bin/sh -c 'pytest shop'",
        "su - app -c 'pytest shop'",
        "su -c 'pytest shop' app",
        "runuser -l app -c 'pytest shop'",
        "su -lc 'pytest shop' app",
    ],
)
def test_the_text_that_another_user_runs_is_a_script(line: str) -> None:
    assert parse_call(tuple(shlex.split(line))).script == "pytest shop"


def test_a_launcher_may_change_the_directory_and_the_variables() -> None:
    call = parse_call(("env", "A=b", "uv", "run", "--directory", "web", "pytest"))
    assert (call.directory, call.env) == ("web", {"A": "b"})


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("ruff@0.9.1", "ruff"),
        ("isort==5.13.2", "isort"),
        ("bin/tool~=2", "tool"),
        ("@angular/cli", "cli"),
        ("a-b_c.py", "a-b_c.py"),
    ],
)
def test_the_name_of_a_program_has_no_version(program: str, name: str) -> None:
    assert Call(program=program).name == name


def test_options_of_the_interpreter_are_variables() -> None:
    call = parse_call(
        ("python", "-W", "error", "-Wignore::ImportWarning", "-X", "dev", "manage.py", "test")
    )
    assert (call.program, call.arguments) == ("manage.py", ("test",))
    assert call.env == {"PYTHONWARNINGS": "error,ignore::ImportWarning", "PYTHONDEVMODE": "1"}
    assert parse_call(("python", "-X", "importtime", "-m", "pytest")).env == {}


@pytest.mark.parametrize(
    ("line", "env", "lost"),
    [
        ("python -O manage.py test", {"PYTHONOPTIMIZE": "1"}, ()),
        ("uv run python -OO -m pytest", {"PYTHONOPTIMIZE": "2"}, ()),
        (
            "python -X utf8=0 -Om coverage run -m pytest",
            {"PYTHONOPTIMIZE": "1", "PYTHONUTF8": "0"},
            (),
        ),
        ("python -bWerror -u -m pytest", {"PYTHONWARNINGS": "error"}, ("-b",)),
        ("python -bb -E -mpytest", {}, ("-b", "-E")),
        ("python -Xtracemalloc=5 -m pytest", {"PYTHONTRACEMALLOC": "5"}, ()),
        ("python -W $LEVEL -m pytest", {}, ()),
        (
            "PYTHONWARNINGS=default python -W error -m pytest",
            {"PYTHONWARNINGS": "default,error"},
            (),
        ),
    ],
)
def test_options_of_the_interpreter_may_be_joined(
    line: str, env: dict[str, str], lost: tuple[str, ...]
) -> None:
    (command,) = commands_of(line)
    assert command.call.name in {"pytest", "manage.py"}
    assert (command.env, command.call.lost) == (env, lost)


@pytest.mark.parametrize("line", ["python - -m x", "python -c 'import x'", "python -Vm", "python"])
def test_an_interpreter_may_run_code_of_the_call(line: str) -> None:
    assert parse_call(tuple(line.split())).program == "python"


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("$RUN pytest -x", "pytest"),
        ("$DOCKER $RUN pytest", "pytest"),
        ("$DOCKER $RUN $MORE tests", UNKNOWN),
        ("exec $RUN pytest", "pytest"),
        ("time ${PREFIX}pytest", "pytest"),
        ("${RUN} python -m pytest", "pytest"),
        ("$RUN ./manage.py test", "./manage.py"),
        ("$RUN poetry run flake8", "flake8"),
        ("$MANAGE test", UNKNOWN),
        ("$GIT diff", UNKNOWN),
        ("${NAME}_tests pytest", f"{UNKNOWN}_tests"),
    ],
)
def test_a_program_behind_an_unknown_variable_is_found(line: str, program: str) -> None:
    (command,) = commands_of(line)
    assert command.call.program == program
