"""Resolve make, tox, nox and other task runners to the commands that they run."""
