"""The project's configuration: images of stages, caches, secrets, and the hook."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heroci_action.errors import EngineError
from heroci_action.plan.actions import BuildImage, Command, Customise, RunsIn
from heroci_action.plan.stages import TOOL_CACHES, Environment, Stage, Step
from tests.integration.dagger.conftest import Repository

pytestmark = pytest.mark.dagger

OTHER_IMAGE = "postgres:17-alpine"  # without the base environment


def work(line: str, **more: object) -> Stage:
    return Stage(name="work", steps=(Step(name="a", action=Command(line=line)),), **more)  # type: ignore[arg-type]


def hook(function: str) -> Stage:
    return Stage(name="hook", steps=(Step(name="hook", action=Customise(function=function)),))


def test_a_stage_runs_in_its_own_image_with_the_source_in_it(repository: Repository) -> None:
    seen = repository.run(work("command -v initdb; cat unique.txt; echo; pwd", image=OTHER_IMAGE))
    assert seen.outcomes["a"].exit_code == 0, seen.text
    program, text, place = seen.text.splitlines()
    assert program.endswith("/initdb")
    assert text == (repository.root / "unique.txt").read_text()
    assert place == "/src"


def test_a_pass_is_replayed_only_in_the_same_image(
    repository: Repository,
) -> None:
    first, second = (repository.run(work("true", image=OTHER_IMAGE)) for _ in range(2))
    other = repository.run(work("true", image="python:3.13-slim"))
    assert [seen.outcomes["a"].cached for seen in (first, second, other)] == [False, True, False]


def test_an_image_that_is_not_available_is_named(repository: Repository) -> None:
    error = repository.run(work("true", image="no-such-image:1")).errors["a"]
    assert isinstance(error, EngineError)
    assert "the image 'no-such-image:1' is not available" in error.cause


@pytest.mark.parametrize("path", ["~/kept", "kept", "/opt/kept"])
def test_a_cache_persists_between_runs_of_one_project(repository: Repository, path: str) -> None:
    repository.with_plan(project=f"p-{os.urandom(4).hex()}")
    count = f"cat {path}/runs 2>/dev/null | wc -l; date +%N >>{path}/runs; exit 1"
    texts = [repository.run(work(count, caches=(path,))).text for _ in range(3)]
    assert texts == ["0", "1", "2"]
    repository.with_plan(project="another")
    assert repository.run(work(f"ls {path}", caches=(path,))).text == ""


def test_tools_keep_their_caches_in_a_volume_and_a_fresh_run_has_an_empty_one(
    repository: Repository,
) -> None:
    repository.with_plan(project=f"p-{os.urandom(4).hex()}")
    line = 'mkdir -p "$DIR"; ls "$DIR" | wc -l; mktemp -qp "$DIR" >/dev/null; exit 1'
    stage = work(line, caches=(TOOL_CACHES,), env={"DIR": "{caches}/x"})
    texts = [repository.run(stage, fresh=fresh).text for fresh in (False, False, True)]
    assert texts == ["0", "1", "0"]


def test_a_declared_secret_is_available_and_masked_whatever_its_name(
    repository: Repository,
) -> None:
    repository.machine = {**repository.machine, "HARMLESS": "hunter2-hunter2"}
    stage = work(
        'echo "${#HARMLESS} $HARMLESS"', secrets=("HARMLESS",), env={"HARMLESS": "{env.HARMLESS}"}
    )
    assert repository.run(stage).text == "15 ***"


def test_a_missing_secret_is_an_error_before_anything_runs(
    repository: Repository,
) -> None:
    with pytest.raises(EngineError, match="stage 'work' needs MISSING_ONE") as caught:
        repository.run(work("echo ran", secrets=("MISSING_ONE",)))
    assert caught.value.remedy


def test_a_build_has_its_secrets_and_the_image_does_not(repository: Repository) -> None:
    repository.machine = {**repository.machine, "INDEX_TOKEN": "hunter2-hunter2"}
    run = "RUN --mount=type=secret,id=INDEX_TOKEN wc -c </run/secrets/INDEX_TOKEN && cat /run/secrets/INDEX_TOKEN"
    unique = (repository.root / "unique.txt").read_text()
    repository.write({"Dockerfile": f"FROM python:3.13-slim\n{run} # {unique}\n"})
    build = BuildImage(dockerfile="Dockerfile", secrets=("INDEX_TOKEN",))
    look = Command(line=("sh", "-c", "! test -s /run/secrets/INDEX_TOKEN"), runs_in=RunsIn.IMAGE)
    steps = (Step(name="build", action=build), Step(name="look", action=look))
    seen = repository.run(Stage(name="image", steps=steps))
    assert [outcome.exit_code for outcome in seen.outcomes.values()] == [0, 0], seen.text
    assert seen.text.split() == ["15", "***"]


HOOK = """
    from helpers import MARK

    async def asynchronous(container, client):
        made = container.with_new_file("/mark", MARK).with_env_variable("MARK", MARK)
        assert await client.version()
        return made.with_exec(["sh", "-c", "echo from the hook"])

    def plain(container):
        return container.with_new_file("/mark", MARK)

    def raises(container):
        raise RuntimeError("no luck")

    def returns_text(container):
        return "text"

    def fails(container):
        return container.with_exec(["sh", "-c", "echo because >&2; exit 9"])
"""


@pytest.fixture
def hooked(repository: Repository) -> Repository:
    text = "\n".join(line.removeprefix("    ") for line in HOOK.splitlines())
    return repository.write(
        {
            "ci/hook.py": text,
            "helpers.py": 'MARK = "made by the hook"',
            "own/__init__.py": "",
            "own/hooks.py": text,
        }
    )


@pytest.mark.parametrize("function", ["ci/hook.py:asynchronous", "own.hooks:plain"])
def test_every_step_runs_in_the_container_of_the_hook(hooked: Repository, function: str) -> None:
    seen = hooked.run(hook(function), work('echo "$(cat /mark)"'))
    assert seen.outcomes["hook"].exit_code == 0, seen.text
    assert seen.text.splitlines()[-1] == "made by the hook"
    assert not list(Path(hooked.root).rglob("__pycache__"))


def test_steps_after_an_unchanged_hook_are_replayed(hooked: Repository) -> None:
    stages = hook("ci/hook.py:plain"), work("cat /mark")
    hooked.run(*stages)
    assert hooked.run(*stages).outcomes["a"].cached
    hooked.write({"helpers.py": 'MARK = "another"'})
    changed = hooked.run(*stages)
    assert not changed.outcomes["a"].cached
    assert changed.text == "another"


@pytest.mark.parametrize(
    ("function", "code", "cause", "output"),
    [
        (
            "ci/hook.py:raises",
            1,
            "the hook raised RuntimeError: no luck",
            'raise RuntimeError("no luck")',
        ),
        ("ci/hook.py:returns_text", 1, "the hook returned str, not a dagger.Container", ""),
        ("ci/hook.py:fails", 9, "a command of the hook exited with code 9", "because"),
        ("ci/hook.py:gone", 1, "there is no function 'gone' in 'ci/hook.py'", ""),
        ("nowhere.hooks:f", 1, "the hook 'nowhere.hooks' cannot be imported", "No module named"),
        ("json:loads", 1, "the module 'json' does not belong to this repository", ""),
        ("broken.py:f", 1, "the hook 'broken.py' cannot be imported", "SyntaxError"),
    ],
)
def test_a_wrong_hook_fails_its_step_with_the_reason(
    hooked: Repository, function: str, code: int, cause: str, output: str
) -> None:
    hooked.write({"broken.py": "def f(:\n"})
    seen = hooked.run(hook(function))
    assert seen.outcomes["hook"].exit_code == code
    assert cause in (seen.outcomes["hook"].cause or "")
    assert "\n" not in (seen.outcomes["hook"].cause or "")
    assert output in seen.text


def test_nothing_of_the_repository_is_imported_without_a_hook(
    repository: Repository,
) -> None:
    canary = repository.root / "imported"
    text = f"open({str(canary)!r}, 'w')"
    repository.write({"hook.py": text, "sitecustomize.py": text, "dagger.py": text})
    repository.run(work("true"))
    assert not canary.exists()


def test_steps_run_as_the_user_of_the_base_image(repository: Repository, published: str) -> None:
    environment = Environment(python="3.13", image=published, packages=("six",))
    repository.with_plan(environment=environment)
    line = "id -u; python -c 'import six'; touch /src/written {reports}/written ~/written && ls ~/"
    seen = repository.run(work(line, caches=("~/kept",)))
    assert seen.outcomes["a"].exit_code == 0, seen.text
    assert seen.text.split() == ["1234", "kept", "written"]


def test_packages_are_installed_as_root(repository: Repository, published: str) -> None:
    repository.with_plan(environment=Environment(python="3.13", image=published))
    assert repository.run(work("test ! -w /etc && python --version")).outcomes["a"].exit_code == 0
