"""The images of PostGIS for versions of PostgreSQL."""

from __future__ import annotations

# The newest PostGIS for an old PostgreSQL; newer ones have 3.5: https://hub.docker.com/r/postgis/postgis
_OLD = {"9.6": "3.2", "10": "3.2", "11": "3.3", "12": "3.4"}
_NEWEST = "17"


def postgis_image(version: str) -> str:
    """Return the image for a version of PostgreSQL, for the newest one if it is empty."""
    version = version or _NEWEST
    return f"postgis/postgis:{version}-{_OLD.get(version, '3.5')}"
