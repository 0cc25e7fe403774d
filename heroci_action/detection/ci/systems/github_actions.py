"""Actions of GitHub's marketplace, as the command lines that they run and the servers that they start."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from heroci_action.detection.ci.left_out import CHECKS, CONDA
from heroci_action.detection.ci.records import UNKNOWN, Image, LeftOut
from heroci_action.detection.ci.systems import linter_actions
from heroci_action.detection.ci.systems.action_servers import find_servers
from heroci_action.detection.ci.systems.linter_inputs import linter_lines, named_line
from heroci_action.detection.ci.yaml_file import is_false, items, parse_yaml, table, texts

# `{name}` is an input, `{name|default}` one with a default, `{@name}` an exact version, `{--option=name}` an option,
# once for each line of the input.
_INPUT = re.compile(
    r"\{(?P<version>@?)(?P<option>--[\w-]+=)?(?P<name>[\w-]+)(\|(?P<default>[^}]*))?\}"
)
# The command line that an action makes of its inputs.
_LINES: Mapping[str, str] = {
    **linter_actions.LINES,
    # - uses: awalsh128/cache-apt-pkgs-action@v1
    #   with: { packages: "gettext libvips42" }
    "awalsh128/cache-apt-pkgs-action": "apt-get install {packages}",
    "daaku/gh-action-apt-install": "apt-get install {packages}",
    "tecolicom/actions-use-apt-tools": "apt-get install {tools}",
    "gerlero/apt-install": "apt-get install {packages}",
    "actions/setup-java": "apt-get install default-jre-headless",
    **dict.fromkeys(
        ("FedericoCarboni/setup-ffmpeg", "AnimMouse/setup-ffmpeg", "federicocarboni/setup-ffmpeg"),
        "apt-get install ffmpeg",
    ),
    "ts-graphviz/setup-graphviz": "apt-get install graphviz",
    **dict.fromkeys(
        ("r-lib/actions/setup-pandoc", "pandoc/actions/setup"), "apt-get install pandoc"
    ),
    "py-actions/py-dependency-install": "pip install -r {path}",
    "bahmutov/npm-install": "npm ci",
    "canastro/copy-file-action": "cp {source} {target}",
    # - uses: borales/actions-yarn@v5
    #   with: { cmd: install }
    **dict.fromkeys(("borales/actions-yarn", "Borales/actions-yarn"), "yarn {--cwd=dir} {cmd}"),
    "pnpm/action-setup": "npm install --global pnpm@{version|latest}",
    # It sets the variable itself if it has the input: https://github.com/astral-sh/setup-uv
    "astral-sh/setup-uv": 'echo "UV_PYTHON={python-version|$UV_PYTHON}" >> "$GITHUB_ENV"',
    # - uses: docker/build-push-action@v6
    #   with: { context: ., file: docker/Dockerfile, target: production, build-args: "MODE=prod" }
    **dict.fromkeys(
        ("docker/build-push-action", "depot/build-push-action"),
        "docker buildx build --file={file} --target={target} {--build-arg=build-args} {--tag=tags} {context}",
    ),
    # - uses: docker/bake-action@v6
    #   with: { targets: tests, files: docker-bake.hcl }
    "docker/bake-action": "docker buildx bake {--file=files} {targets}",
    # - uses: hoverkraft-tech/compose-action@v2
    #   with: { compose-file: ci/compose.yml, services: db }
    **dict.fromkeys(
        ("hoverkraft-tech/compose-action", "isbang/compose-action"),
        "cd {cwd|.} && docker compose {--file=compose-file} {compose-flags} up --detach {up-flags} {services}",
    ),
    # - uses: maykinmedia/setup-django-backend@v1.3
    #   with: { apt-packages: gdal-bin, setup-node: "no", npm-ci-flags: --legacy-peer-deps }
    "maykinmedia/setup-django-backend": """apt-get install {apt-packages|gettext postgresql-client}
        cd {working-directory|.}
        pip install -r requirements/ci.txt
        if [ "{setup-node|yes}" = yes ]; then
        npm ci {npm-ci-flags}
        npm run build
        fi""",
    # - uses: snok/install-poetry@v1 does not install the project.
}
# Actions that write a file of variables, with the prefix of the inputs that are its variables.
# - uses: SpicyPizza/create-envfile@v2
#   with: { envkey_DEBUG: "false", directory: config, file_name: .env }
_ENV_FILES: Mapping[str, str] = {"spicypizza/create-envfile": "envkey_"}
# Names of inputs in older versions of the actions.
_FORMER = {"file": "dockerfile", "sort-paths": "sortPaths"}
# `actions/checkout`, `codecov/codecov-action`
HARMLESS = re.compile(
    r"^(actions|github|codecov|coverallsapp|docker|step-security|aws-actions|google-github-actions|azure|hashicorp)/"
    r"|(^|[/_-])(uv|python|poetry|pdm|hatch|pipenv|tox|nox|node|pnpm|bun|yarn|npm|pip|conda|micromamba|just|mise)\b"
    r"|cache|checkout|upload|download|artifact|cancel|concurren|notif|slack|discord|report|comment|summary|badge"
    r"|disk-space|labeler|paths-filter|changed-files|annotat|coverage|problem-matcher|apt|lint|token|release|git-auto"
)
# Actions that test a running site or the links of documents: `cypress-io/github-action`, but `grafana/setup-k6-action`
_TESTS = re.compile(
    r"^(?!.*setup).*(cypress|lighthouse|schemathesis|zaproxy|newman|pa11y|\bk6|lychee|link-?check|snyk)"
)
# `django-security-check`
_OWN_CHECKS = re.compile(r"(^|[/_-])(check|checks|security|scan|test|tests|audit|verify)([_-]|$)")
_SSH = re.compile(r"(?i)(^|[/_-])ssh([_-]|$)")
HANDED_OVER = "another job hands over these files"
# Paths outside the checkout, and of packages in it: `~/.cache/pip`, `.venv`, `web/node_modules`
_OF_INSTALLERS = re.compile(r"(?m)^\s*([~/$.]|$)|(^|/)(node_modules|v?env|\.venv|vendor)(/|\s*$)")
# Inputs that contain scripts, for example in `nick-fields/retry`, `coactions/setup-xvfb` and `devcontainers/ci`.
_SCRIPTS = ("run", "command", "cmd", "script", "runCmd")
# `coverageCommand`, `test-script`: inputs of actions that report the results of a command
_OF_TESTS = re.compile(r"(?i)(coverage|tests?)[-_]?(command|cmd|script)")
# The inputs with the packages of an environment of conda.
_OF_CONDA = ("environment-file", "create-args")
# `apt-packages`, `system_packages`: inputs of actions that set up a project
_PACKAGES = re.compile(r"(?i)(apt|apt-get|system|ubuntu|debian)[-_ ](packages|dependencies|deps)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A step's `uses` with its inputs; a job that this one needs may have `filled` the cache that it restores."""

    name: str
    inputs: Mapping[str, str]
    filled: bool = False

    @property
    def obstacle(self) -> str | None:
        """Return why the plan cannot replace the action; None if it can, or if the tests do not need it."""
        # The expression for the repository itself is not known here.
        if self.name == "actions/checkout" and not self.checks_out_itself:
            return "HeroCI checks out no other repository"
        if (
            self.filled
            or self.name == "actions/download-artifact"
            or self.inputs.get("fail-on-cache-miss") == "true"
        ):
            return HANDED_OVER
        if any(name in self.inputs for name in _OF_CONDA):
            return CONDA
        if self.servers("") and self.inputs.get("plugins"):
            return "HeroCI starts the server without these plugins"
        # Others install, cache, upload or report.
        if self._script is not None or self.servers("") or HARMLESS.search(self.name.lower()):
            return None
        return "HeroCI does not run actions of the marketplace"

    @property
    def is_check(self) -> bool:
        """Whether the action checks the code or tests a site, and is none whose command line is known."""
        name = self.name.lower()
        # - uses: cypress-io/github-action@v6
        #   with: { runTests: false }
        tests = self.inputs.get("runTests", "").lower() != "false" and _TESTS.search(name)
        return self._script is None and bool(tests or linter_actions.CHECKS.search(name))

    @property
    def checks_out_itself(self) -> bool:
        """Return whether the step checks out the repository of the workflow."""
        other = self.inputs.get("repository") or UNKNOWN
        return self.name == "actions/checkout" and UNKNOWN in other

    @property
    def command(self) -> str:
        """The command line that does the same as the checkout of another repository; empty for any other step."""
        if self.name != "actions/checkout":
            return ""
        repository, path = self.inputs["repository"], self.inputs.get("path", "")
        reference = self.inputs.get("ref", "")
        branch = ["--branch", reference] if reference and UNKNOWN not in reference else []
        address = f"https://github.com/{repository}"
        return shlex.join(["git", "clone", "--depth", "1", *branch, address, *filter(None, [path])])

    def left_out(self, source: str) -> LeftOut | None:
        """Return the action as a line, if the plan does not replace it."""
        reason = CHECKS if self.is_check else self.obstacle
        if reason is None:
            return None
        return LeftOut(
            line=self.shown.replace(UNKNOWN, "…"),
            source=source,
            reason=reason,
            harmless=reason == CHECKS,
            command=self.command,
        )

    def left_out_of_repository(self, content: Mapping[str, Any], source: str) -> list[LeftOut]:
        """Return an action of the repository with a name of a check, if it runs in its own image."""
        is_check = names_check(self.name.rstrip("/").rpartition("/")[2])
        if table(content.get("runs")).get("using") != "docker" or not is_check:
            return []
        return [LeftOut(line=self.shown, source=source, reason=CHECKS, harmless=True)]

    @property
    def shown(self) -> str:
        """The step for people."""
        about = (
            self.inputs[name]
            for name in ("repository", "name", "path", "key", "plugins", *_OF_CONDA)
            if self.inputs.get(name)
        )
        return f"uses: {self.name} {next(about, '')}".rstrip()

    @property
    def line(self) -> str | None:
        """Return the script that the action runs; None if it runs no commands that matter.

        Of an action that is not known, only the packages that it installs are.
        """
        packages = (text for name, text in self.inputs.items() if _PACKAGES.fullmatch(name))
        installs = [f"apt-get install {' '.join(text.split())}" for text in packages if text]
        return self._script or "\n".join(installs) or None

    @property
    def _script(self) -> str | None:
        if self.name.endswith("/heroci"):
            return "heroci run"
        prefix = _ENV_FILES.get(self.name.lower())
        if prefix is not None:
            return self._write_variables(prefix)
        form = _LINES.get(self.name)
        if form is not None:
            lines = (" ".join(_INPUT.sub(self._fill, line).split()) for line in form.split("\n"))
            installs = pnpm_installs(self.inputs.get("run_install", ""))
            return "\n".join(each for each in (*lines, *installs) if each != "pip install")
        # The script of `appleboy/ssh-action` runs on the machine that it names.
        if self.name.startswith("actions/") or (_SSH.search(self.name) and "host" in self.inputs):
            return None
        of_tests = (name for name in self.inputs if _OF_TESTS.fullmatch(name))
        scripts = (self.inputs[n] for n in (*_SCRIPTS, *of_tests) if self.inputs.get(n))
        name = self.name.lower()
        given = {**linter_actions.DEFAULTS.get(self.name, {}), **self.inputs}
        checks = linter_lines(given) if linter_actions.CHECKS.search(name) else None
        return next(scripts, None) or checks or named_line(name, self.inputs) or None

    def _write_variables(self, prefix: str) -> str:
        """Return the command that writes the variables among the inputs to the file that the inputs name."""
        path = f"{self.inputs.get('directory') or '.'}/{self.inputs.get('file_name') or '.env'}"
        variables = (
            f"{name.removeprefix(prefix)}={value}"
            for name, value in self.inputs.items()
            if name.startswith(prefix)
        )
        return f"printf '%s\\n' {shlex.join(variables)} > {shlex.quote(path)}"

    def _fill(self, match: re.Match[str]) -> str:
        name = match["name"]
        value = self.inputs.get(name, self.inputs.get(_FORMER.get(name, ""), ""))
        value = value or match["default"] or ""
        if not match["version"]:
            lines = value.split("\n") if match["option"] else ()
            named = (
                f"{match['option']}{shlex.quote(line.strip())}" for line in lines if line.strip()
            )
            return " ".join(named) if match["option"] else value
        return f"@{value}" if re.fullmatch(r"\d+(\.\d+)+", value) else ""

    def servers(self, source: str) -> tuple[Image, ...]:
        """Return the servers that the action starts."""
        return () if self.is_check else find_servers(self.name, self.inputs, source)


def pnpm_installs(text: str) -> Iterator[str]:
    """Yield the installations that `run_install` of pnpm/action-setup asks for: `true`, or a list with options."""
    value = next(iter(parse_yaml(f"run:\n{indent(text, '  ')}")), {}).get("run")
    if value is None or is_false(str(value)):
        return
    for each in map(table, value if isinstance(value, list) else [value]):
        place = f"cd {shlex.quote(str(each['cwd']))} && " if each.get("cwd") else ""
        yield " ".join([f"{place}pnpm install", *map(shlex.quote, texts(each.get("args")))])


def names_check(name: str) -> bool:
    """Return whether a name means a check: `shellcheck/check`, `django-security-check`."""
    patterns = (linter_actions.CHECKS, _OWN_CHECKS)
    return any(pattern.search(name.lower()) for pattern in patterns)


def default_inputs(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of inputs that a call does not set."""
    return {name: table(entry).get("default", "") for name, entry in declared.items()}


def is_filled(step: Mapping[str, Any], job: Mapping[str, Any], jobs: Mapping[str, Any]) -> bool:
    """Return whether a step restores a cache of built files that a needed job fills, and this job does not."""
    own = cached_files(step)
    used = f"steps.{step.get('id')}.outputs.cache-hit"
    if not own or used in str(job.get("steps")):
        return False
    needed = (table(jobs.get(name)) for name in texts(job.get("needs")))
    return any(
        own == cached_files(table(other)) for each in needed for other in items(each.get("steps"))
    )


def cached_files(step: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the path and the key of a cache of files in the checkout that no installer makes."""
    inputs = table(step.get("with"))
    path, key = str(inputs.get("path", "")), str(inputs.get("key", ""))
    is_cache = str(step.get("uses", "")).startswith("actions/cache")
    return (path, key) if is_cache and not _OF_INSTALLERS.search(path) else None
