"""The job that runs the test suite is chosen, whatever runs beside it."""

from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import ci_of, shown, suite_of, workflow

MANAGE = {"manage.py": "from django.core.management import execute_from_command_line\n"}


SCRIPTS = '[project.scripts]\nshop = "shop.cli:main"\n'


def jobs(**steps: str) -> dict[str, str]:
    """Return a workflow with these jobs, each with one line."""
    text = "".join(
        f"  {name}:\n    steps:\n      - run: {line!r}\n" for name, line in steps.items()
    )
    return {".github/workflows/ci.yml": f"on: push\njobs:\n{text}", **MANAGE}


@pytest.mark.parametrize(
    ("files", "suite"),
    [
        (jobs(a="pytest", b="pytest -k smoke"), ["pytest"]),
        (jobs(a="pytest shop/test_x.py --count 9", b="pytest shop"), ["pytest shop"]),
        (jobs(a="pytest shop/test_x.py::test_y", b="pytest shop/test_x.py"), ["pytest shop/test_x.py"]),
        (jobs(a="pytest -m fast", b='pytest -m "not slow"'), ["pytest -m not slow"]),
        (jobs(a="pytest -mfast", b="pytest shop"), ["pytest shop"]),
        (jobs(a="pytest -v shop/test_a.py", b="pytest -v shop"), ["pytest -v shop"]),
        (jobs(a="pytest -v -m fast", b='pytest -v -m "not slow"'), ["pytest -v -m not slow"]),
        ({**jobs(a="make -j all"), "Makefile": "all:\n\tpytest -q\n"}, ["pytest -q"]),
        (jobs(a="python manage.py test shop.tests.ShopTests", b="python manage.py test shop"), ["django shop"]),
        (jobs(a="./manage.py test --tag=fast", b="./manage.py test --exclude-tag x"), ["django --exclude-tag x"]),
        (jobs(a="pytest e2e --browser x", b="pytest tests"), ["pytest tests"]),
        (jobs(e2e="pytest --cov", b="pytest"), ["pytest"]),
        (jobs(b="pytest -v", **{"non-e2e-tests": "DB=postgres pytest -q"}), ["pytest -q"]),
        (jobs(b="pytest -v", without_selenium="DB=postgres pytest -q"), ["pytest -q"]),
        (jobs(lint="flake8", b="python -m unittest"), ["unittest"]),
        (jobs(a="./manage.py test -p 'test_*.py'", b="pytest tests"), ["django -p test_*.py"]),
        (jobs(a="flake8"), []),
        (jobs(a="echo pytest", b="pip install pytest", c="pytest-benchmark compare"), []),
        (jobs(a="python manage.py test shop.tests.OnlyOne"), ["django shop.tests.OnlyOne"]),
        (jobs(a="pytest || true"), ["pytest"]),
        (jobs(a='if [ -n "$X" ]; then pytest -x; fi', b="pytest"), ["pytest"]),
        (jobs(a="python manage.py test shop && python manage.py test library"), ["django shop", "django library"]),
        (jobs(a="pytest --setup-only --create-db", b="pytest shop"), ["pytest shop"]),
        (jobs(a="pytest --collect-only"), []),
        (jobs(a="pytest shop", b="pytest upload autodeploy"), ["pytest shop", "pytest upload autodeploy"]),
        (jobs(a="pytest --only-slow", b="pytest --splits 8 --group 1"), ["pytest --splits 8 --group 1"]),
        (jobs(a="pytest shop", b="pytest --reruns 2 --reruns-delay 5"), ["pytest --reruns 2 --reruns-delay 5"]),
        (jobs(a="pytest --only-slow", b="pytest --strict-markers"), ["pytest --strict-markers"]),
        (jobs(a="pytest || true", b="pytest shop"), ["pytest shop"]),
        (jobs(a="python manage.py test new || true; python manage.py test shop"), ["django shop"]),
        (jobs(a="pytest -m 'not slow'", b="pytest"), ["pytest"]),
        (jobs(a="pytest -m 'not postgres'", b="DB=postgres pytest -m 'not slow'"), ["pytest -m not slow"]),
    ],
)  # fmt: skip
def test_the_suite_is_the_job_that_selects_the_least(
    files: dict[str, str], suite: list[str]
) -> None:
    assert suite_of(files) == suite


def test_tests_beside_every_project_are_not_the_suite() -> None:
    files = jobs(a="cd tools && pytest", b="cd web && pytest tests/unit")
    del files["manage.py"]
    assert suite_of({**files, "web/manage.py": ""}) == ["pytest tests/unit"]


def test_a_job_on_linux_comes_before_one_on_another_system() -> None:
    workflow = """
        jobs:
          a: {runs-on: macos-15, steps: [{run: pytest --a}]}
          b: {strategy: {matrix: {os: [windows-2025]}}, runs-on: "${{ matrix.os }}", steps: [{run: pytest --b}]}
          c: {runs-on: [self-hosted, linux], steps: [{run: pytest --c}]}
    """
    assert suite_of({".github/workflows/ci.yml": workflow}) == ["pytest --c"]


def test_a_file_for_tests_and_documents_contains_the_suite() -> None:
    files = {
        ".github/workflows/test-docs.yml": "jobs: {tests: {steps: [{run: pytest shop}]}}",
        ".travis.yml": "script: pytest old",
    }
    assert suite_of(files) == ["pytest shop"]
    files[".github/workflows/test-docs.yml"] = "jobs: {test-docs: {steps: [{run: pytest shop}]}}"
    assert suite_of(files) == ["pytest old"]


def test_a_job_whose_tests_may_fail_is_not_the_suite() -> None:
    text = """
        on: push
        jobs:
          future: {steps: [{run: pytest -x, continue-on-error: true}]}
          stable: {steps: [{run: pytest -v}]}
    """
    assert suite_of({".github/workflows/ci.yml": text, **MANAGE}) == ["pytest -v"]


def test_names_that_a_shell_does_not_know_are_no_variables() -> None:
    text = """
        jobs:
          test:
            env: {node-version: 20}
            steps: [{run: pytest, env: {MODE: "n${{ env.node-version }}"}}]
    """
    assert ci_of({".github/workflows/ci.yml": text}).env == {"MODE": "n20"}


def test_a_server_of_the_machine_counts_as_much_as_one_in_a_container() -> None:
    workflow = """
        jobs:
          machine: {steps: [{run: service postgresql start}, {run: pytest shop}]}
          other: {services: {db: {image: postgres}}, container: python, steps: [{run: pytest bar}]}
    """
    assert suite_of({".github/workflows/ci.yml": workflow}) == ["pytest shop", "pytest bar"]


def test_a_job_that_must_pass_for_each_change_comes_first() -> None:
    files = {
        ".github/workflows/a.yml": "on: {schedule: [{cron: x}]}\njobs: {n: {steps: [{run: pytest --all}]}}",
        ".github/workflows/b.yml": "jobs: {n: {continue-on-error: true, steps: [{run: pytest --soon}]}}",
        ".github/workflows/c.yml": "jobs: {n: {steps: [{run: pytest shop}]}}",
    }
    assert suite_of(files) == ["pytest shop"]


@pytest.mark.parametrize(
    ("line", "files", "suite"),
    [
        ("python runtests.py -v", {"runtests.py": "from django.test.utils import get_runner\n"}, ["script -v"]),
        ("./all.py", {"all.py": "import pytest\npytest.main(['x'])\n"}, ["script"]),
        ("python -m shop test", {"shop/__main__.py": "execute_from_command_line()\n"}, ["django"]),
        ("python -m shop.cli test a", {"shop/cli.py": "ManagementUtility\n"}, ["django a"]),
        ("uv run shop test", {"shop/cli.py": "execute_from_command_line\n", "pyproject.toml": SCRIPTS}, ["django"]),
        ("sandbox/manage.py -v 2 test", {"sandbox/manage.py": "execute_from_command_line"}, ["django -v 2"]),
        ("django-admin test shop", {}, ["django shop"]),
        ("python all.py -v 2", {"all.py": "execute_from_command_line(argv.insert(1, 'test'))\n"}, ["script -v 2"]),
        ("dockerize -wait tcp://db:5432 -timeout 60s ~/.local/bin/pytest shop", {}, ["pytest shop"]),
        ("python -m django test", {}, ["django"]),
        ("python build.py", {"build.py": "print('get ready')\n"}, []),
    ],
)  # fmt: skip
def test_every_program_that_runs_tests_is_recognised(
    line: str, files: dict[str, str], suite: list[str]
) -> None:
    assert suite_of({**jobs(a=line), **files}) == suite


def test_without_a_ci_tox_nox_and_make_show_how_the_tests_run() -> None:
    session = "import nox\n@nox.session\ndef tests(session):\n    session.run('pytest', 'shop')\n"
    assert suite_of({"noxfile.py": session}) == ["pytest shop"]
    assert suite_of({"tox.ini": "[testenv]\ncommands = pytest shop\n"}) == ["pytest shop"]
    assert suite_of({"Makefile": "check:\n\tpytest lib\n"}) == ["pytest lib"]
    assert ci_of({"Makefile": "check:\n\tpytest lib\n"}).jobs == ()


def test_jobs_for_parts_of_the_suite_are_one_suite() -> None:
    parts = jobs(
        a="pytest shop", b="pytest library", e2e="pytest browser", c="pytest shop/test_x.py"
    )
    assert suite_of(parts) == ["pytest shop", "pytest library"]
    assert suite_of(jobs(a="pytest shop", b="MODE=old pytest library")) == ["pytest shop"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (
            ".github/workflows/ci.yml",
            """
            jobs:
              t:
                strategy: {matrix: {part: [shop, cart -x], db: [a]}}
                steps: [{run: "pytest ${{ matrix.part }}"}]
            """,
        ),
        (
            ".gitlab-ci.yml",
            "t: {script: pytest $PART, parallel: {matrix: [{PART: [shop, cart]}]}}",
        ),
        (".travis.yml", "env: [PART=shop, PART=cart]\nscript: pytest $PART"),
        (
            ".circleci/config.yml",
            """
            jobs:
              t: {parameters: {part: {type: string}}, steps: [{run: pytest << parameters.part >>}]}
            workflows: {all: {jobs: [t: {matrix: {parameters: {part: [shop, cart]}}}]}}
            """,
        ),
    ],
)
def test_legs_of_a_matrix_for_parts_of_the_suite_are_one_suite(path: str, content: str) -> None:
    assert {run.split()[1] for run in suite_of({path: content})} == {"shop", "cart"}


def test_of_equal_jobs_the_one_outside_a_container_counts() -> None:
    lines = ("docker compose run web pytest", "pytest")
    jobs = "".join(f"  j{n}: {{steps: [{{run: {line}}}]}}\n" for n, line in enumerate(lines))
    suite = ci_of({".github/workflows/ci.yml": f"jobs:\n{jobs}"}).suite
    assert suite is not None
    assert suite.job.name == "j1"


def test_of_legs_with_equal_runs_that_of_the_chosen_one_counts() -> None:
    jobs = """
        on: push
        jobs:
          test:
            strategy: {matrix: {env: [django52, quality]}}
            steps: [{run: "tox -e ${{ matrix.env }}"}]
    """
    tox = "[testenv]\ncommands = pytest shop\n"
    suite = ci_of({".github/workflows/ci.yml": jobs, "tox.ini": tox, "shop/tests.py": ""}).suite
    assert suite
    assert [run.command.environment for run in suite.runs] == ["tox django52"]


def test_a_leg_that_runs_every_test_is_the_suite() -> None:
    legs = "strategy: {matrix: {flags: [shop, --lf]}}"
    job = f"jobs: {{t: {{{legs}, steps: [{{run: 'pytest ${{{{ matrix.flags }}}}'}}]}}}}"
    assert suite_of({".github/workflows/ci.yml": job}) == ["pytest --lf"]


def test_a_service_that_only_runs_browser_tests_does_not_run_the_suite() -> None:
    files = {
        ".github/workflows/playwright.yml": "on: workflow_dispatch\njobs: {p: {steps: [{run: pytest}]}}",
        ".circleci/config.yml": "jobs: {test: {docker: [{image: x}], steps: [{run: pytest shop}]}}",
    }
    assert suite_of(files) == ["pytest shop"]


def test_of_equal_jobs_the_one_with_the_newest_python_counts() -> None:
    lines = {"py311": "pytest -x", "py313": "pytest -x", "py312": "pytest -x", "smoke": "pytest -x"}
    text = "".join(
        f"{name}: {{image: python:3.{name[-2:]}, script: {line}}}\n" for name, line in lines.items()
    )
    suite = ci_of({".gitlab-ci.yml": text, **MANAGE}).suite
    assert suite is not None
    assert suite.job.name == "py313"


def test_a_job_of_gitlab_may_be_allowed_to_fail_with_the_exit_code_of_tests() -> None:
    text = "a: {script: pytest a, allow_failure: {exit_codes: [1, 137]}}\n"
    other = "b: {script: pytest b, allow_failure: {exit_codes: 137}}\n"
    assert suite_of({".gitlab-ci.yml": text + other, **MANAGE}) == ["pytest b"]


def test_of_equal_jobs_the_one_on_postgresql_counts() -> None:
    files = jobs(a="DB=sqlite pytest -x", b="DB=postgres pytest -v")
    assert suite_of(files) == ["pytest -v"]


def test_conditions_on_earlier_steps_are_known() -> None:
    text = """
        on: push
        jobs:
          test:
            steps:
              - {id: deps, run: pip install x}
              - {id: cache, uses: actions/cache@v4, with: {path: x, key: y}}
              - {run: npm run build, if: "steps.cache.outputs.cache-hit != 'true'"}
              - {run: restored, if: steps.cache.outputs.cache-hit == 'true'}
              - {run: pytest, if: "${{ !cancelled() && steps.deps.conclusion == 'success' }}"}
        """
    (job,) = ci_of({".github/workflows/ci.yml": text}).jobs
    assert shown(list(job.commands)) == ["pip install x", "npm run build", "pytest"]


def test_parts_that_the_suite_leaves_out_by_marker_belong_to_it() -> None:
    files = jobs(
        general='pytest -m "not (slow or page)"',
        slow='pytest -m "slow and not huge"',
        huge="pytest -m huge",
        other="pytest -m fast",
        e2e="pytest -m page",
    )
    suite = ci_of(files).suite
    assert suite is not None
    assert [run.arguments[1] for run in suite.runs] == [
        "not (slow or page)",
        "slow and not huge",
        "huge",
    ]
    assert [run.arguments[1] for run in suite.elsewhere] == ["page"]


def test_a_leg_of_the_matrix_runs_the_tags_that_another_one_leaves_out() -> None:
    workflow = """
        on: push
        jobs:
          t:
            strategy: {matrix: {kind: [moves, unit]}}
            steps:
              - {run: ./manage.py test --exclude-tag=move, if: "matrix.kind == 'unit'"}
              - {run: ./manage.py test --tag move, if: "matrix.kind == 'moves'"}
    """
    files = {".github/workflows/ci.yml": workflow, **MANAGE}
    assert suite_of(files) == ["django --exclude-tag=move", "django --tag move"]


def test_tests_of_a_container_that_is_created_first_are_the_suite() -> None:
    text = """
        jobs:
          app:
            steps:
              - run: |
                  id=$(docker create --net=x -e MODE=ci shop:test pytest --ds=shop.ci)
                  docker start -ai $id
          infrastructure:
            steps:
              - run: pytest cdk
    """
    assert suite_of({".github/workflows/ci.yml": text}) == ["pytest --ds=shop.ci"]


def test_what_a_conditional_step_writes_for_the_next_ones_is_not_known() -> None:
    text = """
        jobs:
          test:
            steps:
              - if: github.ref == 'refs/heads/main'
                run: echo "A=1" >> $GITHUB_ENV
              - run: echo "B=2" >> $GITHUB_ENV
              - run: pytest
    """
    assert ci_of({".github/workflows/ci.yml": text}).env == {"B": "2"}


def test_the_suite_may_run_in_another_leg_than_the_best_one() -> None:
    legs = {
        ".github/workflows/ci.yml": """
            jobs:
              t:
                strategy: {matrix: {task: [docs, check-links, unit, unit-fast]}}
                steps: [{run: "make ${{ matrix.task }}"}]
        """,
        "Makefile": "docs: ; sphinx-build\ncheck-links: ; x\nunit: ; pytest\nunit-fast: ; pytest -k fast\n",
    }
    assert suite_of(legs) == ["pytest"]
    assert "sphinx-build" in shown(list(ci_of(legs).commands))


def test_a_leg_on_another_database_is_no_part_of_the_suite_but_is_named() -> None:
    config = """
        on: push
        jobs:
          t:
            strategy: {matrix: {db: [{image: "postgres:16", tag: sql}, {image: "mysql:8", tag: my}]}}
            services: {db: {image: "${{ matrix.db.image }}"}}
            steps: [{run: "python manage.py test --tag ${{ matrix.db.tag }}"}]
    """
    suite = ci_of({".github/workflows/ci.yml": config}).suite
    assert suite is not None
    assert [run.arguments for run in suite.runs] == [("--tag", "sql")]
    assert [run.arguments for run in suite.elsewhere] == [("--tag", "my")]


@pytest.mark.parametrize(
    "python",
    ["$(command -v python3 || echo python)", "$(which python3.12 2> log || which py)", "$(x)"],
)
def test_a_python_that_is_looked_up_runs_the_tests(python: str) -> None:
    assert suite_of(workflow(f"{python} -m pytest shop")) == ["pytest shop"]


def test_options_of_a_script_may_mean_anything() -> None:
    script = {"runtests.py": "import pytest\npytest.main()\n"}
    assert suite_of({**jobs(a="./runtests.py --lint", b="./runtests.py"), **script}) == ["script"]


@pytest.mark.parametrize("option", ["--lint", "--lintonly", "--lint-only"])
def test_a_script_that_only_lints_runs_no_tests(option: str) -> None:
    script = {"runtests.py": "import pytest\npytest.main()\n"}
    assert ci_of({**jobs(a=f"./runtests.py {option}"), **script}).suite is None


def test_tests_may_run_in_a_substitution() -> None:
    assert suite_of(jobs(a="output=$(uv run pytest -k shop); echo $output")) == ["pytest -k shop"]


def test_a_step_whose_outcome_a_later_step_asks_for_must_pass() -> None:
    job = """
        jobs:
          t:
            steps:
              - {id: lint, run: flake8, continue-on-error: true}
              - {run: black --check ., continue-on-error: true}
              - {run: exit 1, if: "${{ steps.lint.outcome == 'failure' }}"}
    """
    flake8, black, *_ = ci_of({".github/workflows/ci.yml": job}).commands
    assert (flake8.may_fail, black.may_fail) == (False, True)


def test_paths_that_the_suite_ignores_belong_to_it_if_another_job_runs_them() -> None:
    files = jobs(
        core="pytest --ignore=tests/www",
        www="pytest tests/www/ --ignore tests/www/apply",
        apply="pytest tests/www/apply/test_a.py::TestA",
        other="pytest tests/api",
    )
    assert suite_of(files) == [
        "pytest --ignore=tests/www",
        "pytest tests/www/ --ignore tests/www/apply",
        "pytest tests/www/apply/test_a.py::TestA",
    ]


def test_tests_of_another_program_are_no_part_of_the_suite_but_are_named() -> None:
    legs = """
        jobs:
          t:
            strategy: {matrix: {kind: [main, api]}}
            steps:
              - run: |
                  if [ "${{ matrix.kind }}" = main ]; then
                    ./manage.py test
                  else
                    pytest api
                  fi
    """
    for files in (
        jobs(a="./manage.py test", b="pytest api"),
        {".github/workflows/ci.yml": legs, **MANAGE},
    ):
        suite = ci_of(files).suite
        assert suite is not None
        assert [run.runner.value for run in suite.runs] == ["django"]
        assert [run.arguments for run in suite.elsewhere] == [("api",)]


def test_tests_of_another_package_are_no_part_of_the_suite_but_are_named() -> None:
    files = jobs(a="cd web && pytest", b="cd lib && pytest", c="cd docs && flake8")
    del files["manage.py"]
    suite = ci_of({**files, "web/manage.py": "", "lib/tests/test_a.py": ""}).suite
    assert suite is not None
    assert [run.command.directory for run in suite.runs] == ["web"]
    assert [run.command.directory for run in suite.elsewhere] == ["lib"]


@pytest.mark.parametrize(
    ("usual", "further", "named"),
    [
        ("pytest", "pytest --slow", [("--slow",)]),
        ("pytest", "pytest --slow tests/slow", [("--slow", "tests/slow")]),
        ("pytest", "pytest -x --cov=shop --strict-config", []),
        ("pytest --color yes", "pytest --nomigrations -n 4", []),
        ("./manage.py test", "./manage.py test --slow -v 2", [("--slow", "-v", "2")]),
        ("pytest", "pytest --slow || true", []),
    ],
)
def test_runs_with_options_of_the_project_are_named(
    usual: str, further: str, named: list[tuple[str, ...]]
) -> None:
    suite = ci_of(jobs(a=usual, b=further)).suite
    assert suite is not None
    assert suite.job.name == "a"
    assert [run.arguments for run in suite.elsewhere] == named


def test_a_variable_whose_value_is_inside_a_word_of_one_leg_does_not_keep_legs_apart() -> None:
    job = """
        on: push
        jobs:
          test:
            strategy: {matrix: {app: [authentication, notices]}}
            env: {LANGUAGE: en}
            steps: [{run: "manage.py test shop.${{ matrix.app }}"}]
    """
    found = suite_of({".github/workflows/ci.yml": job, "manage.py": ""})
    assert sorted(found) == ["django shop.authentication", "django shop.notices"]
