"""The few files that run inside the process under test; standard library only.

The engine copies this folder's files to `{probes}`, which stands on PYTHONPATH in the steps below; the package itself
is not installed where they run. They run on Python 3.8 and newer.

Variables
---------
HEROCI_ROOT
    The repository's root where the command runs; paths are recorded relative to it. Default: the working directory.
HEROCI_RECORD
    A directory for records, made when it is missing. Without it nothing is recorded. One directory per call of a test
    runner: a test that starts and never ends is told by comparing all its files.
HEROCI_SHARD
    `2/5`: run the second of five parts of the tests. Default: all of them. Nothing without HEROCI_RECORD.
HEROCI_TIMES
    A JSON file with the seconds and the number of tests of each unit in an earlier run, {"shop.tests.CartTests": [1.5,
    12]}; a unit is what is never split, see below. Default: the parts get equal numbers of tests.
HEROCI_TEST_RUNNER
    The project's own runner class, where the command line names one with `--testrunner`; default: settings.TEST_RUNNER.
HEROCI_BASE_URL
    The running application, for heroci_http_check.py.
COVERAGE_PROCESS_START
    The rcfile that heroci_coverage.py wrote. It alone puts every Python process of a step under coverage.
PYTEST_PLUGINS
    Lists, with a comma in between, the project's own value and `heroci_pytest_plugin`.

Django's runner
---------------
    python manage.py test --testrunner heroci_django_runner.Runner ...
        env HEROCI_RECORD={reports}/record
        reports django-record {reports}/record/*.jsonl

`Runner` is the project's own class, so its options, output and exit code are what they were. Where the arguments of the
project hold `--testrunner X`, leave that away and set HEROCI_TEST_RUNNER=X. Recorded in each process, forked, spawned
or served by a fork server (Django does not support all of them in all versions). `pytest` called by such a runner
needs PYTEST_PLUGINS as well; setting it always does no harm.

    python {probes}/heroci_script.py runtests.py ...
        the same environment and reports

A script of the project's that configures Django and calls its runner, with the same hooks in place before it starts.

pytest
------
    pytest ...                            exactly as the project calls it, no options added
        env HEROCI_RECORD={reports}/record, PYTEST_PLUGINS=heroci_pytest_plugin
        reports django-record {reports}/record/*.jsonl

The record has what pytest's JUnit has, and besides the line that failed whatever `--tb` says, import errors with their
line, and what ran when the process was killed (pytest writes its JUnit at the end only). Where a step declares JUnit as
well, a test that is in both counts once, as the record has it.

The record is JSON lines, a file per process, an event per line:
    {"event": "start", "n", "classname", "name", "file", "line"}
    {"event": "case", "classname", "name", "status", "duration", "file", "line", "message", "details", "output"}
    {"event": "stop", "n"}
    {"event": "fixtures", "classname", "duration"}   outside of any test; with pytest they are in the time of a test
    {"event": "databases", "databases": [{"alias", "vendor", "version", "name"}]}
    {"event": "end", "stopped"}          stopped: by --failfast or -x, so open tests were ended on purpose
    {"event": "warning", "text"}
    {"event": "shard", "shard", "split", "tests", "of"}   split: equal in jobs that have split equal tests equally

Shards
------
Every job with the same tests, times and number of shards comes to the same split, whatever else it knows; the part of
each is a set of units. A unit is a test class, with its setUpClass and setUpTestData, of which Django itself knows that
it depends on no other (its parallel runs hand out classes). In pytest it is a class too, and the functions of a module
together, which may share fixtures (pytest-xdist calls that `loadscope`). A module's own fixtures may be set up in
several jobs. What could not be imported is a unit, so that it fails in one job with Django's runner; pytest stops at
such a module in every job.

HEROCI_TIMES is there for all jobs or for none of them: with different files the parts may overlap and leave tests out,
which the values of `split` tell.

Coverage
--------
    python {probes}/heroci_coverage.py {reports}/coveragerc {reports}/coverage-data/data       first
    <any command>                                                                            the tests, unchanged
        env COVERAGE_PROCESS_START={reports}/coveragerc
    python {probes}/heroci_coverage.py {reports}/coveragerc --json {reports}/coverage.json     last, `always`
        reports coverage-json {reports}/coverage.json

There is no `coverage run` in front of the command: the hook that starts coverage in subprocesses (`heroci_coverage.pth`
in the environment's site-packages, doing nothing without the variable) starts it in the first process just as well, so
scripts, `make test`, Django's `--parallel` workers, pytest-xdist's and subprocesses in other directories are all
measured the same way, with coverage 5 to 7. A command with `python -m coverage run --rcfile ...` in front works, too,
and measures its first process twice. The engine writes the hook when it makes an environment; heroci_coverage.py does
it where it is missing. The last step does the work of `coverage combine` and `coverage json` in one process; with no
data it fails with the reason.

The rcfile holds the project's own settings (of .coveragerc, setup.cfg, tox.ini or pyproject.toml, found by coverage.py
itself, COVERAGE_RCFILE included) with `data_file`, `parallel`, `concurrency` + multiprocessing and thread, and
`sigterm` from 6.4 on. `fail_under` is left out: HeroCI has its own gate. Files, directories and patterns are made
absolute, because a subprocess may run elsewhere; for the same reason `relative_files` is not set (reports are made in
the same place, and relative to it). `patch = subprocess` of coverage 7.10 is not needed with the variable.

A project without settings gets `source = .`: every file that can be imported, those that no test touches with 0 %, and
migrations and tests among them. That is what `coverage run --source=. manage.py test` says in Django's documentation,
so the number is the one a user gets by hand; leaving files out is a choice that belongs into the project's settings.

pytest-cov: where the project's `addopts` (or PYTEST_ADDOPTS) hold `--cov`, its sources, `--cov-branch` and
`--cov-config` go into the rcfile, and the command needs `--no-cov` so that pytest-cov neither measures a second time
nor ends the run with its own threshold. Statically: a word of `addopts` that is `--cov` or begins with `--cov=`, in the
first of pytest.ini, .pytest.ini, pyproject.toml, tox.ini and setup.cfg that configures pytest. Without such a word
`--no-cov` is not needed, and without pytest-cov it is an error.

Migrations
----------
    python {probes}/heroci_migrations.py manage.py
        env HEROCI_RECORD={reports}/migrations
        reports django-record {reports}/migrations/*

`makemigrations --check --dry-run`, which fails for apps of the repository only; those of installed packages are
warnings.

HTTP checks
-----------
    python {probes}/heroci_http_check.py CHECKS --junit {reports}/checks.xml [--schema /api/schema/]
        reports junit {reports}/checks.xml
"""
