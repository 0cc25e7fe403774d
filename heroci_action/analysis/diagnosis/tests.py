"""Signs of a test command or another program that cannot run."""

from __future__ import annotations

from heroci_action.analysis.diagnosis.sign import Sign

SIGNS = (
    Sign(
        pattern=r"^ERROR: file or directory not found: (\S+)",
        example="ERROR: file or directory not found: tests/nope",
        cause="the argument {0!r} of the test command is not a path in the project",
        remedy="correct it in `tests.args`; `heroci plan --explain` shows its origin",
    ),
    Sign(
        pattern=r"error: unrecognized arguments: (?:-n|--numprocesses|--dist)\b",
        example="pytest: error: unrecognized arguments: -n auto",
        cause="the test command uses an option of pytest-xdist, which is not installed",
        remedy='set `packages = ["pytest-xdist"]`, or change `tests.args`',
    ),
    Sign(
        pattern=r"error: unrecognized arguments: [^\n]*--cov",
        example="pytest: error: unrecognized arguments: --cov=shop",
        cause="the test command uses an option of pytest-cov, which is not installed",
        remedy='set `packages = ["pytest-cov"]`, or change `tests.args`',
    ),
    Sign(
        pattern=r"error: unrecognized arguments: [^\n]*--(?:splits|group)\b",
        example="pytest: error: unrecognized arguments: --splits 3 --group 1",
        cause="the test command uses an option of pytest-split, which is not installed",
        remedy='set `packages = ["pytest-split"]`, or change `tests.args`',
    ),
    Sign(
        pattern=r"^manage\.py test: error: ([^\n]+)",
        example="manage.py test: error: unrecognized arguments: --fast",
        cause="Django's test command rejects its options: {0}",
        remedy="change `tests.args`; `heroci plan --explain` shows its origin",
    ),
    Sign(
        pattern=r"Missing required plugins: ([^\n]+)",
        example="ERROR: Missing required plugins: pytest-env",
        cause="pytest's configuration requires plugins that are not installed: {0}",
        remedy="name the requirements file that contains them in `requirements`, or set `packages`",
    ),
    Sign(
        pattern=r"'([^']+)' not found in `markers` configuration option",
        example="'slow' not found in `markers` configuration option",
        cause="a test has the marker {0!r}, which pytest's configuration does not declare",
        remedy="add it to `markers` in pytest's configuration",
    ),
    Sign(
        pattern=r"error: unrecognized arguments: ([^\n]+)",
        example="pytest: error: unrecognized arguments: --shop-fast",
        cause="the test command has unknown options: {0}",
        remedy="install the pytest plugin that defines them, or change `tests.args`",
    ),
    # The last of these lines is the exception.
    Sign(
        pattern=r"^INTERNALERROR> (?!\s)(?!Traceback)([^\n]+)\n(?!INTERNALERROR>)",
        example='INTERNALERROR>   File "plugin.py", line 3\nINTERNALERROR> ValueError: broken plugin\n\n',
        cause="a pytest plugin failed, not a test: {0}",
        remedy="check the plugin whose file the traceback names last",
    ),
    Sign(
        pattern=r"^=* ?(\d+) deselected in [\d.]+s",
        example="============ 5 deselected in 0.06s ============",
        cause="no test ran: the options of pytest deselected all {0}",
        remedy="check the options `-k`, `-m` and `--deselect`, also in `addopts`",
    ),
    Sign(
        pattern=r"^=* ?no tests ran in [\d.]+s",
        example="============ no tests ran in 0.06s ============",
        cause="no test ran: pytest found none",
        remedy="check the paths in `tests.args` and `testpaths`, and the names of the test files (`python_files`)",
    ),
    Sign(
        pattern=r"^(?:coverage: )?No data to report\.?$",
        example="coverage: No data to report.",
        cause="no coverage was measured",
        remedy="check whether the test process ended early, or the coverage settings exclude everything",
    ),
    Sign(
        pattern=r"^(?:.*: )?(\S+): (?:command )?not found$",
        example="/bin/sh: 1: npm: not found",
        cause="command not found: {0!r}",
        remedy="name its Debian package in `apt = [...]`, or its Python package in `packages`",
    ),
)
