"""Signs of failures while the production image is built."""

from __future__ import annotations

from heroci_action.analysis.diagnosis.sign import Sign

SIGNS = (
    Sign(
        pattern=r"failed to (?:resolve source metadata for|solve: [^\n]*?load metadata for) (\S+?):? ",
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
    # Older versions of BuildKit, as in Docker 20.10.
    Sign(
        pattern=r"failed to solve: executor failed running \[([^\n]*)\]: exit code",
        example="ERROR: failed to solve: executor failed running [/bin/sh -c make]: exit code: 2",
        cause="a RUN instruction of the Dockerfile failed: {0}",
        remedy="fix the instruction; the output above is what its command printed",
        installation=True,
    ),
)
