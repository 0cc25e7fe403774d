"""Names of packages in Ubuntu, where most CIs run, and in the systems of images, that differ in Debian."""

from __future__ import annotations

import re
from collections.abc import Mapping

LOCALES = "locales-all"  # all languages, already made
# The package with the same programs in Debian.
_DEBIAN: Mapping[str, str] = {
    "chromium-browser": "chromium",
    "chromium-chromedriver": "chromium-driver",
    "firefox": "firefox-esr",
    "ttf-dejavu": "fonts-dejavu",
    "ttf-dejavu-core": "fonts-dejavu-core",
    "ttf-freefont": "fonts-freefont-ttf",
    "ttf-liberation": "fonts-liberation",
    "libgdal-grass": "libgdal-dev",
    "libasound2t64": "libasound2",
    "libmysqlclient-dev": "default-libmysqlclient-dev",
    "mysql-client": "default-mysql-client",
    # Debian 13 has only the new names of these packages; those on the right are in Debian 12, too.
    "libgdk-pixbuf2.0-0": "libgdk-pixbuf-2.0-0",
    "libgdk-pixbuf2.0-dev": "libgdk-pixbuf-2.0-dev",
    "libgl1-mesa-glx": "libgl1",
    "libncurses5-dev": "libncurses-dev",
    "libncursesw5-dev": "libncurses-dev",
    "netcat": "netcat-openbsd",
    # Debian 13 has only the successor, with which uWSGI is built as well.
    "libpcre3": "libpcre2-8-0",
    "libpcre3-dev": "libpcre2-dev",
    "python": "python3",
    "python-dev": "python3-dev",
    "python-pip": "python3-pip",
    # Alpine; actions that install packages ignore unknown names, so such lists occur in workflows too.
    "alpine-sdk": "build-essential",
    "build-base": "build-essential",
    "bzip2-dev": "libbz2-dev",
    "curl-dev": "libcurl4-openssl-dev",
    "cairo-dev": "libcairo2-dev",
    "cyrus-sasl-dev": "libsasl2-dev",
    "expat-dev": "libexpat1-dev",
    "file-dev": "libmagic-dev",
    "freetype-dev": "libfreetype-dev",
    "gdal-dev": "libgdal-dev",
    "geos-dev": "libgeos-dev",
    "gdal-tools": "gdal-bin",
    "gettext-dev": "gettext",
    "gmp-dev": "libgmp-dev",
    "gnutls-dev": "libgnutls28-dev",
    "jpeg-dev": "libjpeg-dev",
    "krb5-dev": "libkrb5-dev",
    "lcms2-dev": "liblcms2-dev",
    "libc-dev": "libc6-dev",
    "linux-headers": "linux-libc-dev",
    "mariadb-connector-c-dev": "libmariadb-dev",
    "mariadb-dev": "libmariadb-dev",
    "musl-dev": "libc6-dev",
    "ncurses-dev": "libncurses-dev",
    "openjpeg-dev": "libopenjp2-7-dev",
    "openldap-dev": "libldap2-dev",
    "openssl-dev": "libssl-dev",
    "pango-dev": "libpango1.0-dev",
    "pcre": "libpcre2-8-0",
    "pcre-dev": "libpcre2-dev",
    "postgresql-dev": "libpq-dev",
    "proj-dev": "libproj-dev",
    "py-cffi": "python3-cffi",
    "py3-cffi": "python3-cffi",
    "readline-dev": "libreadline-dev",
    "rust": "rustc",
    "shadow": "passwd",
    "sqlite-dev": "libsqlite3-dev",
    "tiff-dev": "libtiff-dev",
    "xmlsec": "xmlsec1",
    "xmlsec-dev": "libxmlsec1-dev",
    "xz-dev": "liblzma-dev",
    "yaml-dev": "libyaml-dev",
    "zlib-dev": "zlib1g-dev",
    "libjpeg-turbo-dev": "libjpeg-dev",
    "libmagic": "libmagic1",
    "libpq": "libpq5",
    "libxslt-dev": "libxslt1-dev",
    # Fedora and Red Hat; other names end in `-devel`.
    "file-libs": "libmagic1",
    "gcc-c++": "g++",
    "gdal": "gdal-bin",
    "gdal-libs": "gdal-bin",
    "openldap-devel": "libldap2-dev",
    "openssl-devel": "libssl-dev",
    "python3-devel": "python3-dev",
    "zlib-devel": "zlib1g-dev",
}
# `ubuntu-dev-tools`, `python3.12-dev`
_UBUNTU_ONLY = re.compile(
    r"firefox-geckodriver|ubuntu-.*|linux-(generic|modules-extra|headers)-.*|"
    r"software-properties-common|mongodb(-org.*|-server)?|ttf-mscorefonts-installer|"
    r"libgconf-2-4|python3-distutils|snapd|wait4ports|google-chrome-.*|python(2|3\.\d+)(-.*)?|.*-lts-.*"
)
# The version in these names belongs to one release; the package for development depends on the available one.
_OF_ONE_RELEASE = tuple(
    (re.compile(pattern), package)
    for pattern, package in (
        (r"libgdal\d+\w*", "gdal-bin"),
        (r"libproj\d+", "libproj-dev"),
        (r"libgeos-?[\d.]+\w*", "libgeos-dev"),
        (r"libicu\d+", "libicu-dev"),
        (r"libjpeg(-turbo)?8(-dev)?", "libjpeg-dev"),
        (r"libtiff5(-dev)?", "libtiff-dev"),
        (r"libwebp6", "libwebp-dev"),
        (r"libffi[67]", "libffi-dev"),
        (r"libssl1\.\d(\.\d)?", "libssl-dev"),
        (r"libenchant1c2a", "libenchant-2-2"),
        (r"openjdk-\d+-(?:jre|jdk)(?:-headless)?", "default-jre-headless"),
        (r"(?:mysql|mariadb)-client(?:-core)?-[\d.]+", "default-mysql-client"),
        (r"postgresql-client-\d+", "postgresql-client"),
        (r"language-pack-(?!gnome|kde)[\w-]+", LOCALES),
    )
)


def _of_library(name: str) -> str:
    """Return the package for development of a library that Red Hat calls `libxml2-devel` or `postgresql-devel`."""
    alpine = f"{name}-dev"
    return alpine if name.startswith("lib") else _DEBIAN.get(alpine, f"lib{alpine}")


def debian_name(package: str) -> str | None:
    """Return the name of a package in Debian; None if Debian does not have it."""
    if _UBUNTU_ONLY.fullmatch(package):
        return None
    if package.endswith("-devel") and package not in _DEBIAN:
        package = _of_library(package.removesuffix("-devel"))
    general = (name for pattern, name in _OF_ONE_RELEASE if pattern.fullmatch(package))
    return _DEBIAN.get(package) or next(general, package)
