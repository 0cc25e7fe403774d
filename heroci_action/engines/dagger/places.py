"""Paths and variables that HeroCI uses inside containers."""

from __future__ import annotations

ROOT = "/src"
"""The repository."""

HOME = "/heroci"
"""Everything that HeroCI adds to a container."""

REPORTS = f"{HOME}/reports"
PROBES = f"{HOME}/probes"
CACHES = f"{HOME}/caches"
PROJECT = f"{HOME}/project"
"""The virtual environment of the project."""

TOOLS = f"{HOME}/tools"
"""The virtual environment of HeroCI's own tools."""

OUTCOME = f"{HOME}/outcome"
"""The exit code of the last command, and the execution that it came from."""

STOP = f"{HOME}/stop"
"""A cache volume in which a file with the name of an execution asks that execution to end."""

EXECUTION = "HEROCI_EXECUTION"
"""The name of an execution; volatile, so that it is not part of the engine's cache key."""

STAGE = "HEROCI_STAGE"
"""The stage that a service belongs to, so that stages do not share it."""

SALT = "HEROCI_SALT"
"""A random value; with another salt, the engine executes a command again."""
