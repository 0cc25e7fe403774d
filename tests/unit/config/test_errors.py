from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.errors import ConfigurationError, ExitCode, Problem, UsageError
from heroci_action.project import load
from tests.unit.detection.projects import django, loaded, write


def problems(root: Path, toml: str, **files: str) -> dict[str, Problem]:
    with pytest.raises(ConfigurationError) as caught:
        loaded(root, {**django(), **files, "heroci.toml": toml})
    assert caught.value.exit_code is ExitCode.USAGE
    return {problem.key: problem for problem in caught.value.problems}


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        pyhton = "3.13"
        python = 3.10
        fail-fast = "yes"
        timeout = "soon"
        requirements = ["requirments.txt"]
        lint = ["blakc"]
        [env]
        URL = "{postgrse.url}"
        [tests]
        runner = "nose"
        [stages.deploy]
        needs = ["tset"]
        steps = ["./deploy"]
        services = ["rediss"]
        timeuot = 3
        [services]
        postgres = "17"
        mongo = "7"
        """,
        **{"requirements.txt": "django"},
    )
    assert set(found) == {
        "pyhton", "python", "fail-fast", "timeout", "requirements[0]", "lint.blakc", "env.URL", "tests.runner",
        "stages.deploy.timeuot", "services.mongo",
    }  # fmt: skip


def test_an_unknown_key_shows_its_value_and_the_likely_one(tmp_path: Path) -> None:
    problem = problems(tmp_path, 'pyhton = "3.12"')["pyhton"]
    assert "'3.12'" in problem.message
    assert "did you mean 'python'?" in problem.message
    assert problem.origin == "heroci.toml"


@pytest.mark.parametrize(
    ("toml", "key", "known"),
    [
        ("[image]\ndockerfil = 'x'", "image.dockerfil", "dockerfile"),
        ("[tests]\nparalel = true", "tests.paralel", "parallel"),
        ("[services.postgres]\nimag = 'x'", "services.postgres.imag", "image"),
        ("[stages.x]\nstep = ['a']", "stages.x.step", "steps"),
        (
            "[[integration.checks]]\npath = '/'\nstatsu = 200",
            "integration.checks[0].statsu",
            "status",
        ),
        ("[[tests.before]]\nrun = 'x'\nnaem = 'y'", "tests.before[0].naem", "name"),
        ("[lint.black]\ncomand = 'x'", "lint.black.comand", "command"),
        ("[report]\nlargest-files = 1", "report.largest-files", "largest-file"),
        ("working_directory = '.'", "working_directory", "working-directory"),
    ],
)
def test_unknown_keys_are_found_at_every_depth(
    tmp_path: Path, toml: str, key: str, known: str
) -> None:
    assert f"did you mean {known!r}?" in problems(tmp_path, toml)[key].message


def test_a_python_version_as_a_number_is_refused_because_it_loses_its_zero(tmp_path: Path) -> None:
    assert "3.10 as a number is 3.1" in problems(tmp_path, "python = 3.10")["python"].message


def test_a_value_that_is_not_one_of_the_choices_names_them(tmp_path: Path) -> None:
    message = problems(tmp_path, '[tests]\nrunner = "pytset"')["tests.runner"].message
    assert "'django' or 'pytest'" in message
    assert "not 'pytset'; did you mean 'pytest'?" in message


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ("lock = 'uv.lock'", "lock"),
        ("working-directory = 'backend'", "working-directory"),
        ("[image]\ndockerfile = 'Dockerfil'", "image.dockerfile"),
        ("[image]\ndockerfile = 'manage.py'\ncontext = 'nowhere'", "image.context"),
    ],
)
def test_files_that_are_not_there_are_named(tmp_path: Path, toml: str, key: str) -> None:
    assert problems(tmp_path, toml)[key].message.startswith("there is no ")


def test_a_file_of_that_name_elsewhere_is_suggested(tmp_path: Path) -> None:
    found = problems(tmp_path, "requirements = ['dev.txt']", **{"requirements/dev.txt": "django"})
    assert "did you mean 'requirements/dev.txt'?" in found["requirements[0]"].message


def test_a_script_that_is_not_there_is_missed(tmp_path: Path) -> None:
    found = problems(tmp_path, "tests.script = 'runtest.py'", **{"runtests.py": ""})
    assert "did you mean 'runtests.py'?" in found["tests.script"].message


def test_stages_that_need_each_other_are_shown_as_a_circle_together_with_other_problems(
    tmp_path: Path,
) -> None:
    found = problems(
        tmp_path,
        """
        settings = "not a module"
        [stages.a]
        needs = ["b"]
        steps = ["x"]
        [stages.b]
        needs = ["a"]
        steps = ["x"]
        """,
    )
    assert "a -> b -> a" in found["stages.a.needs"].message
    assert "settings" in found


def test_unknown_needs_and_services_of_a_stage_are_named(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "[stages.x]\nneeds=['test']\nservices=['redis']\nsteps=['a']\n[services]\npostgres='17'",
    )
    assert "did you mean 'tests'?" in found["stages.x.needs"].message
    assert "there is no service 'redis'" in found["stages.x.services"].message


def test_a_stage_of_the_projects_own_needs_steps(tmp_path: Path) -> None:
    assert (
        "at least one step"
        in problems(tmp_path, "[stages.x]\nneeds = ['base']")["stages.x.steps"].message
    )


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("{postgres.url}", "names no service that is declared"),
        ("{redis.hots}", "did you mean 'host'?"),
    ],
)
def test_placeholders_must_name_a_service_and_one_of_its_values(
    tmp_path: Path, value: str, part: str
) -> None:
    found = problems(tmp_path, f'services = {{ redis = "7" }}\nenv = {{ X = "{value}" }}')
    assert part in found["env.X"].message


def test_braces_that_are_no_placeholder_are_left_alone(tmp_path: Path) -> None:
    env = loaded(
        tmp_path,
        {
            **django(),
            "heroci.toml": """env = { X = '{"a": {"b": 1}} ${HOME} {env.TOKEN} {secret_key}' }""",
        },
    )
    assert env.config.env["X"].startswith('{"a"')


def test_invalid_toml_is_named_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"heroci\.toml: is no valid TOML: .*line 2, column"
    ):
        loaded(tmp_path, {**django(), "heroci.toml": "fail-fast = true\npython = = 3\n"})


def test_a_broken_pyproject_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: is no valid TOML"):
        loaded(tmp_path, {**django(), "pyproject.toml": "[tool.heroci\n"})


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    write(tmp_path, django())
    (tmp_path / "heroci.toml").write_bytes(b'python = "\xff"')
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        load(tmp_path)


def test_two_configurations_are_an_error_that_names_both(tmp_path: Path) -> None:
    files = {**django(), "heroci.toml": "", "pyproject.toml": "[tool.heroci]\n"}
    with pytest.raises(
        ConfigurationError, match=r"heroci\.toml and pyproject\.toml \[tool\.heroci\]"
    ):
        loaded(tmp_path, files)


def test_the_table_must_be_a_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="must be a table, not 3"):
        loaded(tmp_path, {**django(), "pyproject.toml": "[tool]\nheroci = 3\n"})


def test_a_repository_without_django_is_a_usage_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, {"app.py": "print(1)"})
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.remedy is not None
    assert "working-directory" in caught.value.remedy


def test_a_place_that_is_no_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no directory"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "key",
    [
        "env",
        "services",
        "tests",
        "image",
        "integration",
        "report",
        "stages",
        "lint",
        "requirements",
    ],
)
@pytest.mark.parametrize(
    "value",
    ["3", "true", "'text'", "[3]", "[[1]]", "{ x = 3 }", "1979-05-27", "{ x = { y = [] } }"],
)
def test_wrong_types_anywhere_are_problems_and_never_a_crash(
    tmp_path: Path, key: str, value: str
) -> None:
    try:
        loaded(tmp_path, {**django(), "heroci.toml": f"{key} = {value}\n"})
    except ConfigurationError as error:
        assert all(problem.key.startswith(key) for problem in error.problems)  # noqa: PT017
    else:
        pytest.fail(f"{key} = {value} was accepted")


@pytest.mark.parametrize(
    ("toml", "key", "words"),
    [
        (
            'hook = "ci/hok.py:f"',
            "hook",
            "there is no file 'ci/hok.py'; did you mean 'ci/hook.py'?",
        ),
        ('hook = "no colon"', "hook", 'must be a function such as "ci/hook.py:customise"'),
        ('[stages.lint]\nimage = "x"', "stages.lint.image", "runs in the base environment"),
        (
            '[stages.x]\nsteps = ["a"]\nsecrets = ["A-B"]',
            "stages.x.secrets[0]",
            "must be a name of",
        ),
        ('[image]\nsecrets = ["A B"]', "image.secrets[0]", "must be a name of"),
        ('[publish]\nusername = "me"', "publish.address", "is missing"),
        ('[publish]\naddress = "a:1"\nneeds = ["tsts"]', "publish.needs", "did you mean 'tests'?"),
        (
            '[publish]\naddress = "a:1"\n[stages.publish]\nsteps = ["x"]',
            "stages.publish",
            "is taken",
        ),
        ('[publish]\naddress = "a:{postgres.prot}"', "publish.address", "{postgres.prot}"),
    ],
)
def test_what_concerns_images_and_hooks_is_checked_before_anything_runs(
    tmp_path: Path, toml: str, key: str, words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(
            tmp_path,
            {
                **django(),
                "ci/hook.py": "",
                "heroci.toml": f'services = {{ postgres = "17" }}\n{toml}\n',
            },
        )
    (problem,) = caught.value.problems
    assert problem.key == key
    assert words in problem.message
