"""Read makefiles: variables, targets with their prerequisites, and recipes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.detection.ci.shell.syntax import parse_makefile, text_of
from heroci_action.detection.ci.task_runners.make_variables import evaluate, stem, substitute
from heroci_action.detection.ci.task_runners.shell_function import printed_by
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import join, parent

if TYPE_CHECKING:
    from tree_sitter import Node

NAMES = ("GNUmakefile", "makefile", "Makefile")
# The variables that make itself sets.
_OF_MAKE = frozenset(
    {"MAKE", "MAKECMDGOALS", "MAKEFLAGS", "CURDIR", "PWD", "SHELL", ".DEFAULT_GOAL"}
)
MAX_INCLUDED = 20  # files that include each other, and texts that make more of them
# `export DEBUG ?= 1`
_ASSIGNMENT = re.compile(
    r"\s*(?P<export>export\s+)?(?:override\s+)?(?P<name>[\w.-]+)\s*(?P<operator>::?=|\?=|\+=|=)\s*(?P<value>.*)",
    re.DOTALL,
)
# `$(test -d .venv && echo yes)`, which was `$(shell …)`
_CALL = re.compile(r"\$\((.*)\)", re.DOTALL)
# A comment, which ends the value of a variable; not `\#`, and not in a function such as `$(shell grep '#' x)`.
_COMMENT = re.compile(r"(?P<value>(?:\$\([^()]*\)|\\.|[^#\\])*+)#.*", re.DOTALL)
# `target: NAME = value` is on one line; a recipe may begin with an assignment, too.
_OWN = re.compile(rf"(?P<targets>[^:=#\n]+)::?(?!=)(?![^\S\n]*\n){_ASSIGNMENT.pattern}", re.DOTALL)


@dataclass(kw_only=True)
class Rule:
    """A target's prerequisites, recipe and own variables.

    `order_only` are the prerequisites behind `|`, which do not make the target out of date.
    """

    prerequisites: list[str] = field(default_factory=list)
    order_only: list[str] = field(default_factory=list)
    recipe: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Makefile:
    """A makefile with its includes, and the directory in which make runs.

    `fixed` are variables of the command line, which win; `phony` are targets that are no files.
    """

    path: str
    files: WorkingTree
    directory: str
    variables: dict[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    exported: set[str] = field(default_factory=set)
    export_all: bool = False
    one_shell: bool = False
    rules: dict[str, Rule] = field(default_factory=dict)
    phony: set[str] = field(default_factory=set)
    goal: str | None = None

    @classmethod
    def read(
        cls,
        path: str,
        files: WorkingTree,
        *,
        directory: str,
        env: Mapping[str, str],
        given: Mapping[str, str],
    ) -> Makefile:
        """Read a file with the variables of the environment, and those of the command line."""
        place = parent(path)
        here = ROOT if place == "." else f"{ROOT}/{place}"
        variables = {name: value.replace("$", "$$") for name, value in env.items()}
        variables |= {"MAKE": "make", "CURDIR": here, "PWD": here}
        # Make itself writes the variables behind its options.
        variables["MAKEFLAGS"] = " ".join(
            ["--"] * bool(given) + [f"{k}={v}" for k, v in given.items()]
        )
        variables |= given
        makefile = cls(
            path=path,
            files=files,
            directory=directory,
            variables=variables,
            fixed=frozenset(given),
        )
        _Reader(makefile, files).read(path)
        # Every variable of the command line is in the environment, except the ones that make itself expands.
        text = files.text(path) or ""
        makefile.exported |= {name for name in given if not _refers(text, name)}
        return makefile

    def order(
        self,
        targets: Iterable[str],
        seen: set[str] | None = None,
        patterns: frozenset[str] = frozenset(),
    ) -> Iterator[str]:
        """Yield the targets in the order in which make builds them, each once, without files that are up to date.

        `patterns` are the pattern rules of the targets around them: make uses each only once in a chain.
        """
        seen = set() if seen is None else seen
        for target in targets:
            name = self._rule_name(target)
            if name is None or name in patterns or target in seen:
                continue
            seen.add(target)
            inner = patterns if name == target else patterns | {name}
            rule, current = self._rule(name, target), self._is_current(target)
            needed = () if current else rule.prerequisites
            yield from self.order((*needed, *rule.order_only), seen, inner)
            if not current:
                yield target

    def _is_current(self, target: str, around: frozenset[str] = frozenset()) -> bool:
        """Return whether make has nothing to do for a file of the repository, of which the checkout is fresh.

        Git writes all files at about the same time, so that a file is as new as the files of which it is made.
        `around` are targets that are made of this one.
        """
        rule, path = self.rule(target), join(self.directory, target)
        made = target in self.phony or path in self.files.written
        if made or not self.files.tree.has(path):
            return False
        needed = {*rule.prerequisites} if rule else set()
        return all(self._is_current(each, around | {target}) for each in needed - around)

    def rule(self, target: str) -> Rule | None:
        """Return the rule for a target, if need be a pattern rule."""
        name = self._rule_name(target)
        return None if name is None else self._rule(name, target)

    def _rule_name(self, target: str) -> str | None:
        fitting = (name for name in self.rules if stem(name, target) is not None)
        return target if target in self.rules else next(fitting, None)

    def _rule(self, name: str, target: str) -> Rule:
        rule, matched = self.rules[name], stem(name, target)
        if name == target or matched is None:
            return rule
        return replace(
            rule,
            prerequisites=[word.replace("%", matched) for word in rule.prerequisites],
            order_only=[word.replace("%", matched) for word in rule.order_only],
        )

    def recipe(self, target: str) -> Iterator[str]:
        """Yield the lines of a target's recipe, with make's variables expanded."""
        rule = self.rule(target)
        if rule is None:
            return
        matched = next((found for name in self.rules if (found := stem(name, target))), "")
        needed = rule.prerequisites
        special = {"@": target, "<": " ".join(needed[:1]), "*": matched, "^": " ".join(needed)}
        values = {**self.variables, **special, **rule.variables}
        for line in rule.recipe:
            made = list(evaluate(line.lstrip("@-+"), values))
            values |= dict(filter(None, map(_assigned, made)))
            if not made:
                yield substitute(line, values)

    def environment(self, target: str) -> dict[str, str]:
        """Return the variables that make exports to a target's recipe."""
        rule = self.rule(target)
        values = {**self.variables, **(rule.variables if rule else {})}
        names = (set(values) if self.export_all else self.exported & set(values)) - _OF_MAKE
        found = {name: substitute(values[name], values) for name in names}
        # The output of `$(shell …)` is unknown, too. Several lines are a script for a recipe.
        unusable = (UNKNOWN, "$(", "\n")
        return {
            name: value
            for name, value in found.items()
            if not any(part in value for part in unusable)
        }


def _refers(text: str, name: str) -> bool:
    return re.search(rf"\$[({{]{re.escape(name)}\b", text) is not None


def _assigned(text: str) -> tuple[str, str] | None:
    """Return the variable that `$(eval NAME := value)` sets, with its value; None for any other text."""
    match = _ASSIGNMENT.fullmatch(text)
    return (match["name"], match["value"].strip().replace("$", "$$")) if match else None


def _uncommented(value: str) -> str:
    """Return the value of a variable without a comment; blanks before one belong to the value."""
    match = _COMMENT.fullmatch(value)
    return (match["value"].lstrip() if match else value.strip()).replace("\\#", "#")


@dataclass
class _Reader:
    makefile: Makefile
    files: WorkingTree
    depth: int = 0

    def read(self, path: str) -> None:
        text = self.files.text(path)
        if text is not None and self.depth <= MAX_INCLUDED:
            self.depth += 1
            self._nodes(parse_makefile(f"{text}\n").children)
            self.depth -= 1

    def _nodes(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            text = text_of(node)
            match node.type:
                case "variable_assignment" if node.child_by_field_name("target_or_pattern"):
                    self._rule(node, text)
                # The grammar takes a line with a tab in a conditional for a recipe's, even outside a rule.
                case "variable_assignment" | "shell_assignment" | "recipe_line":
                    self._assign(text)
                case "define_directive":
                    name = text_of(node.child_by_field_name("name"))
                    self.makefile.variables[name] = text_of(node.child_by_field_name("value"))
                case "export_directive":
                    self._export(text)
                case "include_directive":
                    self._include(*self._value(text).split()[1:])
                case "rule":
                    self._rule(node, text)
                case "conditional" | "function_call" | "ERROR":
                    self.depth += 1
                    self._nodes(self._inside(node))
                    self.depth -= 1

    def _inside(self, node: Node) -> list[Node]:
        """Return the nodes that count in a conditional, in the texts of `$(eval …)`, or in what is no makefile."""
        match node.type:
            case "conditional":
                return self._taken(node)
            case "function_call" if self.depth <= MAX_INCLUDED:
                texts = evaluate(text_of(node), self.makefile.variables)
                return [each for text in texts for each in parse_makefile(f"{text}\n").children]
        return node.children

    def _include(self, *names: str) -> None:
        """Read files, and files that a pattern such as `*.mk` matches."""
        place = parent(self.makefile.path)
        for name in names:
            regex = re.escape(name).replace(r"\*", "[^/]*")
            for path in self.files.matching(regex, place) if "*" in name else (name,):
                self.read(join(place, path))

    def _value(self, text: str) -> str:
        return substitute(text, self.makefile.variables)

    def _assign(self, text: str) -> None:
        match = _ASSIGNMENT.match(text)
        if match is None:
            return
        name = match["name"]
        value = self._listed(_uncommented(match["value"].replace("\\\n", " ")))
        self._set(self.makefile.variables, match, value)
        if match["export"]:
            self.makefile.exported.add(name)
        if name == ".DEFAULT_GOAL":
            self.makefile.goal = self._value(value)

    def _set(self, variables: dict[str, str], match: re.Match[str], value: str) -> None:
        name = match["name"]
        before = variables.get(name, self.makefile.variables.get(name))
        # The environment may lack a variable that only the CI knows.
        known = before is not None and UNKNOWN not in before
        if name in self.makefile.fixed or (match["operator"] == "?=" and known):
            return
        if match["operator"] in {":=", "::="}:
            value = self._value(value).replace("$", "$$")
        if match["operator"] == "+=":
            value = f"{before or ''} {value}".strip()
        variables[name] = value

    def _export(self, text: str) -> None:
        if _ASSIGNMENT.match(text):
            self._assign(text)
            return
        names = text.split()[1:]
        self.makefile.exported.update(names)
        self.makefile.export_all = self.makefile.export_all or not names

    def _rule(self, node: Node, text: str) -> None:
        own = _OWN.match(text)
        targets = own["targets"] if own else "".join(map(text_of, _typed(node, "targets")))
        for target in self._value(targets).split():
            if re.match(r"\.[A-Z]", target):
                if target == ".PHONY":
                    self.makefile.phony.update(self._named(node, "normal"))
                self.makefile.export_all |= target == ".EXPORT_ALL_VARIABLES"
                self.makefile.one_shell |= target == ".ONESHELL"
                continue
            self.makefile.goal = self.makefile.goal or target
            rule = self.makefile.rules.setdefault(target, Rule())
            if own:
                self._set(rule.variables, own, _uncommented(own["value"]))
                self.makefile.exported |= {own["name"]} if own["export"] else set()
            else:
                self._extend(rule, node)

    def _extend(self, rule: Rule, node: Node) -> None:
        """Add the prerequisites of a further rule for a target; its recipe replaces the one before."""
        rule.prerequisites += self._named(node, "normal")
        rule.order_only += self._named(node, "order_only")
        lines = list(self._recipe(_typed(node, "recipe")))
        rule.recipe = lines or rule.recipe

    def _named(self, node: Node, field_name: str) -> list[str]:
        """Return the prerequisites of a rule in one of the grammar's two fields for them."""
        nodes = node.children_by_field_name(field_name)
        return [word for each in nodes for word in self._value(text_of(each)).split()]

    def _recipe(self, nodes: Iterable[Node]) -> Iterator[str]:
        for node in nodes:
            match node.type:
                case "recipe_line":
                    yield text_of(node).replace("\\\n\t", "\\\n")
                case "recipe":
                    yield from self._recipe(node.children)
                case "conditional":
                    yield from self._recipe(self._taken(node))
                case _:
                    # The grammar takes a conditional of the file, after a rule, for a part of its recipe.
                    self._nodes([node])

    def _taken(self, node: Node) -> list[Node]:
        """Return the lines of a conditional that count."""
        alternatives = [child for child in node.children if child.type in _ALTERNATIVES]
        own = [child for child in node.children if child.type not in _ALTERNATIVES]
        conditions = [child for child in own if child.type in _CONDITIONS]
        if all(map(self._holds, conditions)):
            return [child for child in own if child.type not in _CONDITIONS]
        return next(filter(None, map(self._taken, alternatives)), [])

    def _listed(self, text: str) -> str:
        """Return a text with the files that `$(wildcard .env)` finds; patterns stay as they are."""
        place = parent(self.makefile.path)

        def found(match: re.Match[str]) -> str:
            paths = ((name, join(place, name)) for name in match[1].split())
            has = (self.files.has, self.files.has_directory)
            return " ".join(name for name, path in paths if any(exists(path) for exists in has))

        return re.sub(r"\$[({]wildcard\s+([\w./ -]*)[)}]", found, text)

    def _holds(self, condition: Node) -> bool:
        negated = condition.type in {"ifneq_directive", "ifndef_directive"}
        if condition.type in {"ifdef_directive", "ifndef_directive"}:
            name = text_of(condition).split()[-1]
            return bool(self.makefile.variables.get(name)) is not negated
        arguments = [
            self._value(self._listed(text_of(condition.child_by_field_name(name))))
            for name in ("arg0", "arg1")
        ]
        left, right = (self._printed(argument.strip().strip("\"'")) for argument in arguments)
        return (left == right) is not negated

    def _printed(self, text: str) -> str:
        """Return what `$(shell …)` prints if that is known, and any other text as it is."""
        call = _CALL.fullmatch(text)
        found = printed_by(call[1], self.files, self.makefile.directory) if call else None
        return text if found is None else found


_CONDITIONS = frozenset(
    {"ifeq_directive", "ifneq_directive", "ifdef_directive", "ifndef_directive"}
)
_ALTERNATIVES = frozenset({"else_directive", "elsif_directive"})


def _typed(node: Node, name: str) -> list[Node]:
    return [child for child in node.children if child.type == name]
