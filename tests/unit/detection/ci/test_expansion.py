"""Commands that stand for others are replaced by these."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci import expand
from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.records import Script
from heroci_action.detection.ci.working_tree import WorkingTree
from tests.unit.detection.ci.trees import ci_of, commands_of, shown, suite_of, tree_of, workflow

MAKEFILE = """
    PYTHON ?= python3
    APPS := shop library
    TESTS = $(or $(ONLY),tests)
    export MODE = test
    ifdef CI
    FLAGS = --ci
    else
    FLAGS = --local
    endif

    .PHONY: all test
    all: lint test

    include conf/*.mk

    test: var/index | assets
    \t@$(PYTHON) -m pytest $(FLAGS) $(TESTS)
    \t-rm -rf $$TMP

    lint: ; flake8 $(APPS)

    var/index:
    \tmkdir -p var \\
    \t  media

    assets:
    \tcd web && npm ci

    test-%:
    \tpytest $*

    %.local: %.dist
    \tcp $< $@

    local: shop/a.local

    stamp.%: stamp.x.%
    \tx $@

    nested:
    \t$(MAKE) -C web build X=1

    both one: export EXTRA = yes
    both one:
    \tx $@

    shell:
    \tblack $(shell git ls-files '*.py')

    unit covered:
    \tMODE=unit pytest

    define run_each
    x $(1)
    y $(2)
    endef
    export run_each

    called:
    \t$(call run_each,a,b)

    LEVEL = plain
    ifeq ($(MODE_OF_CI),full)
    \tLEVEL = deep
    endif
    level:
    \t$(CURDIR)/bin/x --level=$(LEVEL) "$(CURDIR)"

    CORES := $(shell N=$$(nproc); echo $$(( $$N > 4 ? 4 : $$N )))
    HALF = $(shell python -c 'print(int(max(2, 1)))')

    parallel:
    \tpytest -n $(CORES) -n $(HALF)
"""
FILES = {
    "Makefile": MAKEFILE,
    "conf/common.mk": "common:\n\tx common\n",
    "web/Makefile": "build: ; y $(X)\n",
    "a.py": "",
}


BEFORE = ("mkdir -p var media", "web: npm ci")


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("make", ["flake8 shop library", *BEFORE, "python3 -m pytest --ci tests", "rm -rf \ue000"]),
        ("make lint common", ["flake8 shop library", "x common"]),
        ("make test ONLY=shop PYTHON=py", [*BEFORE, "py -m pytest --ci shop", "rm -rf \ue000"]),
        ("make test-unit", ["pytest unit"]),
        ("make stamp.a", ["x stamp.a"]),
        ("make local", ["cp shop/a.dist shop/a.local"]),
        ("make nested", ["web: y 1"]),
        ("make -C web build X=2", ["web: y 2"]),
        ("make both", ["x both"]),
        ("make shell", ["black a.py"]),
        ("make called", ["x a", "y b"]),
        ("make covered", ["pytest"]),
        ("make level", ["{root}/bin/x --level=plain {root}"]),
        ("MODE_OF_CI=full make level", ["{root}/bin/x --level=deep {root}"]),
        ("make parallel", ["pytest -n \ue000 -n \ue000"]),
        ("make unknown", ["make unknown"]),
        ("cd web && make", ["web: y "]),
    ],
)  # fmt: skip
def test_a_call_of_make_becomes_the_recipes(line: str, commands: list[str]) -> None:
    assert [c.rstrip() for c in shown(commands_of(line, FILES, CI="true"))] == [
        c.rstrip() for c in commands
    ]


@pytest.mark.parametrize(
    ("line", "may_fail"),
    [
        ("env | grep CI > .testenv; true", True),
        ("grep CI .env ; exit 0", True),
        ("-grep CI .env", True),
        ("grep CI .env; echo true", False),
        ("grep true", False),
    ],
)
def test_the_last_command_of_a_line_of_make_decides(line: str, *, may_fail: bool) -> None:
    commands = commands_of("make a", {"Makefile": f"a:\n\t{line}\n"})
    (found,) = (each for each in commands if each.call.name == "grep")
    assert found.may_fail is may_fail


@pytest.mark.parametrize(
    ("files", "call", "expected"),
    [
        # Git has written the target and the file of which it is made at the same time.
        ({"app.in": "", "app.txt": ""}, "make install", ["pip sync app.txt other.txt"]),
        ({"app.in": "", "app.txt": ""}, "make app.txt", []),
        ({"app.txt": ""}, "make app.txt", ["compile app.in"]),
        ({"app.in": ""}, "make app.txt", ["compile app.in"]),
        ({"app.in": "", "app.txt": ""}, "touch app.in && make app.txt", ["touch app.in", "compile app.in"]),
        ({"a.txt": "", "b.txt": ""}, "make a.txt", ["make a.txt"]),
        # The target is made of a target that is no file, or no file itself.
        ({"s.json": ""}, "make s.json", ["schema"]),
        ({"test": ""}, "make test", ["pytest"]),
        ({}, "make env", ["python3 -m venv env"]),
    ],
)  # fmt: skip
def test_make_does_not_make_files_of_the_checkout_again(
    files: dict[str, str], call: str, expected: list[str]
) -> None:
    makefile = """
.PHONY: install test
install: app.txt other.txt | env
\tpip sync $^
app.txt: app.in | env
\tcompile $<
other.txt:
\tcompile other
env:
\tpython3 -m venv $@
a.txt: b.txt
\tx $<
b.txt: a.txt
\tx $<
s.json: FORCE
\tschema
FORCE:
test:
\tpytest
"""
    given = {"Makefile": makefile, "other.txt": "", **files}
    found = shown(commands_of(call, given))
    assert [line for line in found if "venv" not in line or call == "make env"] == expected


@pytest.mark.parametrize(
    ("assignment", "command"),
    [
        ("RUN = env A=1 # isolated", "env A=1 pytest shop"),
        ("ifdef CI\nRUN := env A=1 # isolated\nendif", "env A=1 pytest shop"),
        ("test: RUN = env A=1 # isolated", "env A=1 pytest shop"),
        ("RUN = env A=\\#1", "env A=#1 pytest shop"),
        ("RUN = env A=$(or ,#1)", "env A=#1 pytest shop"),
        ("RUN = env A=$(or ,#1) # isolated", "env A=#1 pytest shop"),
    ],
)
def test_a_comment_ends_the_value_of_a_variable_of_make(assignment: str, command: str) -> None:
    makefile = f"{assignment}\ntest:\n\t$(RUN) pytest shop # all\n"
    found = commands_of("make test", {"Makefile": makefile}, CI="true")
    assert [each.line.removesuffix(" # all").split() for each in found] == [command.split()]


@pytest.mark.parametrize(("given", "branch"), [("", "b"), ("FAST=1 ", "a")])
def test_one_branch_of_a_conditional_in_a_recipe_counts(given: str, branch: str) -> None:
    lines = "".join(f"\t{word}\n" for word in ("x a", "y a"))
    others = lines.replace(" a", " b")
    makefile = f"t:\n\tz 1\nifdef FAST\n{lines}else\n{others}endif\n\tz 2\n"
    found = shown(commands_of(f"{given}make t", {"Makefile": makefile}))
    assert found == ["z 1", f"x {branch}", f"y {branch}", "z 2"]


def test_a_conditional_behind_a_recipe_may_set_variables() -> None:
    makefile = "a:\n\tx\n\nifndef PY\nPY = python3\nendif\n\nb:\n\t$(PY) -m pytest\n"
    assert shown(commands_of("make b", {"Makefile": makefile})) == ["python3 -m pytest"]
    assert shown(commands_of("make a", {"Makefile": makefile})) == ["x"]
    assert shown(commands_of("make b PY=py", {"Makefile": makefile})) == ["py -m pytest"]


def test_a_backslash_in_front_of_an_empty_line_does_not_hide_the_next_rule() -> None:
    makefile = "a:\n\tpytest \\\n\t\tshop \\\n\nb:\n\tpytest bakery\n"
    assert [c.words for c in commands_of("make a", {"Makefile": makefile})] == [("pytest", "shop")]
    assert shown(commands_of("make b", {"Makefile": makefile})) == ["pytest bakery"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("make t", ("pytest",)),
        ("make t shop", ("pytest", "shop")),
        ("make t -- --fast=1", ("pytest", "--fast=1")),
        ("make t -- -x", ("pytest", "-x")),
        ("make again a b c", ("pytest", "a", "b", "c")),
        ("make some", ("pytest", "unit/a")),
    ],
)
def test_make_hands_the_words_of_its_call_to_a_recipe(call: str, words: tuple[str, ...]) -> None:
    makefile = """
        WORDS = $(filter-out $@,$(MAKECMDGOALS)) $(filter-out --,$(MAKEFLAGS))
        ifeq (again,$(firstword $(MAKECMDGOALS)))
        REST := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
        endif
        t:
        \tpytest $(WORDS)
        again:
        \tpytest $(REST)
        some:
        \tpytest $(filter unit/%,unit/a e2e/b)
        %:
        \t@:
    """
    found = commands_of(call, {"Makefile": makefile.replace("\\t", "\t")})
    assert found[0].words == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("uv sync", ("pytest", "--here")),
        ("uv venv --python 3.12", ("pytest", "--here")),
        ("python -m venv .venv", ("pytest", "--here")),
        ("virtualenv -p python3.12 .venv", ("pytest", "--here")),
        ("uv venv env", ("docker", "compose", "exec", "app", "pytest")),
        (
            "export UV_PROJECT_ENVIRONMENT=/opt/venv; uv sync",
            ("docker", "compose", "exec", "app", "pytest"),
        ),
        ("true", ("docker", "compose", "exec", "app", "pytest")),
    ],
)
def test_make_finds_the_environment_that_an_earlier_line_makes(
    before: str, words: tuple[str, ...]
) -> None:
    makefile = """
        USES := $(shell test -d .venv && echo 'yes')
        ifeq "$(USES)" "yes"
        T = pytest --here
        else
        T = docker compose exec app pytest
        endif
        t:
        \t$(T)
    """
    found = commands_of(f"{before}\nmake t", {"Makefile": makefile.replace("\\t", "\t")})
    assert found[-1].words == words


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("test -f a.py && echo yes", True),
        ("[ -f a.py ] && echo yes || echo no", True),
        ("[ -f b.py ] || echo yes", True),
        ("[ -f b.py ] && echo yes || echo no", False),
        ("test -f b.py && echo yes", False),
        ("which docker && echo yes", False),
    ],
)
def test_make_knows_what_a_condition_about_files_prints(call: str, found: bool) -> None:
    makefile = f"ifeq ($(shell {call}),yes)\nT = x\nelse\nT = y\nendif\nt:\n\t$(T)\n"
    (command,) = commands_of("make t", {"Makefile": makefile, "a.py": ""})
    assert command.words == (("x",) if found else ("y",))


def test_make_exports_variables_to_its_recipes() -> None:
    assert commands_of("make both", FILES)[0].env == {"MODE": "test", "EXTRA": "yes"}
    # Of the variables of the command line, the ones that no recipe expands.
    given = commands_of("make both ENGINE=sqlite PYTHON=py", FILES)[0].env
    assert given == {"MODE": "test", "EXTRA": "yes", "ENGINE": "sqlite"}


def test_a_recipe_may_fail_if_make_ignores_its_exit_code() -> None:
    assert [c.may_fail for c in commands_of("make test", FILES)] == [False, False, False, True]


TOX = """
    [tox]
    envlist = py{311,312}-dj{42,52}, lint, docs
    skipsdist = true
    [testenv]
    deps =
        -r{toxinidir}/requirements/test.txt
        dj42: Django~=4.2.0
        dj52: Django~=5.2.0
    setenv =
        PYTHONPATH = {toxinidir}/src
        dj52: MODE = new
    commands_pre = python manage.py compilemessages
    commands = coverage run manage.py test {posargs:shop}
    [testenv:lint]
    commands_pre =
    deps = flake8
    commands = flake8 {[flake]paths} setup.py
    [testenv:unit]
    commands_pre =
    changedir = src
    commands =
        - pytest {posargs}
    [flake]
    paths = shop
"""


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        (
            "tox",
            [
                "pip install -r requirements/test.txt Django~=5.2.0",
                "python manage.py compilemessages",
                "coverage run manage.py test shop",
                "pip install flake8",
                "flake8 shop setup.py",
            ],
        ),
        ("tox -e lint", ["pip install flake8", "flake8 shop setup.py"]),
        ("python -m tox run -e unit -- -x", ["pip install -r requirements/test.txt", "src: pytest -x"]),
        ("tox -epy311-dj42 -- library", [
            "pip install -r requirements/test.txt Django~=4.2.0",
            "python manage.py compilemessages",
            "coverage run manage.py test library",
        ]),
        ("tox list", ["tox list"]),
        ("tox -l", ["tox -l"]),
        ("tox run --notest -e unit", ["pip install -r requirements/test.txt"]),
        ("tox -n -e lint", ["pip install flake8"]),
        ("tox exec -e lint -- flake8 shop/a.py", ["pip install flake8", "flake8 shop/a.py"]),
    ],
)  # fmt: skip
def test_a_call_of_tox_becomes_what_it_installs_and_runs(line: str, commands: list[str]) -> None:
    assert shown(commands_of(line, {"tox.ini": TOX})) == commands


PARTS = """
    [tox]
    envlist = {unit,integration,mysql,docs}-py{312,313}
    skipsdist = true
    [testenv]
    commands =
        unit: pytest tests/unit
        integration: pytest tests/integration
        mysql: pytest --mysql
        docs: sphinx-build
"""


def test_tox_runs_the_parts_of_the_tests_and_what_needs_no_tests() -> None:
    commands = shown(commands_of("tox", {"tox.ini": PARTS}))
    assert commands == ["pytest tests/unit", "pytest tests/integration", "sphinx-build"]


def test_tox_sets_the_variables_of_the_environment() -> None:
    assert commands_of("tox -e py312-dj52", {"tox.ini": TOX})[-1].env == {
        "PYTHONPATH": "{root}/src",
        "MODE": "new",
    }


NOXFILE = """
    import nox
    nox.options.sessions = ["tests"]
    COMMON = ["-r", "requirements.txt"]

    def prepare(session):
        session.run("mkdir", "-p", "var", external=True)

    @nox.session(python=["3.11", "3.12"])
    @nox.parametrize("django", ["4.2", "5.2"])
    def tests(session, django):
        args = session.posargs or ["shop"]
        session.install(*COMMON, f"django~={django}")
        session.env["MODE"] = "test"
        prepare(session)
        with session.chdir("src"):
            session.run("pytest", "-m", "not slow", *args, env={"EXTRA": "1"})
        if session.interactive:
            session.run("open", "report.html")

    @nox.session(name="lint-all")
    def lint(session):
        session.run("flake8", "shop")
"""


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        (
            "nox",
            [
                "pip install -r requirements.txt django~=5.2",
                "mkdir -p var",
                "src: pytest -m not slow shop",
                "open report.html ?",
            ],
        ),
        ("nox -s lint-all", ["flake8 shop"]),
        (
            "pipx run nox --sessions tests-3.12 -- library",
            [
                "pip install -r requirements.txt django~=5.2",
                "mkdir -p var",
                "src: pytest -m not slow library",
                "open report.html ?",
            ],
        ),
        ("nox -s missing", ["nox -s missing"]),
        ("nox --list", ["nox --list"]),
        ("nox --install-only -s tests", ["pip install -r requirements.txt django~=5.2"]),
    ],
)
def test_a_call_of_nox_becomes_what_its_sessions_do(line: str, commands: list[str]) -> None:
    assert shown(commands_of(line, {"noxfile.py": NOXFILE})) == commands


def test_a_session_of_nox_sets_variables() -> None:
    found = commands_of("nox", {"noxfile.py": NOXFILE})
    assert found[2].env == {"MODE": "test", "EXTRA": "1"}


JUSTFILE = """
    set dotenv-load
    python := "python3"
    export MODE := "test"

    default: test

    # Run the tests.
    test *args: (prepare "x")
        @{{ python }} manage.py test {{ args }}

    prepare where="var":
        mkdir -p {{where}}

    script:
        #!/usr/bin/env bash
        cd web
        npm ci

    unit marker="not slow" +paths='shop library':
        pytest -m "{{ marker }}" {{ paths }}

    kind := if env("KIND", "none") == "none" { "dev" } else { "prod" }
    contained:
        {{ just_executable() }} docker/run {{ kind }}

    out := "build" / kind + "s"
    _dir name where=out:
        mkdir -p {{ where }}/{{ name }}
    around: (_dir "a b") (_dir kind "x") && (prepare "later")
        pytest
"""
IN_DOCKER = """
    run env="dev":
        x --env={{ if env == "dev" { "local" } else { env } }}
"""


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("just", ["mkdir -p x", "python3 manage.py test"]),
        ("just python=py test shop", ["mkdir -p x", "py manage.py test shop"]),
        ("just test shop --keepdb", ["mkdir -p x", "python3 manage.py test shop --keepdb"]),
        ("just prepare media", ["mkdir -p media"]),
        ("just script", ["web: npm ci"]),
        ("just unit", ["pytest -m not slow shop library"]),
        ("just unit fast web", ["pytest -m fast web"]),
        ("just contained", ["docker: x --env=local"]),
        ("just around", ["mkdir -p build/devs/a b", "mkdir -p x/dev", "pytest", "mkdir -p later"]),
        ("just docker/run ci", ["docker: x --env=ci"]),
        ("just nothing", ["just nothing"]),
    ],
)
def test_a_call_of_just_becomes_its_recipes(line: str, commands: list[str]) -> None:
    files = {"justfile": JUSTFILE, "docker/justfile": IN_DOCKER}
    assert shown(commands_of(line, files)) == commands


PYPROJECT = """
    [tool.taskipy.tasks]
    lint = "flake8 shop"
    pre_test = "mkdir -p var"
    test = { cmd = "pytest shop", cwd = "src" }
    [tool.poe.tasks]
    unit.cmd = "pytest unit"
    lines.cmd = '''
    pytest
        unit
    '''
    unit.env = { MODE = "unit" }
    all = ["unit", "style"]
    style.shell = "black --check . && isort -c ."
    part.cmd = "pytest -m ${mark} ${app} ${where}"
    part.args = [{ name = "mark", options = ["-m"], default = "fast" }, { name = "app", positional = true }, "where"]
    checks.sequence = [{ ref = "unit" }, { cmd = "flake8" }]
    [tool.pdm.scripts]
    test = { composite = ["lint", "pytest {args:shop}"] }
    lint = { cmd = ["flake8", "shop"] }
    [tool.hatch.envs.default]
    dependencies = ["pytest"]
    scripts.test = "pytest {args:shop}"
    [tool.hatch.envs.ci]
    features = ["s3"]
    scripts.cov = ["coverage run -m pytest {args}", "- coverage report"]
"""


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("task lint", ["flake8 shop"]),
        ("poetry run task test", ["mkdir -p var", "src: pytest shop"]),
        ("poe unit -x", ["pytest unit -x"]),
        ("poe lines", ["pytest unit"]),
        ("uv run poe all", ["pytest unit", "black --check .", "isort -c ."]),
        ("poe part", ["pytest -m fast"]),
        ("poe part shop -m slow --where x", ["pytest -m slow shop x"]),
        ("poe checks", ["pytest unit", "flake8"]),
        ("pdm run lint", ["flake8 shop"]),
        ("pdm run test", ["flake8 shop", "pytest shop"]),
        ("pdm run test library", ["flake8 shop library", "pytest library"]),
        ("pdm run manage.py test", ["pdm run manage.py test"]),
        ("hatch run test library", ["pip install pytest .", "pytest library"]),
        (
            "hatch run ci:cov",
            ["pip install pytest .[s3]", "coverage run -m pytest", "coverage report"],
        ),
        ("hatch run ci:pytest shop", ["pip install pytest .[s3]", "pytest shop"]),
        ("hatch -v -e ci run pytest shop", ["pip install pytest .[s3]", "pytest shop"]),
        ("hatch run +py=3.12 ci:pytest", ["pip install pytest .[s3]", "pytest"]),
        ("task unknown", ["task unknown"]),
    ],
)
def test_tasks_in_pyproject_become_their_commands(line: str, commands: list[str]) -> None:
    assert shown(commands_of(line, {"pyproject.toml": PYPROJECT})) == commands


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("npm run test:django -- --keepdb", ["python manage.py test --keepdb"]),
        ("yarn lint", ["eslint .", "black --check ."]),
        ("npm --prefix web test", ["web: vitest"]),
        ("pnpm --dir=web run test", ["web: vitest"]),
        ("npm run -- test:django -v2", ["python manage.py test -v2"]),
        ("yarn run --silent lint", ["eslint .", "black --check ."]),
        ("npm run -w web test", ["web: vitest"]),
        ("npm test --workspace=web", ["web: vitest"]),
        ("npm test -w shop-web", ["npm test -w shop-web"]),
        ("pnpm -w run ci", ["pytest shop"]),
        ("npm ci", ["npm ci"]),
        ("npm run ci", ["pytest shop"]),
        ("npm lint", ["npm lint"]),
        ("yarn ci:django", ["python manage.py test"]),
        ("pnpm install", ["pnpm install"]),
        ("npm run nothing", ["npm run nothing"]),
        ("pipenv run check", ["python manage.py check"]),
        ("task ci", ["mkdir -p var", "pytest"]),
        ("./scripts/ci.sh shop", ["pytest shop"]),
        ("bash scripts/plain one", ["pytest one"]),
        ("scripts/run.py", ["scripts/run.py"]),
    ],
)
def test_scripts_of_the_repository_become_their_commands(line: str, commands: list[str]) -> None:
    files = {
        "package.json": """{"scripts": {
            "test:django": "python manage.py test", "lint": "eslint . && black --check .", "nothing": "true",
            "ci": "pytest shop", "ci:django": "python manage.py test", "install": "node-gyp rebuild"
        }}""",
        "web/package.json": '{"scripts": {"test": "vitest"}}',
        "Pipfile": '[scripts]\ncheck = "python manage.py check"\n',
        "Taskfile.yml": "tasks:\n  ci: {deps: [dirs], cmds: [pytest]}\n  dirs: {cmds: [mkdir -p var]}\n",
        "scripts/ci.sh": 'cd "$(dirname "$0")/.."\npytest "$@"\n',
        "scripts/plain": "pytest $1\n",
        "scripts/run.py": "import x\n",
    }
    assert shown(commands_of(line, files)) == commands


TASKFILE = """
    vars: {APPS: shop, MARKER: fast}
    tasks:
      default: {cmds: [{task: unit, vars: {MARKER: slow}}]}
      lint: flake8 {{.APPS}}
      unit:
        vars: {MARKER: unit}
        cmds: ["pytest {{.CLI_ARGS}} -m {{ .MARKER }} {{.APPS}}"]
      pytest: pytest {{.PATHS | default "library"}} {{.APPS | upper}}
"""


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("task lint", ["flake8 shop"]),
        ("task lint APPS=web", ["flake8 web"]),
        ("task unit -- -x", ["pytest -x -m unit shop"]),
        ("task lint pytest", ["flake8 shop", "pytest library \ue000"]),
        ("task", ["pytest -m unit shop"]),
    ],
)
def test_a_call_of_task_fills_the_templates_of_its_taskfile(line: str, commands: list[str]) -> None:
    assert shown(commands_of(line, {"Taskfile.yml": TASKFILE})) == commands


def test_a_step_in_python_is_one_line_of_the_shell() -> None:
    files = {".github/workflows/ci.yml": """
            on: push
            jobs:
              test:
                defaults: {run: {shell: "python -u {0}"}}
                steps:
                  - run: |
                      import json
                      print(json.dumps({}), file=open("a.json", "w"))
                  - {run: "pytest shop", shell: bash}
        """}
    first, last = ci_of(files).commands
    assert (first.call.name, len(first.call.arguments)) == ("python", 2)
    assert first.call.arguments[1].startswith("import json\nprint(")
    assert last.call.name == "pytest"


def test_what_cannot_be_read_is_reported() -> None:
    context = Context(files=WorkingTree(tree_of({"gulpfile.js": ""})))
    list(run(Script(text="npx gulp test", source="ci.yml"), context))
    assert [line.line for line in context.not_followed] == ["npx gulp test"]


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("make a", {"Makefile": "a: b\nb: a\n\tmake a\n"}),
        ("make a", {"Makefile": "X = $(X)\na:\n\t$(X)\n"}),
        ("make a", {"Makefile": "include Makefile\na:\n\tmake a\n"}),
        ("just a", {"justfile": "a: b\nb: a\n    just a\n"}),
        ("tox", {"tox.ini": "[testenv]\ncommands = tox {[testenv]commands}\n"}),
        ("poe a", {"pyproject.toml": '[tool.poe.tasks]\na = ["b", "b"]\nb = ["a", "a"]\n'}),
        ("npm run a", {"package.json": '{"scripts": {"a": "npm run a && npm run a"}}'}),
        (
            "nox",
            {
                "noxfile.py": "import nox\n@nox.session\n"
                "def a(session):\n    a(session)\n    session.notify('a')\n"
            },
        ),
    ],
)
def test_what_calls_itself_ends(
    monkeypatch: pytest.MonkeyPatch, line: str, files: dict[str, str]
) -> None:
    monkeypatch.setattr(expand, "MAX_COMMANDS", 200)
    assert len(commands_of(line, files)) <= 200


@pytest.mark.parametrize(
    "line",
    [
        "uv run --env-file ci/test.env pytest",
        "docker run --env-file ci/test.env -e B=3 image pytest",
        "dotenv -f ci/test.env run -- pytest",
        "cd ci && dotenv -f test.env run pytest",
        "dotenvx run -f ci/test.env -- pytest",
        "npx dotenv -e ci/test.env -- pytest",
        "npx env-cmd -f ci/test.env pytest",
    ],
)
def test_a_launcher_may_read_variables_from_a_file(line: str) -> None:
    (command,) = (
        each
        for each in commands_of(line, {"ci/test.env": "A=1\nB=2\n"})
        if each.call.name == "pytest"
    )
    assert (command.env["A"], command.env["B"]) == ("1", "3" if "B=3" in line else "2")


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("npm test", ["flake8 shop", "isort -c shop", "pytest"]),
        ("npx run-p --silent lint:flake8", ["flake8 shop"]),
        ("run-s nothing", ["run-s nothing"]),
    ],
)
def test_npm_run_all_runs_the_scripts_that_its_patterns_name(
    line: str, commands: list[str]
) -> None:
    package = """
        {"scripts": {"test": "run-s lint:* unit", "lint:flake8": "flake8 shop",
                     "lint:isort": "isort -c shop", "unit": "pytest"}}
    """
    assert shown(commands_of(line, {"package.json": package})) == commands


@pytest.mark.parametrize(
    ("files", "mode"), [({}, "default"), ({".env.local": "MODE=local\n"}, "local")]
)
def test_a_makefile_asks_for_files_before_it_includes_them(
    files: dict[str, str], mode: str
) -> None:
    makefile = """
        ifneq ("$(wildcard .env.local)","")
        include .env.local
        else
        include .env.default
        endif
        export
        test:
        \tpytest
    """
    texts = {"Makefile": makefile, ".env.default": "MODE=default\n", **files}
    assert commands_of("make test", texts)[-1].env["MODE"] == mode


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("coverage run", {".coveragerc": "[run]\ncommand_line = manage.py test shop\n"}),
        (
            "poetry run coverage run -p",
            {"pyproject.toml": '[tool.coverage.run]\ncommand_line = "manage.py test shop"\n'},
        ),
        (
            "python -m coverage run",
            {"setup.cfg": "[coverage:run]\ncommand_line=manage.py test shop\n"},
        ),
        (
            "coverage run --rcfile ci/cov.ini",
            {"ci/cov.ini": "[run]\ncommand_line = -m manage test shop\n"},
        ),
        (
            "coverage run --rcfile=cov.toml",
            {"cov.toml": '[tool.coverage.run]\ncommand_line = "manage.py test shop"\n'},
        ),
        (
            "cd web && coverage run && coverage xml",
            {"web/tox.ini": "[coverage:run]\ncommand_line = manage.py test shop\n"},
        ),
    ],
)
def test_the_settings_of_coverage_name_the_program_that_it_runs(
    line: str, files: dict[str, str]
) -> None:
    (found,) = suite_of({**files, **workflow(line), "manage.py": "", "web/manage.py": ""})
    assert found == "django shop"


def test_a_makefile_lists_files_and_directories() -> None:
    makefile = """
        DIRS := $(wildcard src nothing) manage.py
        lint:
        \tflake8 $(DIRS) $(wildcard *.cfg)
    """
    files = {"Makefile": makefile, "src/a.py": "", "manage.py": "", "setup.cfg": ""}
    assert shown(commands_of("make lint", files)) == ["flake8 src manage.py setup.cfg"]


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("just unit", {"justfile": 'set dotenv-filename := "ci.env"\nunit:\n    pytest\n'}),
        ("cp ci.env .env; just unit", {"justfile": "set dotenv-load\nunit:\n    pytest\n"}),
        (
            "pdm run unit",
            {"pyproject.toml": '[tool.pdm.scripts]\n_.env_file = "ci.env"\nunit = "pytest"\n'},
        ),
    ],
)
def test_a_runner_of_tasks_may_read_variables_from_a_file(line: str, files: dict[str, str]) -> None:
    assert commands_of(line, {**files, "ci.env": "A=1\n"})[-1].env == {"A": "1"}


TEMPLATE = "define T\ntest-$(1):\n\tpytest $(1) -k $$(WORD)\nendef\nWORD = a\n"
ENDLESS = "define T\n$$(eval $$(call T,x))\nendef\n$(eval $(call T,x))\ntest-a:\n\tpytest a\n"


@pytest.mark.parametrize(
    ("makefile", "target", "commands"),
    [
        (f"{TEMPLATE}$(eval $(call T,shop))\n", "test-shop", ["pytest shop -k a"]),
        (
            f"{TEMPLATE}APPS = shop cart\n$(foreach app,$(APPS),$(eval $(call T,$(app))))\n",
            "test-cart",
            ["pytest cart -k a"],
        ),
        ("$(eval APP := shop)\nunit:\n\tpytest $(APP)\n", "unit", ["pytest shop"]),
        (
            "unit:\n\t@$(eval APP := $(or $(ONE),shop))\n\tpytest $(APP)\n",
            "unit",
            ["pytest shop"],
        ),
        (ENDLESS, "test-a", ["pytest a"]),
    ],
)
def test_make_reads_what_eval_gives_to_it(makefile: str, target: str, commands: list[str]) -> None:
    assert shown(commands_of(f"make {target}", {"Makefile": makefile})) == commands
