"""Shell scripts become lists of commands, without being run."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Script
from heroci_action.detection.ci.working_tree import WorkingTree
from tests.unit.detection.ci.trees import commands_of, shown, tree_of

FILES = {
    "a.py": "",
    "b.py": "",
    "shop/x.py": "",
    "conf/ci.env": "MODE=test\n",
    "web/package.json": "{}",
}


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("one && two; three", ["one", "two", "three"]),
        ("cd web && npm ci", ["web: npm ci"]),
        ("(cd web; npm ci); ls x", ["web: npm ci", "ls x"]),
        ("pushd web && npm ci && popd && ls x", ["web: npm ci", "ls x"]),
        ("cd web/../shop; x; cd -; y", ["shop: x", "y"]),
        ('cd "$UNSET_BY_US" && x', [f"/{UNKNOWN}: x"]),
        ("pytest \\\n  -x \\\n  shop", ["pytest -x shop"]),
        ("A=1; x $A ${A} '$A' \"$A b\"", ["x 1 1 $A 1 b"]),
        ("A='p q'; x $A; x \"$A\"", ["x p q", "x p q"]),
        ("x ${A:-all} ${B:+no} ${C-}", ["x all"]),
        ("A=v1.2; x ${A#v} ${A%.2}", ["x 1.2 v1"]),
        ("x *.py; x '*.py'; x *.rb", ["x a.py b.py", "x *.py", "x *.rb"]),
        ("x sho*; x $PWD/w*; cd web; x $OLDPWD ../w*/*", ["x shop", "x {root}/web", f"web: x {UNKNOWN} ../w*/*"]),
        ("x {a,b}.py .[dev]", ["x a.py b.py .[dev]"]),
        ("x [a-b].py [!a].py [CVE-2020-A].yml", ["x a.py b.py b.py [CVE-2020-A].yml"]),
        ("x $(git ls-files '*.py')", ["x a.py b.py shop/x.py"]),
        ("x $(date)", [f"x {UNKNOWN}"]),
        ("x $(poetry run echo shop) $(uv run python -c 'print(\"a\")')", ["x shop a"]),
        ("x $(uv run python -c 'print(2 * 2)')", [f"x {UNKNOWN}"]),
        ("x $(cat conf/ci.env | grep -v ^#)", ["x MODE=test"]),
        ("A=(-m 'not slow'); A+=(-x); x \"${A[@]}\" ${A[0]}", ["x -m not slow -x -m"]),
        ('local -a A=(*.py); x ${A[*]}; for f in "${A[@]}"; do y $f; done', ["x a.py b.py", "y a.py", "y b.py"]),
        ('A=(); x "${A[@]}" ${A[@]+"${A[@]}"} y', ["x y"]),
        ("A=1; A+=2; x $A", ["x 12"]),
        ("git ls-files -z 'shop/*.py' | xargs -0 x", ["git ls-files -z shop/*.py", "xargs -0 x shop/x.py"]),
        ("echo $(find shop -name '*.py' ! -path '*/old/*')", ["echo shop/x.py"]),
        ("echo $(find . \\( -name x.py -o -path './shop/*.txt' \\) -type f)", ["echo shop/x.py"]),
        ("echo $(find . -newer x)", ["echo \ue000"]),
        ("find . -name 'x.*' | xargs -I{} x {} -q", ["find . -name x.*", "xargs x shop/x.py -q"]),
        ("xargs -a conf/ci.env env x", ["xargs -a conf/ci.env env x MODE=test"]),
        ("find shop -name 'x.*' -exec x -a {} +", ["x -a shop/x.py"]),
        ("find . -type d -exec x {} \\; && y", [f"x {UNKNOWN}", "y"]),
        ("date | xargs x", ["date", f"xargs x {UNKNOWN}"]),
        ("if command -v x; then p=$(command -v x); else p=$BIN/x; fi; $p y", ["command -v x", "x y"]),
        ("if t; then p=x/shop; else p=shop; fi; z $p", ["t", f"z {UNKNOWN}"]),
        ("if t; then p=a/b; else p=b/b; fi; z $p", ["t", f"z {UNKNOWN}"]),
        ('x "$(\ncd web >/dev/null || exit 1\npwd -P\n)/a"', ["x {root}/web/a"]),
        ("x $(dirname web/ui/a | xargs dirname)", ["x web"]),
        ("x $(grep -v '^#' conf/ci.env | xargs)", ["x MODE=test"]),
        ('A="$(x)"; B="$(y makemigrations 2>&1)"; z', ["y makemigrations", "z"]),
        ('x -a 2> /dev/null "b::c" d > $LOGS/$NAME.txt e', ["x -a b::c d e"]),
        ("x | y", ["x", "y"]),
        ("! x", ["x"]),
        ("diff a b || true", ["diff a b"]),
        ("x &", ["x"]),
        ("f() { x $1; }; f a; f b", ["x a", "x b"]),
        ("alias t='x -a' u=t\nu b; t 'c d'", ["x -a b", "x -a c d"]),
        ("alias x='x -a'; x b; (alias x=y; x); x c", ["x -a b", "y", "x -a c"]),
        ("alias g='cd web'; g; x", ["web: x"]),
        ("a; ! (( b || c )); ((d)) && e", ["a", "e"]),
        ('if [[ "$OSTYPE" != msys ]]; then x; fi', ["x"]),
        ("for i in a b; do x $i; done", ["x a", "x b"]),
        ("for i in $LIST; do x; done", ["x ?"]),
        ("while read l; do x; done", ["x ?"]),
        ("x; exit 0; y", ["x"]),
        ("eval 'x y'", ["x y"]),
        ("cat <<E\ntext\nE\nx", ["cat", "x"]),
        ("A=1 B=2\nx $A", ["x 1"]),
        ("# only a comment", []),
        ("sh -c 'cd web && x'", ["web: x"]),
    ],
)  # fmt: skip
def test_a_script_is_read_as_the_shell_runs_it(script: str, commands: list[str]) -> None:
    assert shown(commands_of(script, FILES)) == commands


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ('if [ -n "$TOKEN" ]; then x; else y; fi', ["x ?", "y ?"]),
        ('if [ "$MODE" = a ]; then x; elif [ "$MODE" = b ]; then y; else z; fi', ["y"]),
        ('if [[ "$MODE" != b && -f a.py ]]; then x; else y; fi', ["y"]),
        ("if [ -f a.py ]; then x; fi; if [ -d shop ]; then y; fi", ["x", "y"]),
        ('if [[ ! "$MODE" = a ]]; then x; else y; fi', ["x"]),
        (
            'if [ ! "$MODE" == b ]; then x; elif test ! "$MODE" = b; then y; else z; fi',
            ["test ! b = b", "z"],
        ),
        ('if [[ $MODE = "a" || $MODE = "b" ]]; then x; else y; fi', ["x"]),
        ('if [[ $MODE = "a" || $MODE = "c" && -f a.py ]]; then x; else y; fi', ["y"]),
        ("if [[ -n $MODE && $MODE = b || $TOKEN = c ]]; then x; else y; fi", ["x"]),
        (
            "if [ $MODE = a -o $MODE = b ]; then x; fi; if [ $MODE = b -a ! -f a.py ]; then y; fi",
            ["x"],
        ),
        ("if [[ $TOKEN = a || $MODE = c ]]; then x; fi; if [[ $MODE = -o ]]; then y; fi", ["x ?"]),
        ("if [[ ! $MODE = a && ! -f .env ]]; then x; else y; fi", ["x"]),
        ("[ -f .env ] || x", ["x"]),
        ("touch .env; [ -f .env ] || x", ["touch .env"]),
        ("test -f a.py && x", ["test -f a.py", "x"]),
        ('[ -z "$TOKEN" ] && x', ["x ?"]),
        ("command -v x || y", ["command -v x", "y ?"]),
        ("case $MODE in a) x;; b|c) y;; *) z;; esac", ["y"]),
        ("case $TOKEN in a) x;; *) y;; esac", ["x ?", "y ?"]),
        ("if ! x; then y; fi", ["x", "y ?"]),
    ],
)
def test_conditions_are_evaluated_as_far_as_they_are_known(
    script: str, commands: list[str]
) -> None:
    assert shown(commands_of(script, FILES, MODE="b")) == commands


@pytest.mark.parametrize(
    ("script", "env"),
    [
        ("export A=1; x", {"A": "1"}),
        ("A=1; x", {}),
        ("A=1; export A; x", {"A": "1"}),
        ("A=1 x", {"A": "1"}),
        ("export A=1; unset A; x", {}),
        ("set -a; source conf/ci.env; set +a; B=2; x", {"MODE": "test"}),
        ("set -o allexport && . conf/ci.env && x", {"MODE": "test"}),
        ("source conf/ci.env; x", {}),
        ("source .venv/bin/activate; x", {}),
        ('if [ -n "$T" ]; then export A=1; fi; x', {}),
        ("(export A=1); x", {}),
        ("export A=$TOKEN; x", {}),
        ("export DIRS=$DIRS:b A=1; x", {"A": "1"}),
        ("env A=1 x", {"A": "1"}),
        ('export "A=b c"; x', {"A": "b c"}),
        ("export PYTHONPATH=$PYTHONPATH:$PWD/src; x", {"PYTHONPATH": f":{ROOT}/src"}),
        ("A=b; export B=$PWD/$A/c:$A.$A/d; x", {"B": f"{ROOT}/b/c:b.b/d"}),
        ("export A=1 && if true; then export B=2; fi; x", {"A": "1", "B": "2"}),
    ],
)
def test_a_program_gets_the_variables_that_are_exported_for_certain(
    script: str, env: dict[str, str]
) -> None:
    assert commands_of(script, FILES)[-1].env == env


@pytest.mark.parametrize(
    ("script", "path", "text"),
    [
        ("echo A=1 > .env; echo B=2 >> .env", ".env", "A=1\nB=2\n"),
        ("printf 'A=%s\\n' > .env", ".env", "A=\n"),
        ("printf 'A=%s\\n' x | tee .env", ".env", "A=x\n"),
        ("printf '%s=%s\\n' A 1 B 2 > .env", ".env", "A=1\nB=2\n"),
        ("cat > .env <<E\nA=$MODE\nE", ".env", "A=b\n"),
        ("cat <<'E' > .env\nA=$MODE\nE", ".env", "A=$MODE\n"),
        ("cp conf/ci.env .env", ".env", "MODE=test\n"),
        ("cp conf/ci.env shop", "shop/ci.env", "MODE=test\n"),
        ("echo A=1 | tee -a .env", ".env", "A=1\n"),
        ("cd shop && touch x.log", "shop/x.log", ""),
        ("x > out.txt 2>&1", "out.txt", None),
        ("a && echo B > b.txt", "b.txt", "B\n"),
    ],
)
def test_files_that_a_script_writes_are_known(script: str, path: str, text: str | None) -> None:
    files = WorkingTree(tree_of(FILES))
    list(run(Script(text=script, source="ci.yml", env={"MODE": "b"}), Context(files=files)))
    assert files.written == {path: text}


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ('echo "A=$MODE" > .env', 'echo "A=b" > .env'),
        ("a && cp x $MODE.txt", "cp x b.txt"),
        ("a && b > c && d", "d"),
        ("a | b > c", "a | b > c"),
        ('echo "$(openssl rand 8)" > key', 'echo "$(openssl rand 8)" > key'),
    ],
)
def test_the_last_command_is_spelled_as_it_can_be_run_again(script: str, line: str) -> None:
    assert commands_of(script, FILES, MODE="b")[-1].line == line


@pytest.mark.parametrize(
    "script", ["(" * 5000, "if " * 500, "f() { f; }; f", "x $(" * 300, "\0\1", "${" * 99]
)
def test_hostile_scripts_end(script: str) -> None:
    commands_of(script)


def test_all_arguments_of_a_script_stay_apart() -> None:
    files = {"ci.sh": '#!/bin/sh\nx "$@" > log.txt\ny $A-$B/c\n'}
    found = commands_of("./ci.sh 'a b' c", files, A="1", B="2")
    assert (found[0].words, found[0].line) == (("x", "a b", "c"), "x 'a b' c > log.txt")
    assert found[1].words == ("y", "1-2/c")


def test_a_shell_reads_its_script_from_a_pipe() -> None:
    line = "echo 'export A=1' | cat - run.sh | docker exec -i web sh -s"
    (command,) = commands_of(line, {"run.sh": "pytest -x\n"})[-1:]
    assert (command.words, command.env) == (("pytest", "-x"), {"A": "1"})


@pytest.mark.parametrize(
    "start", ["cat <<EOF | docker exec -i web bash", "docker exec -i web sh <<EOF"]
)
def test_a_shell_reads_its_script_from_a_heredoc(start: str) -> None:
    found = commands_of(f"{start}\nexport A=$B\npytest -x && y\nEOF\nz", B="2")
    assert [" ".join(each.words) for each in found[-3:]] == ["pytest -x", "y", "z"]
    assert (found[-3].env["A"], found[-3].is_contained) == ("2", True)


def test_what_follows_a_heredoc_on_its_line_reads_it() -> None:
    found = commands_of("cat - <<EOF | while read a; do x $a; done\np\nq\nEOF")
    assert [" ".join(each.words) for each in found[1:]] == ["x p", "x q"]
    assert shown(commands_of("sort <<EOF | bash\npytest\nEOF")) == ["sort", "bash"]


def test_a_word_that_the_grammar_cuts_is_one_word() -> None:
    (command,) = commands_of('echo KEY=\\"`head -c 9 /dev/urandom`\\" > .env')[:1]
    assert command.words == ("echo", 'KEY="\ue000"')
    assert [write.text for write in command.writes] == ['KEY="\ue000"\n']


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("sed -i 's|^HOST=.*|HOST=/|' .env", "HOST=/\nMODE=a+b\n"),
        ("sed -i -e 's/a+b/c/g' .env", "HOST=x\nMODE=c\n"),
        ("sed -i -E 's/a.+/c/' .env", "HOST=x\nMODE=c\n"),
        ("sed -i '/HOST/d' .env", None),
    ],
)
def test_replacements_in_a_file_of_the_job_are_followed(line: str, text: str | None) -> None:
    files = {"a.env": "HOST=x\nMODE=a+b\n"}
    last = commands_of(f"cp a.env .env\n{line}", files)[-1]
    assert [(write.path, write.text) for write in last.writes] == [(".env", text)]


def test_replacements_in_a_tracked_file_are_not_followed() -> None:
    assert commands_of("sed -i 's/a/b/' a.env", {"a.env": "a"})[-1].writes == ()


@pytest.mark.parametrize(
    ("text", "line", "negated"),
    [
        ("! x", "! x", True),
        ("! x > y", "! x > y", True),
        ("! x | y", "! x | y", True),
        ("if ! x | y; then z; fi", "x | y", False),
        ("if ! x > y; then z; fi", "x > y", False),
        ("! x || y", "x", False),
    ],
)
def test_the_sign_in_front_of_a_line_turns_its_outcome_around(
    text: str, line: str, *, negated: bool
) -> None:
    first = commands_of(text)[0]
    assert (first.line, first.negated) == (line, negated)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("if ! cmp -s a b; then cp a b; fi", ["cp a b ?"]),
        ("if diff -q a b >/dev/null; then echo same; else echo other; fi", ["echo same ?", "echo other ?"]),
        ("cmp -s a b || cp a b", ["cp a b ?"]),
        ("diff a b || exit 1", ["diff a b"]),
        ("if ! diff a b; then echo changed; exit 1; fi", ["diff a b", "echo changed ?"]),
        ("diff a b", ["diff a b"]),
        ("diff a b && pytest", ["diff a b", "pytest"]),
    ],
)  # fmt: skip
def test_a_comparison_that_only_chooses_a_branch_is_no_command(
    text: str, commands: list[str]
) -> None:
    assert shown(commands_of(text)) == commands


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("found=$(git ls-files | xargs bandit -q)\nexit $?", ["xargs bandit -q"]),
        ('test -z "$(black --check .)"', ["black --check .", "test -z \ue000"]),
        ("version=$(cat VERSION)", []),
    ],
)
def test_a_check_whose_output_is_read_is_a_command(text: str, found: list[str]) -> None:
    assert shown(commands_of(text)) == found


@pytest.mark.parametrize(
    ("copy", "change"),
    [
        ("cp -r . /home/tester/shop", "cd /home/tester/shop"),
        ("sudo cp --recursive ./ /srv", "cd /srv"),
        ("cp -a . ~/shop/", "cd ~/shop"),
        ("rsync -a --exclude .git ./ /srv/shop/", "cd /srv/shop"),
        ('ln -s "$PWD" /srv/shop', "cd /srv/shop"),
    ],
)
def test_a_copy_of_the_checkout_is_the_checkout(copy: str, change: str) -> None:
    files = {"Makefile": "test:\n\tpytest shop\n", "web/a.js": ""}
    assert shown(commands_of(f"{copy}\n{change}\nmake test", files))[1:] == ["pytest shop"]
    assert shown(commands_of(f"{copy}\n{change}/web\nx", files))[1:] == ["web: x"]
    # Without the copy, it is not known what is there.
    (command,) = commands_of(f"{change}\nmake test", files)
    assert command.directory.startswith("/")
    assert command.words == ("make", "test")


def test_another_user_finds_the_copy_in_their_own_directory() -> None:
    text = 'cp -r . /home/tester/shop\nsu -c "cd ~/shop; make test" tester'
    files = {"Makefile": "test:\n\tpytest shop\n"}
    assert shown(commands_of(text, files))[1:] == ["pytest shop"]


@pytest.mark.parametrize(
    "copy", ["cp -r web /srv/shop", "cp a.py /srv/shop", "cp -r . /srv/other", "cp -r . $X/shop"]
)
def test_a_place_with_other_files_is_not_the_checkout(copy: str) -> None:
    files = {"a.py": "", "web/a.js": ""}
    assert shown(commands_of(f"{copy}\ncd /srv/shop\nx", files))[1:] == ["/srv/shop: x"]


def test_find_passes_although_the_program_fails_that_it_calls_for_each_file() -> None:
    found = commands_of("find . -name '*.sh' -exec a {} +\nfind . -name '*.sh' -exec b {} \\;")
    assert [(command.words[0], command.may_fail) for command in found] == [
        ("a", False),
        ("b", True),
    ]


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        (
            'set_() { while [ $# -gt 0 ]; do case "$1" in -f) F=x ;; a) pytest $F ;; esac; shift; done; }\nset_ -f a',
            ["pytest x"],
        ),
        ('f() { until [ -z "$1" ]; do x $1; shift; done; y; }; f a b', ["x a", "x b", "y"]),
        (
            "f() { while true; do case $1 in -q) shift ;; *) break ;; esac; done; x $1; }; f -q a",
            ["x a"],
        ),
        ("f() { while [ $# -gt 0 ]; do x $1; done; y; }; f a b", ["x a ?", "y"]),
        ("f() { while [ $# -gt 1 ]; do x $1; shift; done; y $1; }; f a", ["y a"]),
        ("f() { while [ $# -gt 0 ]; do case $1 in a) exit 1 ;; esac; shift; done; y; }; f a", []),
        ("exec > log; exec 2>&1; exec x", ["exec x"]),
        (
            'f() { while [ $# -gt 0 ]; do P+=("$1"); shift; done; set -- "${P[@]}"; x $2 $1; }; f a b',
            ["x b a"],
        ),
        (
            'f() { if [ "${1#-}" != "$1" ]; then set -e -- pytest "$@"; fi; exec "$@"; }; f -x',
            ["exec pytest -x"],
        ),
        ("f() { set --; x $# $1; }; f a b", ["x 0"]),
    ],
)
def test_a_loop_takes_one_argument_after_the_other(script: str, commands: list[str]) -> None:
    assert shown(commands_of(script, FILES)) == commands
