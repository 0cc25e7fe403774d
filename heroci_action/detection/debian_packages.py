"""Names of packages that exist in Ubuntu, where most CIs run, but not in Debian."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The package with the same programs in Debian.
_DEBIAN: Mapping[str, str] = {
    "chromium-browser": "chromium",
    "chromium-chromedriver": "chromium-driver",
    "firefox": "firefox-esr",
    "libgdal-grass": "libgdal-dev",
    "libasound2t64": "libasound2",
}
_UBUNTU_ONLY = re.compile(
    r"firefox-geckodriver|ubuntu-.*|language-pack-.*|linux-(generic|modules-extra|headers)-.*|"
    r"software-properties-common|"
    r"snapd|google-chrome-.*|python(2|3\.\d+)(-.*)?|.*-lts-.*"
)


def debian_name(package: str) -> str | None:
    """Return the name of an Ubuntu package in Debian; None if Debian does not have it."""
    if _UBUNTU_ONLY.fullmatch(package):
        return None
    return _DEBIAN.get(package, package)
