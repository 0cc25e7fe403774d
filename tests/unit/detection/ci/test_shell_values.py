"""Values that a shell script computes are known if the shell needs no program to compute them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.shell.outputs import output_of
from heroci_action.detection.ci.shell.state import ShellState
from tests.unit.detection.ci.trees import commands_of, shown
from tests.unit.detection.projects import django, loaded

FILES = {"apps.txt": "shop\ncart\n", "apps/a/x.py": "", "apps/b/x.py": "", "apps/c.py": ""}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run `# all` --tag fast `# the usual ones`", "run --tag fast"),
        ("run \\\n  `# why` \\\n  shop", "run shop"),
        ("F=shop/tests; run ${F//\\//.} ${F/tests/x} ${F/#shop} ${F/%tests/y}", "run shop.tests shop/x /tests shop/y"),
        ("F=a.b.c; run ${F%.*} ${F%%.*} ${F#*.} ${F##*.}", "run a.b a b.c c"),
        ('D=a/b F=a/b/c\nrun ${F#$D/} ${F#"$D"/}', "run c c"),
        ("F=shopxx; run ${F:0:4} ${F:4} ${F: -2} ${#F}", "run shop xx xx 6"),
        ("F=Shop; run ${F,,} ${F^^} ${F,} ${F^}", "run shop SHOP shop Shop"),
        ("A=B B=shop\nrun ${!A}", "run shop"),
        ("A=(x y); run ${#A[@]} ${A[1]%y}z", "run 2 z"),
        ("run $(< apps.txt)", "run shop cart"),
        ("run shop{1..2}", "run shop1 shop2"),
        ("run apps/*/", "run apps/a/ apps/b/"),
        ("A=$(echo shop_x | sed 's/_x//'); run $A", "run shop"),
        ("A=$(echo shop_x1 | sed 's/_[[:alnum:]]*$//'); run $A", "run shop"),
        ("A=$(echo 'shop: 1' | grep -o '^[[:alpha:]]*'); run $A", "run shop"),
        ("A=$(echo shop:x | cut -d: -f1); run $A", "run shop"),
        ("A=$(echo 'shop  x' | awk '{print $2}'); run $A", "run x"),
        ("A=$(echo 'shop:x' | awk -F: '{ print $1 }'); run $A", "run shop"),
        ("A=$(printf 'a x\\nb y\\n' | awk '/^b/ {print $2}'); run $A", "run y"),
        ("A=$(printf '%s-%s' a b); run $A", "run a-b"),
        ("read -r A B <<< 'shop cart x'\nrun $A; run $B", "run shop; run cart x"),
        ('mapfile -t A < apps.txt\nrun "${A[@]}"', "run shop cart"),
        ('f() { run "${@:2}"; run "${@:1:1}"; }\nf a "b c" d', "run b c d; run a"),
        ('A=(x y z); run "${A[@]:1}"', "run y z"),
        ("f() { run ${*:2}; run ${@:1:1} end; }\nf unit b c", "run b c; run unit end"),
        ('f() { rest="${*:2}"; run $rest; }\nf unit', "run"),
        ("A=(xx y z); run ${A[*]:1}", "run y z"),
    ],
)  # fmt: skip
def test_a_value_is_computed_as_the_shell_does(text: str, found: str) -> None:
    assert "; ".join(shown(commands_of(text, FILES))) == found


@pytest.mark.parametrize("value", ["${A@Q}", "${A:x}", "${!A[@]}", "$(< missing.txt)", "${B%.*}"])
def test_a_value_that_is_not_known_is_not_guessed(value: str) -> None:
    (command,) = commands_of(f"A=b; run {value}")
    assert command.words == ("run", UNKNOWN)


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ('[[ "$V" == 3.* ]]', True),
        ('[[ "$V" == "3.*" ]]', False),
        ("[[ $V != 2.* ]]", True),
        ('[ "$V" = 3.* ]', False),
        ("[[ $V =~ ^3\\. ]]", True),
        ("[[ $V =~ ^2 ]]", False),
        ("[[ '2.7 3.12' =~ ${V} ]]", True),
        ("[[ '2.7 3.1' =~ $V ]]", False),
        ("[ ${#} -eq 0 ]", True),
        ("[ -L missing.yml ]", False),
        ("[ -x missing.sh ] || [ $N = 2 ]", True),
        ('[ "$N" -gt 1 ]', True),
        ("[ $N -le 1 ]", False),
        ("[[ $V == 3.12 && $N = 2 ]]", True),
        ("[[ $V == 3.12 && $N = 3 ]]", False),
    ],
)
def test_a_comparison_of_known_values_is_decided(condition: str, runs: bool) -> None:
    found = commands_of(f"V=3.12\nN=2\nif {condition}; then run; fi")
    assert shown(found) == (["run"] if runs else [])


@pytest.mark.parametrize(
    "condition",
    [
        "[ -L apps.txt ]",
        "[ -x apps.txt ]",
        "[[ a =~ $UNSET_BY_US ]]",
        "[[ a =~ ^${OTHER:-a}$ ]]",
        "[[ a =~ ^$(uname)$ ]]",
    ],
)
def test_a_condition_that_only_the_machine_knows_is_not_decided(condition: str) -> None:
    (command,) = commands_of(f"if {condition}; then run; fi", FILES)
    assert command.conditional


@pytest.mark.parametrize(
    "text",
    [
        "bash <<EOF\nrun shop\nEOF",
        "X=shop\nsh -e <<EOF\nrun $X\nEOF",
        "bash <<< 'run shop'",
        "docker compose exec -T web bash <<EOF\nrun shop\nEOF",
    ],
)
def test_a_shell_runs_the_text_that_it_reads(text: str) -> None:
    assert shown(commands_of(text)) == ["run shop"]


@pytest.mark.parametrize(
    "loop", ["while read app; do run $app; done < apps.txt", "cat apps.txt | while read -r app; do run $app; done"]
)  # fmt: skip
def test_a_loop_over_known_lines_is_followed(loop: str) -> None:
    found = [command.line for command in commands_of(loop, FILES) if "run" in command.words]
    assert found == ["run shop", "run cart"]


def test_a_loop_over_many_known_words_runs_with_words_that_are_not_known() -> None:
    names = " ".join(f"part{number}" for number in range(60))
    (command,) = commands_of(f"for part in {names}; do run $part; done")
    assert (command.words, command.conditional) == (("run", UNKNOWN), False)


def test_a_loop_over_unknown_lines_is_conditional() -> None:
    (command,) = commands_of("while read app; do run $app; done < made.txt")
    assert (command.words, command.conditional) == (("run", UNKNOWN), True)


def test_a_program_keeps_the_text_that_it_reads(tmp_path: Path) -> None:
    code = "python - <<'EOF'\nopen('made.txt', 'w')\nEOF"
    ci = {"script": [code, "python manage.py test"]}
    files = {**django(), ".gitlab-ci.yml": f"test: {json.dumps(ci)}\n"}
    (step,) = loaded(tmp_path, files).config.tests.before
    assert step.run == code


@pytest.mark.parametrize(
    "line",
    [
        ". ./ci.env && export $(cut -d= -f1 < ci.env)",
        "source ci.env; export $(cut -d = -f 1 ci.env)",
        "export $(grep -v '^#' ci.env | xargs)",
        "export $(cat ci.env | grep -v '#' | xargs)",
    ],
)
def test_variables_of_a_file_are_exported_by_their_names(line: str) -> None:
    found = commands_of(f"{line}\npytest\n", {"ci.env": "# the CI\nMODE=fast\nSITE=x=y\n"})
    assert found[-1].env == {"MODE": "fast", "SITE": "x=y"}


def test_a_pipe_whose_end_is_not_known_reads_nothing() -> None:
    read: list[str] = []

    class Files:
        def matching(self, pattern: str, *_: object) -> list[str]:
            read.append(pattern)
            return ["shop.py"]

    pipe = [["git", "ls-files"], ["sort"], ["xargs", "sha1sum"], ["cut", "-d", " ", "-f", "1"]]
    state = cast("ShellState", SimpleNamespace(files=Files(), directory="."))
    assert (output_of(pipe, state), read) == (None, [])


def test_only_the_counters_of_a_loop_are_unknown() -> None:
    loop = "WHERE=shop; for ((i = 0; i < 3; i++)); do run $WHERE $i; done"
    assert [each.words for each in commands_of(loop)] == [("run", "shop", UNKNOWN)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("trap bye EXIT; run", ["run", "bye"]),
        ("trap bye EXIT; trap - EXIT; run", ["run"]),
        ("trap bye EXIT; trap -p EXIT; run", ["run", "bye"]),
        (
            "bye() { if [ $(date) ]; then trap bye EXIT; fi; end; }; trap bye EXIT; run",
            ["run", "end"],
        ),
    ],
)
def test_a_trap_runs_once_at_the_end(text: str, found: list[str]) -> None:
    assert shown(commands_of(text)) == found
