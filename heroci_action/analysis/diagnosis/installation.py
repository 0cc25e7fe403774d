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
        pattern=r"Git operation failed",
        example="  Caused by: Git operation failed\n  Caused by: failed to clone into: /cache/git",
        cause="a requirement is fetched from a git repository that cannot be reached",
        remedy="check the network, or provide a token if the repository is private",
        machine=True,
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
        pattern=r"Failed to (?:download|build) `([^`@\n]+) @ ([^`\n]+)`[\s\S]*Failed to fetch",
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
        pattern=r"fatal error: [\w/.-]+\.h: No such file|pg_config executable not found|Can not find valid pkg-config",
        example="fatal error: libpq-fe.h: No such file or directory",
        cause="a dependency is built from source and its system headers are missing",
        remedy='name the Debian packages in `apt = [...]`, such as "build-essential" and "libpq-dev", or use a wheel',
        installation=True,
    ),
)
