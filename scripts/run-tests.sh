#!/bin/sh
# Run every check and test of HeroCI itself; options go to pytest.
set -eu
cd "$(dirname "$0")/.."

echo "== style and types" >&2
scripts/run-checks.sh

echo "== tests" >&2
PATH="$PWD/.venv/bin:$PATH"
export PATH
pytest "$@"
