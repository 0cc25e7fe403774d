"""Programs and commands that do not prepare the tests, with the reason."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Mapping, Sequence

INSTALLS = "HeroCI installs the dependencies itself"
INSTALLS_OTHER = "it installs something"
PRINTS = "it only prints"
REMOVES = "it removes or moves files"
CHECKS = "it checks something"
LINTS = "the stage lint runs it"
STAYS = "it does not end by itself"
FOLLOWS = "it follows the tests"
ELSEWHERE = "it runs in an environment of its own, not in that of the tests"
PACKAGES = "HeroCI installs the system packages itself"
TIDIES = "hooks that tidy files of any kind are left to the CI"
WAITS = "it only waits"
NO_TESTS = "it starts the test runner, but runs no test"
UPLOADS = "it uploads results"
HOOKS = "it is for the hooks of git"
ALLOWED = "the CI passes even if it fails"
CHANGES = "it changes files that git tracks"
SPLITS = "it splits the tests between the machines of the CI"
COMPARED = "it makes files that are only compared with others"
FORGOTTEN = "another service runs the tests, and nothing shows that Travis still reads this file"
CONDITIONAL = "it runs only under a condition"
GIVEN = "the plan sets the variables of this file"
MEASURES = "HeroCI measures the coverage itself"
# Reasons of lines that the tests do not need.
HARMLESS = frozenset(
    {
        INSTALLS,
        PACKAGES,
        PRINTS,
        CHECKS,
        WAITS,
        NO_TESTS,
        UPLOADS,
        FOLLOWS,
        ELSEWHERE,
        SPLITS,
        COMPARED,
        MEASURES,
        GIVEN,
    }
)
# Programs that only make or copy files.
PLACING = frozenset({"cp", "touch", "ln", "install", "mkdir"})
CONDA = "HeroCI does not use conda"
NETWORK = "it uses the network"
COPIES = "it copies files with rsync"
SERVICE = "it starts or controls a service"
OF_THE_CI = "it is a program of the CI service"
SERVER = "it works on a database or another server"

# `pip install`, `service postgresql start`, `psql -c …`, `git fetch`, `rm -rf build`, `flake8`.
_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    INSTALLS: (
        "pip", "pip3", "pip-sync", "pip-compile", "pipx", "uv", "poetry", "pdm", "pipenv", "hatch", "rye", "virtualenv",
        "venv", "ensurepip", "get-pip.py", "easy_install", "corepack", "nvm", "pyenv", "asdf", "mise", "tox", "nox",
        "sem-version", "build",
    ),
    CONDA: ("conda", "mamba", "micromamba", "pixi"),
    PACKAGES: (
        "apt-get", "apt", "aptitude", "apk", "yum", "dnf", "brew", "dpkg", "snap", "locale-gen", "localedef",
        "add-apt-repository", "pacman", "zypper", "microdnf", "apt-mark", "apt-key",
    ),
    "HeroCI does not use Nix": ("nix", "nix-build", "nix-env", "nix-shell", "devenv", "devbox"),
    SERVICE: (
        "service", "systemctl", "docker", "docker-compose", "podman", "kubectl", "helm", "pg_ctlcluster", "pg_ctl",
        "pg_createcluster", "pg_dropcluster", "pg_lsclusters",
        "initdb", "supervisorctl", "vagrant", "minikube", "colima", "Xvfb", "redis-server", "memcached", "celery",
        "gunicorn", "uvicorn", "daphne", "localstack", "minio", "sem-service", "elasticsearch", "mysqld", "mysqld_safe",
        "postgres", "mariadbd", "rabbitmq-server", "mongod", "valkey-server", "nginx", "apache2ctl", "sshd", "slapd",
        "mailhog", "MailHog", "mailpit", "mosquitto", "etcd", "nats-server", "meilisearch", "opensearch", "dockerd",
        "rc-service", "supervisord", "honcho", "watchmedo", "watchfiles", "nodemon", "uwsgi", "hypercorn", "granian",
    ),
    SERVER: (
        "psql", "createdb", "dropdb", "createuser", "dropuser", "pg_isready", "pg_restore", "mysql", "mysqladmin",
        "redis-cli", "mongo", "mongosh", "rabbitmqctl", "rabbitmqadmin", "dockerize", "wait4x", "nc", "urlwait", "mc",
    ),
    NETWORK: (
        "git", "curl", "wget", "ssh", "scp", "gh", "aws", "gcloud", "az", "gsutil", "heroku", "fly", "flyctl",
        "doppler", "checkout", "op", "vault", "ssh-keyscan", "ssh-add", "ssh-agent", "hub", "dig", "nslookup", "host",
        "cf", "ping", "telnet", "netstat", "ss",
    ),
    UPLOADS: (
        "codecov", "coveralls", "sonar-scanner", "sentry-cli", "twine", "cc-test-reporter", "codacy-coverage",
        "python-codacy-coverage", "deepsource", "buildkite-agent",
    ),
    COPIES: ("rsync",),
    OF_THE_CI: ("circleci", "circleci-agent"),
    MEASURES: ("coverage",),
    REMOVES: ("rm", "rmdir", "mv", "shred", "truncate"),
    PRINTS: (
        "echo", "printf", "cat", "ls", "pwd", "env", "printenv", "date", "which", "whoami", "uname", "tree", "head",
        "tail", "grep", "wc", "df", "free", "nproc", "id", "test", "hostname", "lsb_release", "stat", "du", "type",
        "command", "ps", "tty", "find", "lscpu", "md5sum", "sha256sum", "jq", "true", "false", ":",
    ),
    "it makes manual pages": ("xmlto", "help2man"),
    WAITS: ("sleep", "wait", "wait-for-it", "wait-for-it.sh", "wait-for-it.py", "wait-on", "wait-for"),
    CHECKS: (
        "black", "isort", "flake8", "pflake8", "ruff", "mypy", "pylint", "pre-commit", "prek", "bandit", "safety",
        "pip-audit", "djlint", "djhtml", "curlylint", "eslint", "stylelint", "prettier", "biome", "vulture", "pyright",
        "basedpyright", "ty", "codespell", "yamllint", "shellcheck", "hadolint", "check-manifest",
        "pydocstyle", "pycodestyle", "pyflakes", "interrogate", "deptry", "vale", "markdownlint", "tsc", "jest",
        "vitest", "cypress", "pyupgrade", "autopep8", "docformatter", "semgrep", "lint-imports", "doc8", "xenon",
        "radon", "refurb", "pyroma", "reuse", "detect-secrets", "pip-licenses", "licensecheck", "liccheck", "djade",
        "sphinx-build", "zizmor", "actionlint", "taplo", "ansible-lint", "sqlfluff", "import-linter", "fixit", "flynt",
        "doctest", "karma", "mocha", "jasmine", "ava", "trivy", "gitlint", "commitlint", "diff", "cmp", "sphinx",
        "gitleaks", "trufflehog", "checkov", "grype", "dockle", "kics", "tfsec", "tflint", "osv-scanner", "snyk",
        "check-wheel-contents", "kubeconform", "lychee", "cspell", "markdownlint-cli2", "dockerfilelint", "nancy",
        "newman", "schemathesis", "k6", "locust", "lhci", "pa11y", "pa11y-ci", "dredd", "absolufy-imports",
        "add-trailing-comma", "autoflake", "darker", "django-upgrade", "djcss", "djjs", "flake8p", "prospector",
        "pylama", "pyproject-fmt", "reorder-python-imports", "rstcheck", "setup-cfg-fmt", "typos", "yesqa", "yapf",
    ),
    "it changes the machine": (
        "sysctl", "update-locale", "chown", "mount", "modprobe", "adduser", "useradd", "usermod",
        "addgroup", "groupadd", "kill", "pkill", "killall", "su", "passwd", "update-alternatives", "ldconfig",
        "nmcli", "resolvectl", "timedatectl", "chpasswd",
    ),
}  # fmt: skip
_REASON_OF = {program: reason for reason, programs in _PROGRAMS.items() for program in programs}

# Commands of Django and of common packages that work on the database or a server, or check and print.
_DJANGO_COMMANDS: Mapping[str, tuple[str, ...]] = {
    SERVER: (
        "migrate", "loaddata", "flush", "createsuperuser", "dbshell", "createcachetable", "sqlflush", "inspectdb",
        "reset_db", "migrate_schemas", "rebuild_index", "update_index", "clear_index", "search_index",
    ),
    CHANGES: ("makemessages",),
    STAYS: ("runserver", "runserver_plus", "shell", "shell_plus", "testserver", "rqworker", "qcluster"),
    CHECKS: (
        "check", "makemigrations", "showmigrations", "diffsettings", "help", "version", "sqlmigrate",
        "lintmigrations", "validate_templates", "show_urls", "sendtestemail",
    ),
}  # fmt: skip
_DJANGO_REASON_OF = {
    command: reason for reason, commands in _DJANGO_COMMANDS.items() for command in commands
}
# Options with which `uv lock` and `pdm lock` fail if they would change the lock file.
_UNCHANGED = frozenset({"--check", "--locked", "--dry-run"})
# django-elasticsearch-dsl makes indices without documents, so it needs no tables.
_EMPTY_INDEX = frozenset({"search_index", "--create"})
# `shell -c "…"`
_CODE = ("-c", "--command")
# `dpkg -i tool_1.2_amd64.deb`
_ARCHIVE = re.compile(r"\.(deb|rpm|apk)$")
# `qa-check`, `bpmnlint`
_CHECKING = re.compile(
    r"(^|[-_])(check|checks|checker|lint|linter|qa|audit|validate|verify)([-_.]|$)|\wlint$"
)
# `generate_pre_commit_conf`
_HOOKS = re.compile(r"(^|[-_])pre[-_]commit([-_.]|$)")
# `socket.create_connection(("db", 5432))`
_CONNECTS = re.compile(r"\bconnect\(|\bcreate_connection\(|\bensure_connection\(|\burlopen\(")
# `wait_for_db`, `waitfordb`
_WAITING = re.compile(r"wait([_-]|for).*")
_CHECKING_OPTIONS = frozenset(
    {
        "--check",
        "--check-only",
        "--dry-run",
        "--lint",
        "--lintonly",
        "--lint-only",
        "--syntax-check",
    }
)
# `diff-cover coverage.xml --fail-under=100`, `pysentry-rs . --fail-on high`
_FAILING = re.compile(r"--fail-(under|on|level)\b.*")
# `nx affected --target=test`
_TARGETS = re.compile(r"--targets?=([\w,-]*[,-])?(test|lint|e2e)([,-].*)?")
# `ng test`, `nx e2e web`, `newman test:all`
_CHECKING_VERBS = frozenset({"verify", "validate", "pre-commit", "test", "e2e"})
# What `find` does with the files that it finds.
_ACTIONS_OF_FIND = frozenset({"-delete", "-exec", "-execdir", "-ok"})
# The project's own commands: `missing_migrations`, `check_migrations`, `makemigrations_check`.
_FINDS_MIGRATIONS = re.compile(
    r"((missing|pending|check|detect)_)+(django_)?migrations?|(make)?migrations?_check"
)
# `playwright install`, `python -m spacy download en_core_web_sm`, `gem install sass`.
_INSTALLING = frozenset(
    {"install", "install-deps", "add", "download", "update", "upgrade", "self", "bootstrap"}
)
# What installs the programs that HeroCI brings or replaces: `curl -LsSf https://astral.sh/uv/0.9.8/install.sh | sh`.
_INSTALLER = re.compile(
    r"https?://(astral\.sh/uv/|install\.python-poetry\.org|pdm-project\.org/|bootstrap\.pypa\.io/|pyenv\.run|mise\.run"
    r"|raw\.githubusercontent\.com/(python-poetry/|pdm-project/|pyenv/|nvm-sh/))"
)
# `rsync -a host:/srv/media .`, `rsync rsync://host/media .`
_REMOTE = re.compile(r"[^-/.:][^/:]*:")
_SERVING = frozenset({"serve", "server", "runserver", "watch", "start", "dev", "up", "worker"})
_READING_GIT = frozenset(
    {
        "grep", "ls-files", "diff", "diff-index", "diff-files", "status", "log", "show", "describe", "rev-parse",
        "merge-base",
    }
)  # fmt: skip
# git's own options before the verb that take a value.
_VALUED_BY_GIT = frozenset({"-C", "-c", "--git-dir", "--work-tree"})
# The options with which git answers by its exit code or its output whether files were changed.
_ASKING_GIT: Mapping[str, frozenset[str]] = {
    "diff": frozenset({"--exit-code", "--quiet", "--check", "--no-index"}),
    "diff-index": frozenset({"--exit-code", "--quiet"}),
    "diff-files": frozenset({"--exit-code", "--quiet"}),
    "status": frozenset({"--porcelain"}),
}
# Scripts of package.json that build nothing.
_PACKAGE_CHECKS = re.compile(
    r"(.*[:_-])?(test|t|lint|check|format|fmt|prettier|eslint|tsc|type-?check|types|e2e|audit|validate|publish|"
    r"outdated|"
    r"storybook|coverage|unit|spec|vitest|jest|mocha|karma|cypress|playwright)([:_-].*)?"
)
# npm takes the beginning of an option for it: `npm rm --g gulp`.
GLOBAL = re.compile(r"-g|--g(l(o(b(al?)?)?)?)?|--location=global")
# A step starts them with npx.
_MANAGERS = frozenset({"npm", "yarn", "yarnpkg", "pnpm", "bun", "corepack"})
# `build:css`
_PACKAGE_BUILDS = re.compile(r"(build|compile|bundle)\b.*|(build|compile|bundle)_.*")
# `start`, `watch:css`
_PACKAGE_SERVERS = re.compile(r"start|dev|serve|server|watch(:.*)?|preview")


def reason_of_program(name: str) -> str | None:
    """Return why a program does not prepare the tests; unknown ones are judged by their names (`qa-check`)."""
    if known := _REASON_OF.get(name):
        return known
    forms = ((_WAITING.match, WAITS), (_CHECKING.search, CHECKS), (_HOOKS.search, HOOKS))
    return next((reason for matches, reason in forms if matches(name)), None)


def reason_by_arguments(
    known: str | None, arguments: tuple[str, ...], *, piped: bool
) -> str | None:
    """Return the reason for a program, which its arguments may change: `twine check dist/*`, `curl URL | sh`."""
    if known in {INSTALLS, UPLOADS}:
        return CHECKS if _only_checks(arguments) else known
    if known == SERVICE and _only_validates(arguments):
        return CHECKS
    if known == PACKAGES and any(_ARCHIVE.search(word) for word in arguments):
        return INSTALLS_OTHER
    if known == PRINTS and not _ACTIONS_OF_FIND.isdisjoint(arguments):
        return REMOVES
    if known == OF_THE_CI and arguments[:1] == ("tests",):
        return SPLITS
    fetches = piped and known == NETWORK and any(map(_INSTALLER.match, arguments))
    remote = known == COPIES and any(map(_REMOTE.match, arguments))
    return NETWORK if remote else INSTALLS if fetches else known


def _only_checks(arguments: tuple[str, ...]) -> bool:
    """Return whether pip, Poetry, twine and their like only check: `poetry check`, `uv lock --check`."""
    words = [word for word in arguments if not word.startswith("-")]
    locks = words[:1] == ["lock"] and not _UNCHANGED.isdisjoint(arguments)
    named = words[:1] in (["check"], ["verify"]) or words[:2] == ["pip", "check"]
    return locks or named or "--check" in arguments


def _only_validates(arguments: tuple[str, ...]) -> bool:
    """Return whether a program for servers only checks files: `docker compose config -q`, `helm lint`, `nginx -t`.

    `gunicorn --check-config shop.wsgi` also imports the application.
    """
    options = {word.partition("=")[0] for word in arguments}
    quiet = "config" in arguments and not {"-q", "--quiet"}.isdisjoint(options)
    named = arguments[:1] in {("lint",), ("-t",), ("configtest",)}
    return quiet or named or not {"--check", "--check-config", "--dry-run"}.isdisjoint(options)


def reason_of_django(arguments: tuple[str, ...], line: str = "") -> str | None:
    """Return why a command of manage.py, on a `line` of a script, does not prepare the tests."""
    name = next((word for word in arguments if not word.startswith("-")), "help")
    code = next((text for word, text in itertools.pairwise(arguments) if word in _CODE), None)
    if code is not None and name.startswith("shell"):
        return reason_of_code(code)
    if name.startswith("shell") and re.search(r"[<|]", line):
        # `shell < admin.py`, `echo "…" | manage.py shell`
        return SERVER
    if name == "makemigrations" and not finds_missing_migrations(arguments, line):
        return "it makes migrations that the repository lacks"
    if _EMPTY_INDEX.issubset(arguments):
        return None
    if _FINDS_MIGRATIONS.fullmatch(name):
        return CHECKS
    return SERVER if _WAITING.fullmatch(name) else _DJANGO_REASON_OF.get(name)


def finds_missing_migrations(words: Sequence[str], line: str = "") -> bool:
    """Return whether a call of makemigrations fails if some are missing, or its `line` shows or looks for them."""
    fails = not {"--check", "--exit", "-e"}.isdisjoint(words) or "grep" in line
    return fails or ("--dry-run" in words and "/dev/null" not in line)


def reason_of_package_manager(words: tuple[str, ...], arguments: tuple[str, ...]) -> str | None:
    """Return why a call of npm or a similar tool does not prepare the tests; `words` follow its own options."""
    is_global = any(GLOBAL.fullmatch(word) for word in arguments)
    if is_global or words[:1] in {("cache",), ("config",), ("global",)}:
        # `npm install -g pnpm@9`; `npm config set`, `npm cache clean`, `yarn global add`
        own = is_global and _MANAGERS.issuperset(_names_of(words[1:]))
        return INSTALLS if own else "it changes the machine"
    if {"-v", "--version", "--help"} & set(arguments):
        return PRINTS
    task = next((word for word in words if word not in {"run", "run-script", "exec"}), "install")
    if re.split("[:_-]", task)[-1] in _INSTALLING and task not in _INSTALLING:
        # `playwright:install`
        return INSTALLS
    if task == "publish":
        return UPLOADS
    if _PACKAGE_SERVERS.fullmatch(task):
        return STAYS
    builds = _PACKAGE_BUILDS.fullmatch(task)
    return CHECKS if _PACKAGE_CHECKS.fullmatch(task) and not builds else None


def _names_of(words: tuple[str, ...]) -> set[str]:
    """Return the names of packages without options and versions."""
    return {word.partition("@")[0] for word in words if not word.startswith("-")}


def reason_of_git(arguments: tuple[str, ...]) -> str | None:
    """Return that a command of git checks whether files differ, or only prints; None for any other."""
    words = list(arguments)
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in _VALUED_BY_GIT else 1]
    verb, *rest = words or [""]
    options = {word.partition("=")[0] for word in rest}
    if options & _ASKING_GIT.get(verb, frozenset()):
        return CHECKS
    return PRINTS if verb in _READING_GIT else None


def reason_of_code(code: str) -> str | None:
    """Return why a piece of Python does not prepare the tests."""
    if _CONNECTS.search(code):
        return SERVER
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return None
    prints = [statement for statement in statements if _is_print(statement)]
    others = [statement for statement in statements if statement not in prints]
    asks = all(isinstance(each, ast.Import | ast.ImportFrom | ast.Assert) for each in others)
    return PRINTS if prints and asks else None


def reason_of_script(module: ast.AST) -> str | None:
    """Return that a Python script only controls containers or servers: each process that it starts does so."""
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call))
    started = {_started(call) for call in calls} - {None}
    controls = started and all(_REASON_OF.get(str(name)) == SERVICE for name in started)
    return SERVICE if controls else None


def _started(call: ast.Call) -> object:
    """Return the program that a call starts, "" if it is not constant; None if it starts none."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="subprocess"))):
            words = call.args[0].elts if call.args and isinstance(call.args[0], ast.List) else []
            first = words[0] if words else None
            return first.value if isinstance(first, ast.Constant) else ""
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen")):
            return ""
    return None


def _is_print(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
    return False


def reason_of_arguments(arguments: tuple[str, ...]) -> str | None:
    """Return why an unknown program does not prepare the tests, judging by its arguments."""
    match arguments:
        case ("-m", module, *_) if known := reason_of_program(module):
            # Python by the name of a variable: `"$python" -m venv .venv`.
            return known
    asks = arguments in {("-v",), ("-version",)}  # java -version
    if {"--version", "-V", "-VV", "--help"} & set(arguments) or asks:
        return PRINTS
    checking = _CHECKING_OPTIONS.intersection(arguments)
    if checking or any(map(_FAILING.fullmatch, arguments)):
        return CHECKS
    first = next((word for word in arguments if not word.startswith("-")), "")
    if first in _INSTALLING:
        return INSTALLS_OTHER
    targets = any(map(_TARGETS.fullmatch, arguments))
    # `vue-cli-service test:unit`
    kind = first.partition(":")[0]
    if targets or kind in _CHECKING_VERBS or _CHECKING.search(first):
        return CHECKS
    return STAYS if first in _SERVING else None
