# Sourced by the other scripts: `environment LOCKFILE` creates .venv with the packages of a lock file, or reuses it if nothing has
# changed. Requires only Python 3.11 or newer.

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.14 python3.11 python}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "error: Python 3.11 or newer not found" >&2
    echo "  remedy: install it, or set PYTHON to its path" >&2
    exit 2
}

environment() {
    if [ -f .venv/lock ] && cmp -s "$1" .venv/lock && cmp -s pyproject.toml .venv/pyproject; then
        return
    fi
    python=$(find_python)
    echo "Setting up .venv with $1 ..." >&2
    # Replace a virtual environment whose interpreter no longer runs, such as one copied from another machine.
    .venv/bin/python --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
    .venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r "$1" >&2
    .venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --editable . >&2
    cp "$1" .venv/lock
    cp pyproject.toml .venv/pyproject
}
