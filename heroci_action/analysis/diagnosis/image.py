"""Signs of failures while the production image is built."""

from __future__ import annotations

from heroci_action.analysis.diagnosis.sign import Sign

SIGNS = (
    Sign(
        pattern=r"toomanyrequests:|reached your (?:unauthenticated )?pull rate limit",
        example="toomanyrequests: You have reached your unauthenticated pull rate limit.",
        cause="the registry has refused to serve more images for now, because its rate limit is reached",
        remedy="log in to the registry with `docker login`, use a mirror, or wait",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"(?:failed to do request: |from daemon: )(?:Head|Get) \"?https?://([^/\"\s]+)[^\n]*?"
        r"(?:dial tcp|i/o timeout|net/http: |connection (?:refused|reset)|EOF$|tls: |x509: )",
        example='failed to do request: Head "https://images.test/v2/": dial tcp: lookup images.test: no such host',
        cause="the registry {0} cannot be reached",
        remedy="check the network, the proxy of the Docker daemon and the name of the registry",
        machine=True,
        installation=True,
    ),
    Sign(
        pattern=r"(?:failed to (?:resolve source metadata for|solve: [^\n]*?load metadata for)"
        r"|pull access denied for|manifest for) (\S+?):?,? ",
        example="ERROR: failed to solve: x: failed to resolve source metadata for docker.io/library/nope:1: not found",
        cause="the base image '{0}' cannot be pulled",
        remedy="check the name of the image, its registry and the login",
        installation=True,
    ),
    Sign(
        pattern=r"failed to solve: process \"([^\n]*?)\" did not complete successfully",
        example='ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2',
        cause="a RUN instruction of the Dockerfile failed: {0}",
        remedy="fix the instruction; the output above is what its command printed",
        installation=True,
    ),
    Sign(
        pattern=r'failed to (?:calculate checksum of ref|compute cache key)[^\n]*?"([^"]+)": not found',
        example='ERROR: failed to solve: failed to calculate checksum of ref x: "/a": not found',
        cause="the Dockerfile copies {0!r}, which is not in the build context",
        remedy="correct the path, or check `.dockerignore` and whether the file is committed",
        installation=True,
    ),
    Sign(
        pattern=r"dockerfile parse error[^\n]*?(?:on )?line (\d+): ([^\n]+)",
        example="ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN",
        cause="line {0} of the Dockerfile is not valid: {1}",
        remedy="correct the line, or update Docker if its version does not know this syntax",
        installation=True,
    ),
    Sign(
        pattern=r"no match for platform in manifest|exec format error",
        example="exec /bin/sh: exec format error",
        cause="the base image does not exist for the platform of this machine",
        remedy="use an image that is built for it, or build on another machine",
        installation=True,
    ),
    # Older versions of BuildKit, as in Docker 20.10.
    Sign(
        pattern=r"failed to solve: executor failed running \[([^\n]*)\]: exit code",
        example="ERROR: failed to solve: executor failed running [/bin/sh -c make]: exit code: 2",
        cause="a RUN instruction of the Dockerfile failed: {0}",
        remedy="fix the instruction; the output above is what its command printed",
        installation=True,
    ),
)
