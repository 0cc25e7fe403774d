"""Everything that can be wrong with a configuration, found at once and said with the key, the value and a remedy."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from heroci_action.config.model import Config, ImageConfig
from heroci_action.errors import Problem
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES, DEFAULT_NEEDS
from heroci_action.plan.stages import circular_needs
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import RepositoryFiles
from heroci_action.text import suggest

SERVICE_ATTRIBUTES = ("host", "port", "user", "password", "db", "url")
BUILT_IN_SERVICES = ("postgres", "redis")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w-]*)\.([A-Za-z_]\w*)\}")
_WHAT = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_too_short": "must not be empty",
    "missing": "is missing",
}
_PATTERNS = {
    "python": 'must be a version such as "3.13"',
    "settings": 'must be the dotted name of a module such as "config.settings"',
    "method": 'must be an HTTP method in capitals such as "POST"',
    "health": 'must be a path that begins with "/"',
    "path": 'must be a path that begins with "/"',
    "hook": 'must be a function such as "ci/hook.py:customise" or "package.module:function"',
    "env": "must be a name of letters, digits and underscores",
}


def model_problems(given: Mapping[str, Any], origin: str) -> Iterator[Problem]:
    """What the model says against the written keys: unknown keys, wrong types, values out of range."""
    try:
        Config.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield _problem(details, origin)


def _problem(details: ErrorDetails, origin: str) -> Problem:
    loc = [
        part
        for part in details["loc"]
        if not (isinstance(part, str) and part.startswith(("<", "[")))
    ]
    key = dotted(loc)
    if details["type"] == "extra_forbidden":
        name = str(loc[-1])
        known = known_keys(loc[:-1])
        return Problem(
            key=key,
            message=f"unknown key {name!r} with the value {_short(details['input'])}{suggest(name, known)}",
            remedy=f"the keys here are {', '.join(known)}" if known else None,
            origin=origin,
        )
    return Problem(key=key, message=_message(details, loc), origin=origin)


def _message(details: ErrorDetails, loc: list[int | str]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return _WHAT[kind]
    value = _short(details["input"])
    if kind == "heroci":
        return f"{context['message']}, not {value}"
    if kind in {"literal_error", "enum"}:
        expected = str(context["expected"])
        names = re.findall(r"'([^']+)'", expected)
        return f"must be {expected}, not {value}{suggest(str(details['input']), names)}"
    if kind == "string_pattern_mismatch":
        variables = {"env", "secrets", "password"}
        about = "env" if variables.intersection(map(str, loc)) else str(loc[-1])
        return f"{_PATTERNS.get(about, 'has the wrong form')}, not {value}"
    what = _WHAT.get(kind) or details["msg"][0].lower() + details["msg"][1:].replace(
        "Input should", "must"
    )
    return f"{what.replace('input should', 'must')}, not {value}"


def _short(value: object) -> str:
    shortener = reprlib.Repr()
    shortener.maxstring = shortener.maxother = 80
    return shortener.repr(value)


def dotted(loc: Iterable[int | str]) -> str:
    """`("stages", "x", "steps", 0)` as the user would write it: `stages.x.steps[0]`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def known_keys(loc: Iterable[int | str]) -> tuple[str, ...]:
    """The keys that the model has at a place; none where any key is right."""
    model: type[BaseModel] | None = Config
    skip = False
    for part in loc:
        if skip or isinstance(part, int):  # the name of a stage or service, the number of a step
            skip = False
            continue
        if model is None:
            return ()
        name = next(
            (n for n, f in model.model_fields.items() if part in {f.alias, n.replace("_", "-")}),
            None,
        )
        annotation = model.model_fields[name].annotation if name else None
        skip = "Mapping" in str(annotation)
        model = _model_in(annotation)
    return tuple(f.alias or n for n, f in model.model_fields.items()) if model else ()


def _model_in(annotation: object) -> type[BaseModel] | None:
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, UnionType)
        and issubclass(annotation, BaseModel)
    ):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


Names = tuple[frozenset[str], frozenset[str]]


def cross_problems(
    config: Config,
    given: Mapping[str, Any],
    origins: Mapping[str, str],
    *,
    tree: RepositoryFiles,
    named: Names,
) -> Iterator[Problem]:
    """What only shows when the keys are seen together, or beside the repository: files, names, placeholders.

    `named` are the services and stages that are written, also where something else about them is wrong.
    """
    services = frozenset(config.services) | named[0]
    for problem in (
        *_missing_files(config, given, tree),
        *_tools(config),
        *_services(config),
        *_stage_names(config, services, named[1]),
        *_own_images(config),
        *_placeholders(config, services),
    ):
        yield Problem(
            key=problem.key,
            message=problem.message,
            remedy=problem.remedy,
            origin=_origin(problem.key, origins),
        )


def _origin(key: str, origins: Mapping[str, str]) -> str | None:
    base = key.partition("[")[0]
    return origins.get(base) or next(
        (why for name, why in origins.items() if name.startswith(f"{base}.")), None
    )


def _missing_files(
    config: Config, given: Mapping[str, Any], tree: RepositoryFiles
) -> Iterator[Problem]:
    """Only what is written is asked for: what was detected is there."""
    if "working-directory" in given and not (tree.root / config.working_directory).is_dir():
        yield _missing("working-directory", config.working_directory, "directory", ())
    for index, file in enumerate(config.requirements if "requirements" in given else ()):
        if not _is_file(tree, file):
            yield _missing(
                f"requirements[{index}]", file, "file", tree.matching(r".*\.(txt|in|toml)")
            )
    hook = (config.hook or "").rpartition(":")[0]
    if hook.endswith(".py") and not _is_file(tree, hook):
        yield _missing("hook", hook, "file", tree.matching(r".*\.py"))
    if config.lock and "lock" in given and not _is_file(tree, config.lock):
        yield _missing(
            "lock", config.lock, "file", tree.matching(r".*\.lock|(.*/)?pylock[\w.]*\.toml")
        )
    script = config.tests.script
    if script and not _is_file(tree, f"{config.working_directory}/{script}"):
        yield _missing("tests.script", script, "file", tree.matching(r"(.*/)?\w*tests?\w*\.py"))
    image = given.get("image")
    if isinstance(config.image, ImageConfig) and isinstance(image, Mapping):
        yield from _missing_image(config.image, image, tree)


def _missing_image(
    image: ImageConfig, written: Mapping[str, Any], tree: RepositoryFiles
) -> Iterator[Problem]:
    if image.dockerfile and not _is_file(tree, image.dockerfile):
        yield _missing(
            "image.dockerfile",
            image.dockerfile,
            "file",
            tree.matching(r"(.*/)?[\w.-]*Dockerfile[\w.-]*"),
        )
    if "context" in written and not (tree.root / image.context).is_dir():
        yield _missing("image.context", image.context, "directory", ())


def _is_file(tree: RepositoryFiles, path: str) -> bool:
    return (tree.root / path).is_file()


def _missing(key: str, path: str, what: str, known: Iterable[str]) -> Problem:
    known = tuple(known)
    same_name = next(
        (file for file in known if file.rsplit("/", 1)[-1] == path.rsplit("/", 1)[-1]), None
    )
    hint = f"; did you mean {same_name!r}?" if same_name else suggest(path, known)
    return Problem(
        key=key,
        message=f"there is no {what} {path!r}{hint}",
        remedy="paths are relative to the repository's root",
    )


def _tools(config: Config) -> Iterator[Problem]:
    for name, tool in config.lint.items():
        if tool.command is None and name not in LINT_TOOLS:
            yield Problem(
                key=f"lint.{name}",
                message=f"there is no built-in lint tool {name!r}{suggest(name, LINT_TOOLS)}",
                remedy=f"give it a command: lint = {{ {name} = \"{name} .\" }}; built in are {', '.join(LINT_TOOLS)}",
            )


def _services(config: Config) -> Iterator[Problem]:
    for name, service in config.services.items():
        if name not in BUILT_IN_SERVICES and service.image is None and service.command is None:
            yield Problem(
                key=f"services.{name}",
                message=f"the service {name!r} is not built in{suggest(name, BUILT_IN_SERVICES)}",
                remedy=f'give it an image or a command: services.{name} = {{ image = "…", port = 1234 }}',
            )


def _stage_names(
    config: Config, services: frozenset[str], written: frozenset[str]
) -> Iterator[Problem]:
    stages = {*BUILT_IN_STAGES, *config.stages, *written}
    for name, stage in config.stages.items():
        for need in stage.needs or ():
            if need not in stages:
                yield Problem(
                    key=f"stages.{name}.needs",
                    message=f"there is no stage {need!r}{suggest(need, stages)}",
                )
        for service in stage.services or ():
            if service not in services:
                yield Problem(
                    key=f"stages.{name}.services",
                    message=f"there is no service {service!r}{suggest(service, services)}",
                    remedy=f"declare it: services.{service} = …",
                )
        if name not in BUILT_IN_STAGES and not stage.steps:
            yield Problem(
                key=f"stages.{name}.steps",
                message="a stage of the project's own needs at least one step",
            )
    yield from circular_needs(_needs(config))


def _own_images(config: Config) -> Iterator[Problem]:
    for name, stage in config.stages.items():
        if stage.image and name in BUILT_IN_STAGES:
            yield Problem(
                key=f"stages.{name}.image",
                message=f"the stage {name!r} runs in the base environment",
                remedy="set `base-image`, or give a stage of your own an image",
            )
    if config.publish and "publish" in config.stages:
        yield Problem(
            key="stages.publish",
            message="the name 'publish' is taken by the stage that `publish` makes",
            remedy="call this one otherwise, or drop `publish`",
        )
    for need in (config.publish.needs or ()) if config.publish else ():
        if need not in (known := {*BUILT_IN_STAGES, *config.stages}):
            yield Problem(
                key="publish.needs", message=f"there is no stage {need!r}{suggest(need, known)}"
            )


def _needs(config: Config) -> dict[str, tuple[str, ...]]:
    """Return what each stage needs, whether built in or configured."""
    needs = {name: stage.needs for name, stage in BUILT_IN_STAGES.items()}
    for name, stage in config.stages.items():
        needs[name] = needs.get(name, DEFAULT_NEEDS) if stage.needs is None else stage.needs
    return needs


def _placeholders(config: Config, services: frozenset[str]) -> Iterator[Problem]:
    texts = [("publish.address", config.publish.address)] if config.publish else []
    texts += [(f"env.{name}", value) for name, value in config.env.items()]
    for stage, table in config.stages.items():
        texts += [(f"stages.{stage}.env.{name}", value) for name, value in table.env.items()]
    for key, text in texts:
        for match in _PLACEHOLDER.finditer(text):
            message = _placeholder_message(match[1], match[2], services)
            if message:
                yield Problem(
                    key=key,
                    message=f"{match[0]} {message}",
                    remedy=f"services have {', '.join(SERVICE_ATTRIBUTES)}; a variable of the caller is {{env.NAME}}",
                )


def _placeholder_message(name: str, attribute: str, services: frozenset[str]) -> str | None:
    if name in {"env", "app"}:
        return None
    if name in services:
        known = attribute in SERVICE_ATTRIBUTES
        return (
            None if known else f"is no value of a service{suggest(attribute, SERVICE_ATTRIBUTES)}"
        )
    if attribute in SERVICE_ATTRIBUTES:
        return f"names no service that is declared{suggest(name, services)}"
    return None
