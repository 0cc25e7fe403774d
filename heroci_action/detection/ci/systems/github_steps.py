"""Read the steps of a job of GitHub Actions, and of the composite actions that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from heroci_action.detection.ci.expand import Context
from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import (
    ROOT,
    Command,
    Conditional,
    Image,
    Script,
    Trigger,
)
from heroci_action.detection.ci.systems.github_actions import Action, default_inputs, is_filled
from heroci_action.detection.ci.systems.github_checkout import (
    directory_in_checkout,
    leave_checkout_path,
)
from heroci_action.detection.ci.systems.github_events import GITHUB, holds_for_change
from heroci_action.detection.ci.systems.github_expressions import (
    Partial,
    holds,
    interpolate,
    read_env,
)
from heroci_action.detection.ci.systems.github_shell import run_in_shell
from heroci_action.detection.ci.systems.service_files import (
    drop_service_files,
    read_assignments,
    read_conditional,
    read_search_path,
    service_file,
    under_same,
)
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.detection.ci.yaml_numbers import write_as_github
from heroci_action.repository.files import RepositoryFiles, join

MAX_CALLS = 8  # workflows and actions that call each other
ENV, OUTPUT, PATH = map(service_file, ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH"))


@dataclass(kw_only=True)
class Steps:
    """The steps of a job, read in their order: what one of them sets counts for those after it.

    `job` and `workflow` are the tables of the file `source`. `contexts` are what expressions may refer to; the steps
    add to `env` and `steps` in them. `state` is shared by their commands.
    """

    tree: RepositoryFiles
    source: str
    trigger: Trigger
    workflow: Mapping[str, Any]
    job: Mapping[str, Any]
    contexts: Mapping[str, Any]
    state: Context
    pythons: list[str] = field(default_factory=list)
    servers: list[Image] = field(default_factory=list)  # that actions start
    conditional: list[Conditional] = field(default_factory=list)
    place: str = ""  # of the checkout in the workspace

    @property
    def env(self) -> dict[str, str]:
        """The variables of the next step."""
        env: dict[str, str] = self.contexts["env"]
        return env

    def read(
        self, steps: list[Any], own: Mapping[str, Any] = MappingProxyType({}), depth: int = 0
    ) -> Iterator[Command]:
        """Yield the commands of steps; the composite action around them has its `own` contexts."""
        for step in map(table, steps):
            env = {**self.env, **own.get("env", {})}
            contexts = {**self.contexts, **own, "env": env}
            runs = holds_for_change(step.get("if"), contexts, self.trigger)
            if runs is False:
                continue
            if "parallel" in step:
                yield from self.read(items(step["parallel"]), own, depth)
                continue
            unknown = frozenset({str(step["if"])} if runs is None else ())
            yield from self._step(step, contexts, unknown, depth)

    def _step(
        self,
        step: Mapping[str, Any],
        contexts: Mapping[str, Any],
        conditions: frozenset[str],
        depth: int,
    ) -> Iterator[Command]:
        given = read_env(step.get("env"), contexts)
        env = contexts["env"] | under_same(self.conditional, conditions) | given
        contexts = {**contexts, "env": env}
        action = self._action(step, contexts)
        if action is not None:
            # A fresh checkout finds nothing in a cache.
            self._note_outcome(step, Partial({"cache-hit": ""}))
        if action is not None and action.name.startswith("./"):
            outer = {name: env[name] for name in env if env[name] != self.env.get(name)}
            yield from self._composite(action, outer, depth)
            return
        text = step.get("run") if action is None else self._set_up(action)
        if not isinstance(text, str):
            return
        script = replace(self._script(text, step, contexts), conditions=conditions)
        shell = interpolate(self._of_step("shell", step), contexts)
        commands = run_in_shell(script, shell, self.state)
        yield from drop_service_files(commands)
        self.conditional += read_conditional(ENV, commands)
        if not conditions:
            self.env.update(read_assignments(ENV, self.state.files))
            self.env.update(read_search_path(PATH, self.state.files))
            self._note_outcome(step, Partial(read_assignments(OUTPUT, self.state.files)))

    def _script(self, text: str, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> Script:
        """Return the text that a step runs as a script in the step's directory, with its variables."""
        return Script(
            text=leave_checkout_path(interpolate(text, contexts), self.place),
            source=self.source,
            directory=self._directory(step, contexts),
            env=contexts["env"],
            may_fail=self._may_be_ignored(step, contexts),
            perhaps=tuple(self.conditional),
        )

    def _may_be_ignored(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> bool:
        """Return whether a step may fail, and no later step asks for its outcome."""
        if not holds(step.get("continue-on-error", "false"), contexts):
            return False
        asked = f"steps.{step.get('id')}.outcome"
        others = (table(other) for other in items(self.job.get("steps")))
        return not any(
            asked in str(other.get(key, "")) for other in others for key in ("if", "run", "env")
        )

    def _note_outcome(self, step: Mapping[str, Any], outputs: Partial) -> None:
        """Remember that a step passed, for later conditions and expressions."""
        passed = {"conclusion": "success", "outcome": "success"}
        self.contexts["steps"][str(step.get("id", ""))] = {"outputs": outputs, **passed}

    def _directory(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> str:
        directory = interpolate(self._of_step("working-directory", step) or ".", contexts)
        return directory_in_checkout(
            directory.replace(f"{ROOT}/", "").replace(ROOT, "."), self.place
        )

    def _of_step(self, name: str, step: Mapping[str, Any]) -> Any:
        """Return a setting of a step, else the default of its job or workflow."""
        levels = (self.job, self.workflow)
        defaults = (table(table(level.get("defaults")).get("run")) for level in levels)
        return next((each[name] for each in (step, *defaults) if each.get(name)), None)

    def _action(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> Action | None:
        uses = step.get("uses")
        if not isinstance(uses, str):
            return None
        inputs = {
            name: interpolate(text, contexts) for name, text in table(step.get("with")).items()
        }
        filled = is_filled(step, self.job, table(self.workflow.get("jobs")))
        return Action(name=uses.partition("@")[0], inputs=inputs, filled=filled)

    def _set_up(self, action: Action) -> str | None:
        """Note the Python and the server that an action sets up, and return the script that it runs."""
        if action.checks_out_itself:
            self.place = self.place or join(action.inputs.get("path") or ".")
        version = action.inputs.get("python-version")
        if version:
            self.pythons += version.split()
        elif file := action.inputs.get("python-version-file"):
            self.pythons += self.tree.text(join(file)).split()[:1]
        self.servers += action.servers(self.source)
        if left_out := action.left_out(self.source):
            self.state.actions.append(left_out)
        return action.line

    def _composite(self, action: Action, env: Mapping[str, str], depth: int) -> Iterator[Command]:
        """Yield the commands of an action of the repository; its steps have the variables of its call."""
        place = directory_in_checkout(action.name, self.place)
        names = (join(place, name) for name in ("action.yml", "action.yaml"))
        path = self.tree.first(*names)
        content = write_as_github(read_yaml(self.tree, path)) if path else {}
        self.state.actions += action.left_out_of_repository(content, self.source)
        if depth < MAX_CALLS and content:
            inputs = default_inputs(table(content.get("inputs"))) | dict(action.inputs)
            own = {"inputs": inputs, "env": env}
            own["github"] = Partial(GITHUB, action_path=spell(place))
            steps = items(table(content.get("runs")).get("steps"))
            yield from self.read(steps, own, depth + 1)
