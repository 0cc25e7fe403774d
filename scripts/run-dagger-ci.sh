#!/bin/sh
# Run the main job on this repository's Django project. Options are passed to `heroci run`; see --help.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
environment requirements-dagger.txt

# pyproject.toml requires Python 3.13 for the project. If it is missing, it may not be downloadable either: use this machine's.
has_python() {
    command -v python3.13 || ls "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.13.*/bin/python
}
if ! has_python >/dev/null 2>&1; then
    version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python 3.13 is not installed: testing the project with Python $version ..." >&2
    set -- --python "$version" "$@"
fi
exec .venv/bin/python dagger_pipeline.py "$@"
