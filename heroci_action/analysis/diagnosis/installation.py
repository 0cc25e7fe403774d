"""Signs of failures while system packages and requirements are installed."""

from __future__ import annotations

from heroci_action.analysis.diagnosis.sign import Sign

SIGNS = (
    Sign(
        pattern=r"E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate)",
        example="E: Unable to locate package chromium-browser",
        cause="the system package '{0}{1}' does not exist in this Debian release",
        remedy="use Debian's name of the package in `apt`; the project's CI may name Ubuntu's",
        installation=True,
    ),
    Sign(
        pattern=r"Hash mismatch for `([^`]+)`",
        example="error: Hash mismatch for `six==1.17.0`",
        cause="the package index returned another file of {0} than the requirements pin",
        remedy="regenerate the hashes; if there is no new release, do not install the package",
        installation=True,
    ),
    Sign(
        pattern=r"Required uv version `([^`]+)` does not match the running version `([^`]+)`",
        example="error: Required uv version `==0.11.*` does not match the running version `0.13.9`",
        cause="the project requires uv {0} (`required-version`), and HeroCI runs uv {1}",
        remedy="run `pip install 'uv{0}'` where HeroCI is installed, or widen `required-version` under [tool.uv]",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"Git operation failed",
        example="  Caused by: Git operation failed\n  Caused by: failed to clone into: /cache/git",
        cause="a requirement is fetched from a git repository that cannot be reached",
        remedy="check the network, or provide a token if the repository is private",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"HTTP status client error \((40[13])[^)]*\) for url \(([^)]+)\)"
        r"|(40[13]) (?:Client )?Error: \S+ for url: (\S+)",
        example="error: HTTP status client error (401 Unauthorized) for url (https://pypi.example/simple/six/)",
        cause="the package index denies access ({0}{2}): {1}{3}",
        remedy="provide credentials of the index, such as UV_INDEX_<NAME>_PASSWORD or a netrc file",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"invalid peer certificate: (\w+)|CERTIFICATE_VERIFY_FAILED|SSL certificate problem",
        example="error: invalid peer certificate: UnknownIssuer",
        cause="the certificate of the package index, or of a proxy before it, is not trusted",
        remedy="set SSL_CERT_FILE to the certificates of your organization",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"THESE PACKAGES DO NOT MATCH THE HASHES[\s\S]*?^ +(\S+) ",
        example="ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    six==1.1 from x",
        cause="the package index returned another file of {0} than the requirements pin",
        remedy="regenerate the hashes; if there is no new release, do not install the package",
        installation=True,
    ),
    Sign(
        pattern=r"No matching distribution found for ([^\n]+)",
        example="ERROR: No matching distribution found for six==99",
        cause="no version on the package index meets the requirement {0!r}",
        remedy="change the pin, or `python` in the configuration",
        installation=True,
    ),
    Sign(
        pattern=r"(?:File not found: `([^`]+)`|Could not open requirements file: [^\n]*'([^']+)')",
        example="error: File not found: `more.txt`",
        cause="the requirements name the file '{0}{1}', which does not exist",
        remedy="correct the line that names it, or commit the file",
        installation=True,
    ),
    Sign(
        pattern=r"Distribution not found at: (\S+)",
        example="error: Distribution not found at: file:///app/vendor/thing",
        cause="a requirement is the directory {0!r}, which does not exist",
        remedy="correct the path in the requirements; for a git submodule, check it out",
        installation=True,
    ),
    Sign(
        pattern=r"(pyproject\.toml changed significantly since poetry\.lock|poetry\.lock is not up to date"
        r"|lockfile at `?uv\.lock`? needs to be updated|Pipfile\.lock \([^)]*\) out of date"
        r"|[Ll]ockfile needs to be updated|`npm ci` can only install packages when)",
        example="pyproject.toml changed significantly since poetry.lock was last generated.",
        cause="the lock file does not fit the declared dependencies: {0}",
        remedy="update the lock file with the tool that wrote it, and commit it",
        installation=True,
    ),
    Sign(
        pattern=r"HTTP status server error \((5\d\d)[^)]*\)",
        example="error: HTTP status server error (503 Service Unavailable) for url (https://pypi.example/simple/six/)",
        cause="the package index returned a server error ({0})",
        remedy="try again later, or use another package index",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"Failed to (?:download|build|resolve)[^`\n]* `([^`@\n]+) @ ([^`\n]+)`[\s\S]*"
        r"(?:Failed to fetch|error sending request|[Rr]equest failed)",
        example="Failed to download `shop @ https://example.com/a.zip`\n  Failed to fetch: `https://example.com/a.zip`",
        cause="the requirement {0!r} is fetched from {1}, which cannot be reached",
        remedy="check the address in the requirement, and the network",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"(?:Failed to parse: `?([^`\n]+\.(?:toml|txt|cfg|in))`?|Couldn't parse requirement in `([^`]+)`)",
        example="error: Failed to parse: `pyproject.toml`",
        cause="'{0}{1}' contains a line that is not valid",
        remedy="correct the line that the log names",
        installation=True,
    ),
    Sign(
        pattern=r"fatal: unable to access '([^'\n]+)': ",
        example="fatal: unable to access 'https://git.example/shop.git/': Could not resolve host: git.example",
        cause="a requirement is cloned from {0}, which cannot be reached",
        remedy="check the address in the requirement, the network and the proxy variables",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"dns error|Temporary failure in name resolution|Could not resolve host|Network is unreachable"
        r"|Failed to fetch: |error sending request for url|tcp connect error",
        example="error: Failed to fetch: `https://pypi.example/simple/six/`\n  Caused by: dns error",
        cause="the package index cannot be reached",
        remedy="check the network, the proxy variables and the index that the requirements name",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"No solution found when resolving dependencies[\s\S]{0,200}?[Bb]ecause ([\s\S]+?)"
        r"(?:, we can conclude|\.\s)",
        example="error: No solution found when resolving dependencies\n  cause: Because there is no version of six==99 "
        "and you require six==99, we can conclude that your requirements are unsatisfiable.",
        cause="the requirements cannot be met, because {0}",
        remedy="change the pins, or `python` in the configuration",
        installation=True,
    ),
    Sign(
        pattern=r"No solution found when resolving dependencies",
        example="  x No solution found when resolving dependencies:",
        cause="the requirements contradict each other, or do not fit the Python version",
        remedy="read the resolver's explanation above, then change the pins or `python` in the configuration",
        installation=True,
    ),
    Sign(
        # Packages of the project are not visible in the environment of a build.
        pattern=r"(?s:Failed to build `([^`]+)`.*No module named 'pkg_resources')",
        example="error: Failed to build `old==1`\nModuleNotFoundError: No module named 'pkg_resources'",
        cause="{0} is built from source and uses pkg_resources, which setuptools 82 no longer contains",
        remedy='upgrade it, or add `build-constraint-dependencies = ["setuptools<82"]` to [tool.uv] in pyproject.toml '
        "(without [tool.uv] in uv.toml)",
        installation=True,
    ),
    Sign(
        pattern=r"(?:Run-time d|D)ependency \"?([\w.+-]+)\"?(?: found: NO| not found)"
        r"|Package '?([\w.+-]+)'?,? (?:was )?not found(?: in the pkg-config|$)|No package '([^']+)' found",
        example='ERROR: Dependency "cairo" not found (tried pkg-config and cmake)',
        cause="a dependency is built from source and needs the library {0}{1}{2}, which is missing",
        remedy="install its Debian package for development, for example lib{0}{1}{2}-dev: `apt = [...]` in the "
        "configuration, or `apt-get install`; or use a wheel",
        installation=True,
    ),
    Sign(
        pattern=r"fatal error: [\w/.-]+\.h: No such file|(?:pg|mysql)_config(?: executable)? not found"
        r"|Can not find valid pkg-config|command '[\w.-]*(?:gcc|cc|g\+\+)' failed: No such file",
        example="fatal error: libpq-fe.h: No such file or directory",
        cause="a dependency is built from source and its system headers are missing",
        remedy="install them: `heroci plan` lists the packages that it knows under `base`, and `apt = [...]` adds "
        'others, such as "build-essential" and "libpq-dev"; or use a wheel',
        installation=True,
    ),
)
