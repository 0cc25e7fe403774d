"""Signs of settings, migrations and modules that cannot be loaded."""

from __future__ import annotations

import re

from heroci_action.analysis.diagnosis.sign import Sign

MISSING_MODULE = re.compile(
    r"^(?:E +)?ModuleNotFoundError: No module named '([^']+)'", re.MULTILINE
)
# Removed in Python 3.12 and 3.13 (PEP 594); distutils has its own sign.
_REMOVED_MODULES = (
    *("imp", "asynchat", "asyncore", "smtpd", "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt"),
    *("imghdr", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd"),
    *("sunau", "telnetlib", "uu", "xdrlib", "lib2to3"),
)
_SET_VARIABLE = "give it a value: `env = {{ {0} = ... }}`"

SIGNS = (
    Sign(
        pattern=r"conflicting migrations detected|Conflicting migrations detected",
        example="CommandError: Conflicting migrations detected; multiple leaf nodes",
        cause="two migrations of one app have the same parent",
        remedy="run `python manage.py makemigrations --merge` and commit the result",
    ),
    Sign(
        pattern=r"^Migrations for '([^']+)':",
        example="Migrations for 'superheroes':\n  x.py",
        cause="the models of app {0!r} have changes without a migration",
        remedy="run `python manage.py makemigrations` and commit the result",
    ),
    Sign(
        pattern=r'File "([^"]+)", line (\d+)\n(?:.*\n){1,4}(?:SyntaxError|IndentationError|TabError): (.+)$',
        example="  File \"/app/settings.py\", line 7\n    DEBUG = (\n            ^\nSyntaxError: '(' was never closed",
        cause="{0}, line {1}, is not valid Python: {2}",
        remedy="fix the line; nothing that imports the file can run before that",
    ),
    Sign(
        pattern=r"No module named 'pkg_resources'",
        example="ModuleNotFoundError: No module named 'pkg_resources'",
        cause="a dependency uses setuptools without declaring it, and environments no longer include setuptools",
        remedy='set `packages = ["setuptools<82"]`; newer versions do not contain pkg_resources',
    ),
    Sign(
        pattern=r"No module named 'distutils(?:\.[^']*)?'",
        example="ModuleNotFoundError: No module named 'distutils'",
        cause="a dependency is too old for this Python version: it uses distutils",
        remedy='upgrade the dependency, set `python = "3.11"`, or `packages = ["setuptools"]`, which has a replacement',
    ),
    Sign(
        pattern=r"Could not find the GDAL library",
        example='django.core.exceptions.ImproperlyConfigured: Could not find the GDAL library (tried "gdal")',
        cause="GeoDjango needs the GDAL system library, which is not installed",
        remedy='set `apt = ["gdal-bin"]`',
    ),
    Sign(
        pattern=rf"No module named '({'|'.join(_REMOVED_MODULES)})(?:\.[^']*)?'",
        example="ModuleNotFoundError: No module named 'cgi'",
        cause="the module {0!r} is not in the standard library of this Python version any more",
        remedy='upgrade the dependency that imports it, or set `python` to an older version, such as "3.11"',
    ),
    Sign(
        pattern=r"(?:OSError|ImportError): (?:\S+: )?(lib[\w.+-]+\.so[\w.]*): cannot open shared object file"
        r"|cannot load library '([^']+)'|failed to find (libmagic)|Could not find the (GEOS) library"
        r"|Unable to load the (SpatiaLite) library",
        example="OSError: libpango-1.0.so.0: cannot open shared object file: No such file or directory",
        cause="the system library '{0}{1}{2}{3}{4}' is not installed",
        remedy="name the Debian package that contains it in `apt = [...]`",
    ),
    Sign(
        pattern=r"Can't find (msg\w+)\. Make sure you have GNU gettext tools",
        example="CommandError: Can't find msgfmt. Make sure you have GNU gettext tools 0.15 or newer installed.",
        cause="the program {0} is not installed",
        remedy='set `apt = ["gettext"]`',
    ),
    Sign(
        pattern=r"FileNotFoundError: \[Errno 2\] No such file or directory: '([\w.+-]+)'\s*$",
        example="FileNotFoundError: [Errno 2] No such file or directory: 'ffmpeg'",
        cause="the program or file {0!r} is missing",
        remedy="install the Debian package of a program (a warning of the base stage may name it), and name it in "
        "`apt = [...]`; create a file in `tests.before`",
    ),
    Sign(
        pattern=MISSING_MODULE.pattern,
        example="ModuleNotFoundError: No module named 'rest_framework'",
        cause="the module {0!r} is not installed in the environment",
        remedy="name the requirements file that contains it in `requirements`, or the package in `packages`",
    ),
    Sign(
        pattern=r"ImproperlyConfigured: Requested setting [\s\S]{0,200}settings are not configured",
        example="ImproperlyConfigured: Requested setting INSTALLED_APPS, but settings are not configured.",
        cause="no settings module is configured, so Django does not know which one to use",
        remedy='set `settings = "package.module"`',
    ),
    Sign(
        pattern=r"Configuration cannot be imported[\s\S]{0,200}DJANGO_CONFIGURATION",
        example="Configuration cannot be imported, environment variable DJANGO_CONFIGURATION is undefined.",
        cause="django-configurations needs the name of a configuration class, but DJANGO_CONFIGURATION is not set",
        remedy='set `env = {{ DJANGO_CONFIGURATION = "..." }}` to a class of the settings module',
    ),
    Sign(
        pattern=r"is required to be set as the environment variable '([^']+)'",
        example="ValueError: Value 'SECRET' is required to be set as the environment variable 'DJANGO_SECRET'",
        cause="the environment variable {0} is not set",
        remedy=_SET_VARIABLE,
    ),
    Sign(
        pattern=r"^KeyError: '([A-Z][A-Z0-9_]+)'",
        example="KeyError: 'SECRET_KEY'",
        cause="the environment variable {0} is not set",
        remedy=_SET_VARIABLE,
    ),
    Sign(
        pattern=r"(?:ImproperlyConfigured|UndefinedValueError): (?:Set the )?([A-Z][A-Z0-9_]+) "
        r"(?:environment|not found)",
        example="django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable",
        cause="the environment variable {0} is not set",
        remedy=_SET_VARIABLE,
    ),
    Sign(
        pattern=r'(?:EnvError|EnvironmentVariableError): Environment variable "([^"]+)" (?:not set|is not set)',
        example='environs.exceptions.EnvError: Environment variable "SHOP_FEE" not set',
        cause="the environment variable {0} is not set",
        remedy=_SET_VARIABLE,
    ),
    Sign(
        pattern=r"validation errors? for (\w+)\n(\w+)\n +Field required",
        example="ValidationError: 1 validation error for Shop\nshop_fee\n  Field required [type=missing]",
        cause="the settings class {0} requires a value for '{1}', which no environment variable has",
        remedy="set its variable in `env = {{ ... }}`: the name in capitals, after the prefix of the class",
    ),
    Sign(
        pattern=r"The SECRET_KEY setting must not be empty",
        example="django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
        cause="the setting SECRET_KEY is empty; it may come from an environment variable that is not set",
        remedy="give it a value: `env = {{ SECRET_KEY = ... }}`",
    ),
    Sign(
        pattern=r"settings\.DATABASES is improperly configured\. Please supply the (\w+) value",
        example="ImproperlyConfigured: settings.DATABASES is improperly configured. Please supply the ENGINE value.",
        cause="the settings configure no database: {0} has no value",
        remedy="let the settings read DATABASE_URL, or set the variables that they read in `env`",
    ),
    Sign(
        pattern=r"without having set the STATIC_ROOT setting",
        example="ImproperlyConfigured: You're using the staticfiles app without having set the STATIC_ROOT setting",
        cause="the static files cannot be collected: STATIC_ROOT is not set",
        remedy="set STATIC_ROOT in the settings of the tests",
    ),
    Sign(
        pattern=r"Are you sure webpack has generated the file|Cannot (?:read Vite manifest|find \S+ in Vite manifest)"
        r"|missing from offline manifest",
        example="OSError: Error reading webpack-stats.json. Are you sure webpack has generated the file?",
        cause="the front end has not been built, but templates require its manifest",
        remedy='build it in `tests.before`, such as ["npm ci", "npm run build"]',
    ),
    Sign(
        pattern=r"Missing staticfiles manifest entry for '([^']+)'",
        example="ValueError: Missing staticfiles manifest entry for 'css/shop.css'",
        cause="the static files have not been collected, but the storage used by the tests requires them",
        remedy='set `tests.before = ["python manage.py collectstatic --noinput"]`',
    ),
    # Django prints the name before it applies the migration, and OK after it; the traceback is on another stream.
    Sign(
        pattern=r"Applying ([\w.]+)\.\.\.(?! (?:OK|FAKED))",
        example="  Applying shop.0002_total...Traceback (most recent call last):",
        cause="the migration {0} failed",
        remedy="run it on the same database server with the same variables: `heroci plan --explain` lists them",
        with_exception=True,
    ),
)
