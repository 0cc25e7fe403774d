"""The files that run inside the process under test; standard library only, Python 3.8 and newer.

The engine copies them to `{probes}`, which is on PYTHONPATH in the steps below; this package itself is not installed
there.

Variables
---------
HEROCI_ROOT
    The repository's root on the machine of the command; recorded paths are relative to it. Default: the working
    directory.
HEROCI_RECORD
    A directory for records, created if it is missing. Without it, nothing is recorded. Each call of a test runner has
    its own directory, because the files of all its processes are compared to find tests that did not end.
HEROCI_SHARD
    `2/5`: run the second of five parts of the tests. Default: all of them. Ignored without HEROCI_RECORD.
HEROCI_TIMES
    A JSON file with the seconds and the number of tests of each unit in an earlier run, {"shop.tests.CartTests": [1.5,
    12]}; for units, see below. Default: all parts get equal numbers of tests.
HEROCI_ONLY
    A JSON file with the tests to run, [["shop.tests.CartTests", "test_total"], ...], as they were recorded when they
    failed. Default: all of them. Ignored without HEROCI_RECORD.
HEROCI_AFFECTED
    A JSON file with the tests to leave out, and those to run first, {"left_out": [["shop.tests.CartTests",
    "test_total"], ...], "failed": [...]}. Default: all tests run, in their own order. Ignored without HEROCI_RECORD.
HEROCI_CONTEXTS
    The name of the step. If set, coverage.py records which test executed each line, as the context ["tests", "test",
    "shop.tests.CartTests", "test_total"]. Code that the fixtures of a class or module execute has ["tests", "owner",
    "shop.tests.CartTests", ""]; all other code, such as modules that are being imported, has none.
HEROCI_PROGRESS
    If set, lines such as `heroci-progress: 12/340 2` (tests that ran, tests in all, failures) are printed while the
    tests run. HeroCI removes them from the output.
HEROCI_TEST_RUNNER
    The project's own runner class, if the command line names one with `--testrunner`; default: settings.TEST_RUNNER.
HEROCI_BASE_URL
    The running application, for heroci_http_check.py.
COVERAGE_PROCESS_START
    The rcfile that heroci_coverage.py wrote. The variable alone measures every Python process of a step.
PYTEST_PLUGINS
    Lists the project's own value and `heroci_pytest_plugin`, separated by a comma.

Django's runner
---------------
    python manage.py test --testrunner heroci_django_runner.Runner ...
        env HEROCI_RECORD={reports}/record
        reports django-record {reports}/record/*.jsonl

`Runner` is the project's own class, so its options, output and exit code do not change. If the project's arguments
contain `--testrunner X`, leave that out and set HEROCI_TEST_RUNNER=X. Every process records: forked, spawned or served
by a fork server (which of them exist depends on Django's version). If such a runner calls pytest, PYTEST_PLUGINS is
needed as well; it does no harm otherwise.

    python {probes}/heroci_script.py runtests.py ...
        the same environment and reports

This runs a script of the project that configures Django and calls its runner, with the same hooks installed.

pytest
------
    pytest ...                            exactly as the project calls it, no options added
        env HEROCI_RECORD={reports}/record, PYTEST_PLUGINS=heroci_pytest_plugin
        reports django-record {reports}/record/*.jsonl

The record has what pytest's JUnit has, and also the line that failed whatever `--tb` is, import errors with their
line, reruns, and the test that was running when the process was killed (pytest writes its JUnit only at the end). If a
step declares JUnit as well, an intact record replaces its tests.

The record
----------
JSON lines, one file per process, one event per line. A number `n` identifies what starts or begins until it ends.

    {"event": "process", "pid"}          the first line of each file; a file without it was changed
    {"event": "begin", "n", "what", "tests", "worker"}
        a "runner" is called, or a "suite" of so many tests; suites of workers are parts of another suite
    {"event": "end", "n", "stopped", "left_out", "ran", "repeated", "exit_code"}
        it has ended: after all its tests unless `stopped` by --failfast or -x; `left_out` counts tests whose class or
        module was not set up, `ran` is the runner's own count, which includes what tests have `repeated` of themselves;
        `exit_code` is the exit code of a session of pytest
    {"event": "built", "tests"}          a suite was built, which will begin later, perhaps in parts
    {"event": "died", "pid", "exit_code"}        a worker ended before its work was done
    {"event": "start", "n", "classname", "name", "file", "line", "at", "fixture"}
        a test or, with `fixture`, the set-up or tear-down of a class or module; `at` in seconds since the epoch
    {"event": "stop", "n", "rerun"}      it has ended; with `rerun`, it will start again
    {"event": "case", "classname", "name", "status", "duration", "file", "line", "message", "details", "output",
        "expected", "attempts"}
        an outcome, counted as the runner's own summary counts it: a failure and an error in the clean-up of one test
        are two; `expected` marks an expected failure, whose status is skipped; `attempts` failed before this one
    {"event": "fixtures", "classname", "duration"}   outside of any test; pytest counts them in the time of a test
    {"event": "databases", "databases": [{"alias", "vendor", "version", "name"}]}
    {"event": "schema", "text"}          how a test database got its tables
    {"event": "warning", "text"}
    {"event": "shard", "shard", "split", "tests", "of"}   `split` is equal in jobs that split equal tests equally
    {"event": "affected", "tests", "of"}     how many of the collected tests were selected

Shards
------
All jobs with the same tests, times and number of shards produce the same split, without communication; the part of
each is a set of units. A unit is a test class with its setUpClass and setUpTestData, which Django itself treats as
independent (its parallel runs distribute classes). In pytest it is a class too, or the functions of a module, which
may share fixtures (`loadscope` in pytest-xdist). A module's own fixtures may be set up in several jobs. A module that
could not be imported is a unit, so it fails in one job with Django's runner; pytest stops at it in every job.

HEROCI_TIMES is set for all jobs or for none: with different files, parts may overlap and leave tests out, which the
values of `split` reveal.

Coverage
--------
    python {probes}/heroci_coverage.py {reports}/coveragerc {reports}/coverage-data/data       first
    <any command>                                                                            the tests, unchanged
        env COVERAGE_PROCESS_START={reports}/coveragerc
    python {probes}/heroci_coverage.py {reports}/coveragerc --json {reports}/coverage.json     last, `always`
        reports coverage-json {reports}/coverage.json

The command does not start with `coverage run`: the hook that starts coverage in subprocesses (`heroci_coverage.pth` in
the environment's site-packages, which does nothing without the variable) starts it in the first process as well.
Scripts, `make test`, workers of Django's `--parallel` and of pytest-xdist, and subprocesses in other directories are
all measured the same way, with coverage 5 to 7. A command that starts with `python -m coverage run --rcfile ...` works
too, and measures its first process twice. The engine writes the hook when it creates an environment; heroci_coverage.py
writes it if it is missing. The last step does the work of `coverage combine` and `coverage json` in one process; if
there is no data, it fails with the reason.

The rcfile contains the project's own settings (of .coveragerc, setup.cfg, tox.ini or pyproject.toml, as coverage.py
finds them, including COVERAGE_RCFILE) with `data_file`, `parallel`, `concurrency` plus multiprocessing and thread, and
from 6.4 on `sigterm`. `fail_under` is left out, because HeroCI has its own gate. Files, directories and patterns are
made absolute, because a subprocess may run elsewhere; for the same reason `relative_files` is not set (reports are
made in the same place, and relative to it). `patch = subprocess` of coverage 7.10 is not needed with the variable.

The default is `source = .`: every importable file, with 0 % for files that no test touches, including migrations and
tests. `coverage run --source=. manage.py test` in Django's documentation measures the same,
so the number is the same as in a manual run; leaving files out is a choice for the project's settings.

pytest-cov: if the project's `addopts` (or PYTEST_ADDOPTS) contain `--cov`, its sources, `--cov-branch` and
`--cov-config` go into the rcfile, and the command needs `--no-cov` so that pytest-cov neither measures a second time
nor ends the run with its own threshold. Statically: a word of `addopts` that is `--cov` or begins with `--cov=`, in the
first of pytest.ini, .pytest.ini, pyproject.toml, tox.ini and setup.cfg that configures pytest. Without such a word
`--no-cov` is not needed, and without pytest-cov it is an error.

Migrations
----------
    python {probes}/heroci_migrations.py manage.py
        env HEROCI_RECORD={reports}/migrations
        reports django-record {reports}/migrations/*

`makemigrations --check --dry-run`, which fails for apps of the repository only; apps of installed packages are
warnings.

Settings that ask which program loads them
------------------------------------------
    python {probes}/heroci_as_tests.py manage.py check
    python {probes}/heroci_migrate.py manage.py migrate --noinput
        env HEROCI_AS_TESTS=django|pytest

Some settings depend on `"test" in sys.argv` or `"pytest" in sys.modules`. While they are loaded, the arguments and
modules are the same as in the tests, so that the checks and the migrated database are about the settings of the tests.

Flake8
------
    python {probes}/heroci_flake8.py --format=default PATH...
        env HEROCI_FLAKE8_CACHE={caches}/flake8

Checks only the files that have changed since they last passed. A failure means that Flake8 itself has to run, and so do
plugins, which may look at other files.

Schema
------
    python {probes}/heroci_migrate.py manage.py migrate --noinput
        env HEROCI_SCHEMA={reports}/schema.json, HEROCI_SCHEMA_COVERAGE={reports}/coveragerc,
            HEROCI_SERVER={postgres.host}:{postgres.port}
    <the tests>
        env HEROCI_SCHEMA={reports}/schema.json, HEROCI_SCHEMA_DATA={reports}/coverage-data/data

With PostgreSQL, the migrated database is copied, and Django creates its test database from the copy instead of an empty
database. `migrate` then has nothing to do, and sends post_migrate. Code that migrations execute is measured by the
first command, between the same two points as in the tests, and counts only if the copy is used. On Python 3.12 and
3.13, the tracer of coverage.py runs only while measured code does (heroci_tracer.py); its data are the same.

If the settings name a database that does not exist on the run's own server, `migrate` creates it: a job that runs only
tests does not need it, because they create their own.

`migrate` runs the checks of the database only, because the step `check` runs all others. The copy is used only if the
database would be the same: no object existed before the migrations; the options of every database are equal, and so is
every setting that Django builds the schema with, that any migration reads, or that any module but Django's has read
before (names of databases, and what the runners themselves set, excepted). If a module uses the command line or imports
the settings' own modules, every setting has to be equal. No migration looks at the command line, the name of the
database or those settings, or executes SQL about the database or session; every app with tables has migrations; the
project does not replace Django's creation, `migrate` or TEST options, and handles no pre_migrate. If `migrate` in the
tests executes anything but queries before post_migrate, the database is created again without the copy. The record
states what happened: {"event": "schema", "text"}.

Programs that rewrite files
---------------------------
    python {probes}/heroci_unchanged.py pyupgrade --py311-plus shop/models.py

Programs without a mode that only checks run on copies. The exit code is 1 if a file would change.

HTTP checks
-----------
    python {probes}/heroci_http_check.py CHECKS --junit {reports}/checks.xml
        reports junit {reports}/checks.xml
"""
