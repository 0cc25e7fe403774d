"""Files of CI services that HeroCI does not read, and files in which it finds nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from heroci_action.detection.ci.records import Job, LeftOut
from heroci_action.detection.ci.systems.azure import AZURE
from heroci_action.detection.ci.systems.codebuild import FILES as CODEBUILD
from heroci_action.detection.ci.yaml_file import parse_yaml
from heroci_action.repository.files import RepositoryFiles

_UNSUPPORTED: Mapping[str, str] = {
    "AppVeyor": r"\.?appveyor\.ya?ml",
    "Bamboo": r"bamboo-specs/.*\.ya?ml",
    "Bitrise": r"bitrise\.ya?ml",
    "Buddy": r"buddy\.ya?ml",
    "Codefresh": r"(\.codefresh/)?codefresh[\w.-]*\.ya?ml",
    "Codeship": r"codeship-(steps|services)\.ya?ml",
    "Google Cloud Build": r"(.*/)?cloudbuild[\w.-]*\.ya?ml",
    "Harness": r"\.harness/.*\.ya?ml",
    "PipelineLib": r"\.pipeline/config\.ya?ml",
    "Scrutinizer": r"\.scrutinizer\.ya?ml",
    "SourceHut": r"\.build\.ya?ml|\.builds/[^/]+\.ya?ml",
    "TeamCity": r"\.teamcity/.*\.(kts|xml)",
    "Tekton": r"\.tekton/.*\.ya?ml",
    "Wercker": r"wercker\.ya?ml",
    "Zuul": r"\.?zuul\.ya?ml|\.?zuul\.d/.*\.ya?ml",
}
# Files of the services that HeroCI reads: a broken one has no jobs.
_READ = (
    r"\.(github|forgejo|gitea)/workflows/[^/]+\.ya?ml|\.gitlab-ci\.ya?ml|\.circleci/config\.ya?ml|\.travis\.ya?ml|"
    r"\.drone\.ya?ml|\.woodpecker(/[\w.-]+)?\.ya?ml|bitbucket-pipelines\.yml|"
    rf"{AZURE}|"
    r"\.semaphore/semaphore\.yml|\.buildkite/pipeline\.ya?ml|\.cirrus\.ya?ml|"
    rf"{CODEBUILD}"
)


def read_unread(tree: RepositoryFiles, known: Collection[str]) -> Iterator[Job]:
    """Yield a job without commands for each service that is not read, and for each file that is broken.

    `known` are the files in which jobs were found.
    """
    for service, pattern in _UNSUPPORTED.items():
        for path in tree.matching(pattern)[:1]:
            yield _unread(path, f"HeroCI does not read the files of {service}")
    for path in tree.matching(_READ):
        text = tree.text(path)
        if path not in known and text.strip() and not parse_yaml(text):
            yield _unread(path, "it is not valid YAML")


def _unread(path: str, reason: str) -> Job:
    line = LeftOut(line=path, source=path, reason=reason)
    return Job(name="", source=path, not_followed=(line,))
