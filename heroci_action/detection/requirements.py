"""Where a project declares its dependencies, and which files, extras and groups its tests need."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.detection.environment_reads import text_of
from heroci_action.detection.layout import Layout
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.tox import lines as tox_lines
from heroci_action.repository.files import RepositoryFiles, join, parent

_LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
_FILE = (
    r"([^/]*/)?[^/]*require[^/]*\.(txt|in|pip)|([^/]*require[^/]*|reqs|deps)/[^/]+\.(txt|in|pip)"
)
_TEST_WORDS = (
    "ci",
    "test",
    "tests",
    "testing",
    "dev",
    "develop",
    "development",
    "devel",
    "local",
    "all",
)
_BASE_WORDS = ("base", "common", "main", "default", "core", "prod", "production", "deploy")
_SIDE_WORDS = frozenset(
    {
        "docs",
        "doc",
        "lint",
        "linters",
        "linting",
        "release",
        "build",
        "pip",
        "optional",
        "extra",
        "docker",
        "heroku",
        "typing",
        "mypy",
        "constraints",
        "pre-commit",
        "tools",
        "mlval",
        "migrations",
        "maintainer",
        "packaging",
        "style",
    }
)
_EXTRA_WORDS = ("test", "tests", "testing", "dev", "develop", "development", "ci")
MAX_NESTED = 30  # files that include each other
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What to install; paths are relative to the repository's root, `why` names the source in words.

    `metadata` is the file in the directory `project` that names the dependencies; None where it has groups only.
    """

    lock: str | None = None
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    project: str | None = None
    metadata: str | None = None
    install_project: bool = False
    distributions: frozenset[str] = frozenset()
    pins: Mapping[str, str] | None = None
    why: str = ""
    warnings: tuple[str, ...] = ()


def normalised(name: str) -> str:
    """The name of a distribution as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@once
def find_dependencies(project: ProjectFiles) -> Dependencies:
    """What the user says, else what the project's CI installs, else a lock, files, a Pipfile, the metadata."""
    lock, files = project.configured("lock"), project.configured("requirements")
    if isinstance(lock, str):
        return _by_lock(project, lock)
    if isinstance(files, list) and all(isinstance(file, str) for file in files):
        return _by_files(project, tuple(files), "written")
    installed = _installed_by_ci(project)
    if installed and not _ci_uses_lock(project):
        return _by_files(project, installed, f"what {project.commands[0].source} installs")
    found = _beside(project, _LOCKS)
    if found:
        return _by_lock(project, found)
    files = choose_files(project.tree, project.layout)
    if files:
        return _by_files(project, files, "the requirements files")
    return _by_pipfile(project) or _by_project(project)


def distributions(project: ProjectFiles) -> frozenset[str]:
    """Return the normalised names of every requested distribution, `packages` included."""
    packages = project.configured("packages")
    extra = (str(package) for package in packages) if isinstance(packages, list) else ()
    return find_dependencies(project).distributions | {name_of(package) for package in extra}


def _beside(project: ProjectFiles, names: tuple[str, ...]) -> str | None:
    """The first of these files in the working directory or above it, by name before by place."""
    directories = project.layout.directories
    return project.tree.first(
        *(join(directory, name) for name in names for directory in directories)
    )


def find_project(tree: RepositoryFiles, layout: Layout) -> str | None:
    """The directory whose pyproject.toml, setup.py or setup.cfg describes a distribution."""
    for directory in layout.directories:
        pyproject = tree.toml(join(directory, "pyproject.toml"))
        poetry = _table(_table(pyproject.get("tool")).get("poetry"))
        if (
            pyproject.get("project")
            or poetry.get("dependencies")
            or pyproject.get("dependency-groups")
        ):
            return directory
        if tree.has(join(directory, "setup.py")) or "metadata" in tree.ini(
            join(directory, "setup.cfg")
        ):
            return directory
    return None


def metadata_file(tree: RepositoryFiles, metadata_dir: str | None) -> str | None:
    """The file with a distribution's dependencies themselves; None where there are none, or groups only."""
    if metadata_dir is None:
        return None
    pyproject = tree.toml(join(metadata_dir, "pyproject.toml"))
    if pyproject.get("project") or _table(_table(pyproject.get("tool")).get("poetry")):
        return "pyproject.toml"
    if tree.has(join(metadata_dir, "setup.py")):
        return "setup.py"
    return "setup.cfg" if "metadata" in tree.ini(join(metadata_dir, "setup.cfg")) else None


_OWN_METADATA = re.compile(
    r"\b(?:version|metadata|distribution|get_distribution|require)\(\s*(?:[\"']([\w.-]+)[\"']|__package__|__name__)"
)


def reads_own_metadata(tree: RepositoryFiles, metadata_dir: str) -> bool:
    """Whether the package asks for its own version, which is known of installed distributions only."""
    name = normalised(
        str(_table(tree.toml(join(metadata_dir, "pyproject.toml")).get("project")).get("name", ""))
    )
    places = r"(src/)?[^/]+/(__init__|apps|_*version_*|conf|settings)\.py"
    texts = (tree.text(file) for file in tree.matching(places, under=metadata_dir))
    return any(
        match[1] is None or normalised(match[1]) == name
        for text in texts
        if re.search(r"importlib[._]metadata|pkg_resources", text)
        for match in _OWN_METADATA.finditer(text)
    )


def must_install(tree: RepositoryFiles, layout: Layout, metadata_dir: str | None) -> bool:
    """Whether tests can import the project only when it is installed.

    An application beside its manage.py is importable as it lies there; packages in other directories are not, and
    reusable apps often read their own metadata.
    """
    if metadata_dir is None:
        return False
    pyproject = tree.toml(join(metadata_dir, "pyproject.toml"))
    tool = _table(pyproject.get("tool"))
    if (
        _table(tool.get("poetry")).get("package-mode") is False
        or _table(tool.get("uv")).get("package") is False
    ):
        return False
    if not (tree.has(join(metadata_dir, "setup.py")) or "build-system" in pyproject):
        return False
    if _table(tool.get("uv")).get("package") is True or layout.manage is None:
        return True
    if reads_own_metadata(tree, metadata_dir):
        return True
    sources = {
        parent(parent(file))
        for file in tree.matching(r"(src/)?[^/]+/__init__\.py", under=metadata_dir)
    }
    return bool(sources) and parent(layout.manage) not in sources


def _installed_by_ci(project: ProjectFiles) -> tuple[str, ...]:
    """The requirements files that the project's own test jobs install, the first job's only."""
    tree, layout = project.tree, project.layout
    found: list[str] = []
    source = None
    for command in project.commands:
        if not re.search(r"\bpip3?\s+(install|sync)\b|\bpip-sync\b|^-r|\buv\s+pip\b", command.line):
            continue
        for name in re.findall(r"(?:-r\s*|--requirements?[ =])[\"']?([^\s\"']+)", command.line):
            moved = re.search(r"\bcd\s+(\S+)\s*(?:&&|;)", command.line)
            bases = (
                join(command.directory, moved[1]) if moved else command.directory,
                layout.directory,
            )
            path = next((join(base, name) for base in bases if tree.has(join(base, name))), None)
            if path and source in {None, command.source}:
                source = command.source
                found.append(path)
    chosen = [
        file for file in dict.fromkeys(found) if not _words(file) & (_SIDE_WORDS - {"docker"})
    ]
    nested = {inner for file in chosen for inner in _nested(tree, file) if inner != file}
    return tuple(file for file in chosen if file not in nested)


def _ci_uses_lock(project: ProjectFiles) -> bool:
    return any(
        re.search(r"\b(uv sync|poetry install|pdm install|uv run --locked)\b", c.line)
        for c in project.commands
    )


def choose_files(tree: RepositoryFiles, layout: Layout) -> tuple[str, ...]:
    """The base file and the one for tests, without the base where the other includes it or already holds Django."""
    for directory in layout.directories:
        prefix = "" if directory == "." else f"{directory}/"
        files = [
            path
            for path in tree.matching(_FILE, under=directory)
            if path[len(prefix) :].count("/") <= 1
        ]
        files = [
            path for path in files if not (path.endswith(".in") and path[:-2] + "txt" in files)
        ]
        files = [
            path
            for path in files
            if tree.text(path).strip() and not _words(path, directory) & _SIDE_WORDS
        ]
        if files:
            return _pick(tree, files, directory)
    return ()


def _words(path: str, directory: str = ".") -> set[str]:
    inside = path if directory == "." else path.removeprefix(f"{directory}/")
    return set(re.split(r"[-_./]", inside.lower())[:-1])


def _pick(tree: RepositoryFiles, files: list[str], directory: str) -> tuple[str, ...]:
    def best(wanted: tuple[str, ...], pool: list[str]) -> str | None:
        for word in wanted:
            hits = [file for file in pool if word in _words(file, directory)]
            if hits:
                return hits[0]
        return None

    plain = [f for f in files if re.fullmatch(r"requirements?\.(txt|in|pip)", f.rsplit("/", 1)[-1])]
    special = [file for file in files if file not in plain]
    tests = _outermost(tree, best(_TEST_WORDS, special), special, directory)
    base = plain[0] if plain else best(_BASE_WORDS, special)
    if tests is None:
        return (base or files[0],)
    closure = _nested(tree, tests)
    if base is None or base in closure or "django" in _names(tree, closure):
        return (tests,)
    # `requirements.txt` at the root often is what the hosting service reads: production's packages.
    inner = best(_BASE_WORDS, [file for file in special if parent(file) == parent(tests)])
    if "django" not in _names(tree, _nested(tree, base)) and inner:
        base = inner
    return (base, tests)


def _outermost(
    tree: RepositoryFiles, chosen: str | None, files: list[str], directory: str
) -> str | None:
    """`test.txt` instead of the `test-ci.txt` that it includes."""
    words = set(_TEST_WORDS[:4])
    outer = (
        f
        for f in files
        if f != chosen and words & _words(f, directory) and chosen in _nested(tree, f)
    )
    return next(outer, chosen)


def _nested(tree: RepositoryFiles, path: str, seen: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A file and those that it includes with `-r`, however deep."""
    if path in seen or len(seen) > MAX_NESTED:
        return seen
    seen = (*seen, path)
    for match in re.finditer(
        r"^\s*(?:-r|--requirement)[ =]*[\"']?([^\s\"'#]+)", tree.text(path), re.MULTILINE
    ):
        seen = _nested(tree, join(parent(path), match[1]), seen)
    return seen


def requirement_lines(tree: RepositoryFiles, files: Iterable[str]) -> Iterator[str]:
    """The requirements in these files and in those they include, options and hashes left out."""
    for file in dict.fromkeys(inner for outer in files for inner in _nested(tree, outer)):
        for raw in tree.text(file).replace("\\\n", " ").splitlines():
            line = re.sub(r"(^|\s)#.*", "", raw).split(" --", 1)[0].strip()
            if line and not line.startswith("-"):
                yield line
            elif egg := re.search(r"#egg=([\w.-]+)", raw):
                yield egg[1]


def _names(tree: RepositoryFiles, files: Iterable[str]) -> frozenset[str]:
    return frozenset(name_of(line) for line in requirement_lines(tree, files)) - {""}


def name_of(requirement: str) -> str:
    """The normalised name in a requirement; empty where there is none."""
    match = _NAME.match(requirement)
    return normalised(match[1]) if match else ""


def _pins(lines: Iterable[str]) -> dict[str, str]:
    """`name==version` for each requirement with an exact version."""
    exact = (
        re.match(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*==\s*([\w.!+-]+)", line)
        for line in lines
    )
    return {normalised(match[1]): f"{normalised(match[1])}=={match[2]}" for match in exact if match}


def _by_files(project: ProjectFiles, files: tuple[str, ...], why: str) -> Dependencies:
    tree, layout = project.tree, project.layout
    metadata_dir = find_project(tree, layout)
    lines = list(requirement_lines(tree, files))
    install = must_install(tree, layout, metadata_dir) and not any(
        re.match(r"-e\s+\.", tree.text(f)) for f in files
    )
    extras, groups, declared = _declared(tree, metadata_dir, project) if install else ((), (), [])
    pins = _pins(lines)
    packages = tuple(
        package
        for package in (_tox_packages(project) if layout.manage is None else ())
        if name_of(package) not in pins
    )
    return Dependencies(
        requirements=files,
        packages=packages,
        extras=extras,
        groups=groups,
        project=metadata_dir,
        metadata=metadata_file(tree, metadata_dir),
        install_project=install,
        distributions=frozenset(name_of(line) for line in (*lines, *declared, *packages)) - {""},
        pins=pins,
        why=f"{why}: {', '.join(files)}" if why != "written" else why,
    )


def _by_lock(project: ProjectFiles, lock: str) -> Dependencies:
    tree = project.tree
    metadata_dir = parent(lock)
    extras, groups, declared = _declared(tree, metadata_dir, project)
    packages = list(tree.toml(lock).get("package", tree.toml(lock).get("packages", [])))
    pins = {
        normalised(str(p["name"])): f"{normalised(str(p['name']))}=={p['version']}"
        for p in packages
        if isinstance(p, Mapping) and "name" in p and "version" in p
    }
    # A lock holds the packages of every extra and group; only what is asked for directly is surely installed.
    direct = frozenset(name_of(line) for line in declared) - {""}
    return Dependencies(
        lock=lock,
        extras=extras,
        groups=groups,
        project=metadata_dir,
        metadata=metadata_file(tree, metadata_dir),
        install_project=must_install(tree, project.layout, metadata_dir),
        distributions=direct or frozenset(pins),
        pins=pins,
        why=f"{lock} is there",
    )


def _by_pipfile(project: ProjectFiles) -> Dependencies | None:
    path = _beside(project, ("Pipfile.lock",))
    if path is None:
        return None
    try:
        lock = _table(json.loads(project.tree.text(path)))
    except ValueError:
        return None
    packages = {
        normalised(name): _pipenv_requirement(name, _table(entry))
        for section in ("default", "develop")
        for name, entry in _table(lock.get(section)).items()
    }
    return Dependencies(
        packages=tuple(packages.values()),
        distributions=frozenset(packages),
        pins=_pins(packages.values()),
        why=f"the packages that {path} pins",
    )


def _pipenv_requirement(name: str, entry: Mapping[str, Any]) -> str:
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    if "git" in entry:
        return f"{name}{extras} @ git+{entry['git']}@{entry.get('ref', 'HEAD')}"
    marker = f" ; {entry['markers']}" if entry.get("markers") else ""
    return f"{name}{extras}{entry.get('version', '')}{marker}"


def _by_project(project: ProjectFiles) -> Dependencies:
    tree, layout = project.tree, project.layout
    metadata_dir = find_project(tree, layout)
    if metadata_dir is None:
        return Dependencies(why="nothing that declares dependencies was found")
    extras, groups, declared = _declared(tree, metadata_dir, project)
    packages, files = _tox_packages(project), _tox_files(tree, project)
    lines = [*declared, *packages, *requirement_lines(tree, files)]
    return Dependencies(
        requirements=files,
        packages=packages,
        extras=extras,
        groups=groups,
        project=metadata_dir,
        metadata=metadata_file(tree, metadata_dir),
        install_project=must_install(tree, layout, metadata_dir),
        distributions=frozenset(name_of(line) for line in lines) - {""},
        pins=_pins(lines),
        why=f"the project's own metadata in {'the root' if metadata_dir == '.' else metadata_dir}",
    )


def _tox_packages(project: ProjectFiles) -> tuple[str, ...]:
    lines = tox_lines(project.tox.get("deps", ""), project.tox_factors)
    wanted = (line for line in lines if not line.startswith(("-", "{", ".")) and "{" not in line)
    # Django without a version says nothing that the project itself does not say.
    return tuple(line for line in wanted if name_of(line) != "django" or re.search("[<>=~]", line))


def _tox_files(tree: RepositoryFiles, project: ProjectFiles) -> tuple[str, ...]:
    text = project.tox.get("deps", "").replace("{toxinidir}/", "")
    return tuple(
        path for path in re.findall(r"^\s*-r\s*(\S+)", text, re.MULTILINE) if tree.has(join(path))
    )


def _declared(
    tree: RepositoryFiles, metadata_dir: str | None, project: ProjectFiles
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Extras and groups for tests, and every requirement that they and the project itself name."""
    if metadata_dir is None:
        return (), (), []
    pyproject = tree.toml(join(metadata_dir, "pyproject.toml"))
    metadata = _table(pyproject.get("project"))
    poetry = _table(_table(pyproject.get("tool")).get("poetry"))
    optional = {
        **_setup_extras(tree, metadata_dir),
        **_table(metadata.get("optional-dependencies")),
    }
    groups = {**_table(pyproject.get("dependency-groups")), **_poetry_groups(poetry)}
    if "dev-dependencies" in _table(_table(pyproject.get("tool")).get("uv")):
        groups.setdefault("dev", pyproject["tool"]["uv"]["dev-dependencies"])
    extras = _wanted(
        project.configured("extras"), optional, _ci_options(project, "extra", optional)
    )
    chosen = _wanted(project.configured("groups"), groups, _ci_options(project, "group", groups))
    lines = [
        *_texts(metadata.get("dependencies")),
        *_setup_requires(tree, metadata_dir),
        *_table(poetry.get("dependencies")),
    ]
    for extra in extras:
        lines += _texts(optional.get(extra))
    for group in chosen:
        lines += _group_lines(groups, group)
    return extras, chosen, lines


def _wanted(
    configured: object, known: Mapping[str, Any], by_ci: tuple[str, ...]
) -> tuple[str, ...]:
    if isinstance(configured, list):
        return tuple(str(name) for name in configured)
    if by_ci:
        return by_ci
    tests = tuple(name for name in _EXTRA_WORDS[:3] if name in known)
    return tests + tuple(name for name in _EXTRA_WORDS[3:6] if name in known)[:1]


def _ci_options(project: ProjectFiles, kind: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for command in project.commands:
        found += re.findall(rf"--(?:only-)?{kind}[ =](?:[\w./-]+:)?([\w-]+)", command.line)
        if kind == "extra":
            for inside in re.findall(r"(?:\s|^|/|['\"])\.\[([\w,\s-]+)\]", command.line):
                found += [name.strip() for name in inside.split(",")]
    if kind == "extra":
        found += _tox_names(project, "extras")
    else:
        found += _tox_names(project, "dependency_groups")
    return tuple(name for name in dict.fromkeys(found) if name in known)


def _tox_names(project: ProjectFiles, option: str) -> list[str]:
    return [
        name
        for line in tox_lines(project.tox.get(option, ""), project.tox_factors)
        for name in re.split(r"[\s,]+", line)
    ]


def _group_lines(groups: Mapping[str, Any], group: str, seen: tuple[str, ...] = ()) -> list[str]:
    if group in seen:
        return []
    lines: list[str] = []
    entries = groups.get(group)
    for entry in entries if isinstance(entries, list | Mapping) else ():
        if isinstance(entry, str):
            lines.append(entry)
        elif isinstance(entry, Mapping) and "include-group" in entry:
            lines += _group_lines(groups, str(entry["include-group"]), (*seen, group))
    return lines


def _poetry_groups(poetry: Mapping[str, Any]) -> dict[str, Any]:
    groups = {
        name: _table(group).get("dependencies", {})
        for name, group in _table(poetry.get("group")).items()
    }
    if "dev-dependencies" in poetry:
        groups.setdefault("dev", poetry["dev-dependencies"])
    return groups


def _setup_requires(tree: RepositoryFiles, metadata_dir: str) -> list[str]:
    options = tree.ini(join(metadata_dir, "setup.cfg")).get("options", {})
    keyword = _setup_keyword(tree, metadata_dir, "install_requires")
    return options.get("install_requires", "").split("\n") + _constant_texts(keyword)


def _setup_extras(tree: RepositoryFiles, metadata_dir: str) -> dict[str, list[str]]:
    section = tree.ini(join(metadata_dir, "setup.cfg")).get("options.extras_require", {})
    extras = {name: text.split("\n") for name, text in section.items()}
    keyword = _setup_keyword(tree, metadata_dir, "extras_require")
    if isinstance(keyword, ast.Dict):
        for key, value in zip(keyword.keys, keyword.values, strict=True):
            if name := text_of(key):
                extras[name] = _constant_texts(value)
    return extras


def _setup_keyword(tree: RepositoryFiles, metadata_dir: str, name: str) -> ast.expr | None:
    """The value of a keyword of `setup(…)`, a name in it replaced by what the module assigns to it."""
    module = tree.python(join(metadata_dir, "setup.py"))
    assigned = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("setup"):
            for keyword in call.keywords:
                if keyword.arg == name:
                    value = keyword.value
                    value = assigned.get(value.id, value) if isinstance(value, ast.Name) else value
                    return _resolved(value, assigned)
    return None


def _resolved(node: ast.expr, assigned: Mapping[str, ast.expr]) -> ast.expr:
    if not isinstance(node, ast.Dict):
        return node
    values = [assigned.get(v.id, v) if isinstance(v, ast.Name) else v for v in node.values]
    return ast.Dict(keys=node.keys, values=values)


def _constant_texts(node: ast.AST | None) -> list[str]:
    if isinstance(node, ast.List | ast.Tuple):
        return [text for item in node.elts if (text := text_of(item))]
    return []


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
