#!/bin/sh
# Run every check and test of HeroCI itself, and list the slowest tests. Options are passed to pytest; with -k, -m or a path only
# these tests run, without the checks. `--cov` measures the coverage of HeroCI (settings: tests/coverage.toml).
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
environment requirements-dev.txt

if [ $# -eq 0 ] || [ "${CI:-}" = true ]; then
    echo "== style, types and contracts" >&2
    scripts/run-checks.sh
fi

echo "== tests" >&2
PATH="$PWD/.venv/bin:$PATH"
export PATH
# The Python of the reference project, once: otherwise each test that runs HeroCI would download it into a cache of its own or,
# without a network, wait for the name server before it takes another Python.
uv python find --quiet 3.13 2>/dev/null || uv python install --quiet 3.13 2>/dev/null || export UV_PYTHON_DOWNLOADS=never
exec pytest --cov-config=tests/coverage.toml --durations=20 --durations-min=1 "$@"
