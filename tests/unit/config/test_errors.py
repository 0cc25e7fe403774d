from __future__ import annotations

import os
import re
import sys
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


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("version", ["3.10", "3.12"])
def test_a_python_version_as_a_number_is_refused_because_it_loses_its_zero(
    tmp_path: Path, version: str
) -> None:
    message = problems(tmp_path, f"python = {version}")["python"].message

    assert message.startswith(f'must be text, python = "{version}"')


def test_the_tables_of_pyproject_toml_in_heroci_toml_have_a_remedy(tmp_path: Path) -> None:
    problem = problems(tmp_path, '[tool.heroci]\npython = "3.12"')["tool"]

    assert problem.remedy == "in heroci.toml, remove `tool.heroci` from the name of every table"


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
def test_missing_files_are_named(tmp_path: Path, toml: str, key: str) -> None:
    assert problems(tmp_path, toml)[key].message.startswith("there is no ")


@pytest.mark.promise(
    "a path in the configuration leads out of the repository", "it is an error before anything runs"
)
@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../shop", "a/../../b", "a\\u0000b"])
@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ('working-directory = "PATH"', "working-directory"),
        ('requirements = ["PATH"]', "requirements[0]"),
        ('lock = "PATH"', "lock"),
        ('hook = "PATH/hook.py:main"', "hook"),
        ('[tests]\nscript = "PATH"', "tests.script"),
        ('[image]\ndockerfile = "PATH"', "image.dockerfile"),
        ('[image]\ncontext = "PATH"', "image.context"),
    ],
)
def test_paths_stay_inside_the_repository(tmp_path: Path, toml: str, key: str, path: str) -> None:
    message = problems(tmp_path, toml.replace("PATH", path))[key].message
    assert "inside the repository" in message or "control characters" in message


def test_a_path_may_go_up_inside_the_repository(tmp_path: Path) -> None:
    toml = "requirements = ['mysite/../dev.txt']"
    files = {**django(), "dev.txt": "django", "heroci.toml": toml}
    assert loaded(tmp_path, files).config.requirements == ("mysite/../dev.txt",)


def test_a_symbolic_link_must_not_lead_outside(tmp_path: Path) -> None:
    root, outside = tmp_path / "shop", tmp_path / "outside"
    outside.mkdir()
    write(root, {**django(), "heroci.toml": "[image]\ncontext = 'link'\ndockerfile = 'manage.py'"})
    (root / "link").symlink_to(outside)
    with pytest.raises(ConfigurationError, match=r"image\.context: 'link' is a symbolic link"):
        load(root)


@pytest.mark.promise(
    "the name of a stage or step contains a separator or a control character",
    "it is an error before anything runs",
)
@pytest.mark.parametrize(
    "name", ["../../left-behind", "a/b", "a\\\\b", "..", " ", "", "a\\n::error::b", "a\\u2028b"]
)
@pytest.mark.parametrize("table", ["stages", "lint"])
def test_names_contain_no_separators_and_control_characters(
    tmp_path: Path, name: str, table: str
) -> None:
    toml = f'[{table}."{name}"]\n' + {"stages": 'steps = ["x"]', "lint": 'command = "x"'}[table]
    (key, problem), *others = problems(tmp_path, toml).items()
    assert not others
    assert "must be a name without" in problem.message
    assert "\n" not in str(problem)
    assert key.startswith(f'{table}."') or name == ".."


def test_a_step_name_is_one_line(tmp_path: Path) -> None:
    toml = '[[stages.x.steps]]\nrun = "true"\nname = "a\\n::error::b"'
    assert "single line" in problems(tmp_path, toml)["stages.x.steps[0].name"].message


def test_a_file_of_that_name_elsewhere_is_suggested(tmp_path: Path) -> None:
    found = problems(tmp_path, "requirements = ['dev.txt']", **{"requirements/dev.txt": "django"})
    assert "did you mean 'requirements/dev.txt'?" in found["requirements[0]"].message


def test_a_missing_script_is_an_error(tmp_path: Path) -> None:
    found = problems(tmp_path, "tests.script = 'runtest.py'", **{"runtests.py": ""})
    assert "did you mean 'runtests.py'?" in found["tests.script"].message


def test_circular_needs_are_reported_with_other_problems(
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


@pytest.mark.parametrize("table", ["lint", "image", "own"])
def test_a_stage_that_does_not_wait_for_its_environment_is_an_error(
    tmp_path: Path, table: str
) -> None:
    found = problems(tmp_path, f'[stages.{table}]\nneeds = []\nsteps = ["true"]')
    assert "does not need the stage 'base'" in found[f"stages.{table}.needs"].message


def test_a_stage_may_wait_for_its_environment_indirectly_or_use_another(tmp_path: Path) -> None:
    lines = [
        '[stages.scan]\nneeds = []\nimage = "alpine"\nsteps = ["true"]',
        '[stages.last]\nneeds = ["scan", "between"]\nsteps = ["true"]',
        '[stages.between]\nneeds = ["tests"]\nsteps = ["true"]',
        "[stages.image]\nneeds = []",
    ]
    loaded(tmp_path, {**django(), "heroci.toml": "\n".join(lines)})


def test_unknown_needs_and_services_of_a_stage_are_named(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "[stages.x]\nneeds=['test']\nservices=['redis']\nsteps=['a']\n[services]\npostgres='17'",
    )
    assert "did you mean 'tests'?" in found["stages.x.needs"].message
    assert "there is no service 'redis'" in found["stages.x.services"].message


def test_an_additional_stage_needs_steps(tmp_path: Path) -> None:
    assert (
        "at least one step"
        in problems(tmp_path, "[stages.x]\nneeds = ['base']")["stages.x.steps"].message
    )


@pytest.mark.parametrize("name", ["lib xml", "--yes", "", "libX11", "gettext;ls"])
def test_a_text_that_is_no_debian_package_is_refused(tmp_path: Path, name: str) -> None:
    given = f"apt = ['gettext', {name!r}]"
    problem = problems(tmp_path, given)["apt[1]"]
    assert "apt[1]" in str(problem)


def test_debian_packages_may_have_a_version_an_architecture_or_a_release(tmp_path: Path) -> None:
    names = ["libpq5=1:17.2-1~deb12u1", "gcc:i386", "g++", "gdal-bin/stable", "postgresql-17-*"]
    assert loaded(tmp_path, {**django(), "heroci.toml": f"apt = {names}"}).config.apt == tuple(
        names
    )


def test_a_lint_command_in_place_of_a_tool_leads_to_a_valid_table(tmp_path: Path) -> None:
    problem = problems(tmp_path, 'lint = ["djlint --check ."]')['lint."djlint --check ."']
    assert problem.origin == "heroci.toml"
    assert 'lint = { djlint = "djlint --check ." }' in (problem.remedy or "")


@pytest.mark.promise("a placeholder names nothing", "it is an error before anything runs")
@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("{postgres.url}", "undeclared service 'postgres'"),
        ("{redis.hots}", "did you mean 'host'?"),
        ("{nope.x}", "not a known placeholder"),
        ("{app.prot}", "did you mean 'port'?"),
    ],
)
def test_placeholders_must_name_a_service_and_one_of_its_values(
    tmp_path: Path, value: str, part: str
) -> None:
    found = problems(tmp_path, f'services = {{ redis = "7" }}\nenv = {{ X = "{value}" }}')
    assert part in found["env.X"].message


def test_other_braces_are_left_alone(tmp_path: Path) -> None:
    env = loaded(
        tmp_path,
        {
            **django(),
            "heroci.toml": """env = { X = '{"a": {"b": 1}} ${HOME} {env.TOKEN} {secret_key}' }""",
        },
    )
    assert env.config.env["X"].startswith('{"a"')


def test_placeholders_of_commands_are_checked_for_known_services_only(tmp_path: Path) -> None:
    steps = "['echo {redis.hots}', 'python log.py --format {record.level}']"
    toml = f'services = {{ redis = "7" }}\n[stages.x]\nsteps = {steps}'
    assert list(problems(tmp_path, toml)) == ["stages.x.steps[0]"]


@pytest.mark.promise(
    "the configuration is nested thousands of levels deep",
    "one sentence names the file, with exit code 2",
)
def test_deep_nesting_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    nested = "a = " + "[" * 5_000 + "]" * 5_000
    with pytest.raises(ConfigurationError, match=r"heroci\.toml: is nested too deeply"):
        loaded(tmp_path, {**django(), "heroci.toml": nested})


def test_deep_nesting_in_another_file_is_ignored(tmp_path: Path) -> None:
    nested = "a = " + "[" * 5_000 + "]" * 5_000
    number = "a = " + "9" * 5_000
    assert loaded(tmp_path, {**django(), "tox.toml": nested, "uv.lock": number}).config.settings


def test_a_number_of_thousands_of_digits_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"heroci\.toml: is not valid TOML"):
        loaded(tmp_path, {**django(), "heroci.toml": "a = " + "9" * 5_000})


def test_invalid_toml_is_named_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"heroci\.toml: is not valid TOML: .*line 2, column"
    ):
        loaded(tmp_path, {**django(), "heroci.toml": "fail-fast = true\npython = = 3\n"})


def test_a_broken_pyproject_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: is not valid TOML"):
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


def test_a_path_that_is_not_a_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a directory"):
        load(tmp_path / "nowhere")


TABLES = (
    "env",
    "services",
    "tests",
    "image",
    "integration",
    "report",
    "stages",
    "lint",
    "requirements",
)


@pytest.mark.parametrize(
    "value",
    ["3", "true", "'text'", "[3]", "[[1]]", "{ x = 3 }", "1979-05-27", "{ x = { y = [] } }"],
)
def test_every_wrong_type_is_a_problem_and_never_a_crash(tmp_path: Path, value: str) -> None:
    found = problems(tmp_path, "".join(f"{key} = {value}\n" for key in TABLES))
    assert {re.split(r"[.\[]", key)[0] for key in found} == set(TABLES)


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
            "already defines",
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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_path_that_is_not_utf8_is_refused_with_the_reason(tmp_path: Path) -> None:
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/lat\xe9"))
    place.mkdir()
    with pytest.raises(UsageError, match="is not valid UTF-8"):
        load(place)
