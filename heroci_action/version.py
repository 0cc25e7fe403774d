"""The version of HeroCI, and the action of its release; the one place that holds them."""

__version__ = "0.1.0"
# OWNER/REPOSITORY@vX.Y.Z, which scripts/release.py fills in a release; empty in any other source.
ACTION = ""
