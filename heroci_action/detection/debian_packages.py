"""Names of packages in Ubuntu, where most CIs run, and in Alpine, where most images start, that differ in Debian."""

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
    # Alpine; actions that install packages ignore unknown names, so such lists occur in workflows too.
    "build-base": "build-essential",
    "cairo-dev": "libcairo2-dev",
    "freetype-dev": "libfreetype-dev",
    "gdal-dev": "libgdal-dev",
    "geos-dev": "libgeos-dev",
    "gettext-dev": "gettext",
    "jpeg-dev": "libjpeg-dev",
    "lcms2-dev": "liblcms2-dev",
    "libc-dev": "libc6-dev",
    "linux-headers": "linux-libc-dev",
    "mariadb-connector-c-dev": "libmariadb-dev",
    "mariadb-dev": "libmariadb-dev",
    "openjpeg-dev": "libopenjp2-7-dev",
    "openldap-dev": "libldap2-dev",
    "openssl-dev": "libssl-dev",
    "pango-dev": "libpango1.0-dev",
    "postgresql-dev": "libpq-dev",
    "proj-dev": "libproj-dev",
    "tiff-dev": "libtiff-dev",
    "xmlsec": "xmlsec1",
    "xmlsec-dev": "libxmlsec1-dev",
    "zlib-dev": "zlib1g-dev",
}
_UBUNTU_ONLY = re.compile(
    r"firefox-geckodriver|ubuntu-.*|language-pack-.*|linux-(generic|modules-extra|headers)-.*|"
    r"software-properties-common|"
    r"snapd|google-chrome-.*|python(2|3\.\d+)(-.*)?|.*-lts-.*"
)


def debian_name(package: str) -> str | None:
    """Return the name of a package in Debian; None if Debian does not have it."""
    if _UBUNTU_ONLY.fullmatch(package):
        return None
    return _DEBIAN.get(package, package)
