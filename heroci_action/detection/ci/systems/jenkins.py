"""Read the shell steps of a Jenkinsfile, in order, without the rest of its Groovy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.records import ROOT, Image, Job, Script
from heroci_action.detection.ci.systems.service_files import created_files
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import RepositoryFiles

_FILE = r"((ci|\.jenkins|jenkins)/)?Jenkinsfile"
# `// deploy`, `/* later */`
_COMMENT = re.compile(r"^[ \t]*//[^\n]*|/\*.*?\*/", re.MULTILINE | re.DOTALL)
# sh 'make test', sh(script: """…""", label: 'test')
_STEP = re.compile(
    r"\bsh\s*\(?\s*(?:label:\s*['\"][^'\"]*['\"],\s*)?(?:script:\s*)?"
    r"('''|\"\"\"|'|\")(?P<text>.*?)(?<!\\)\1",
    re.DOTALL,
)
# `docker { image 'acme/tools' }`, `docker.image('acme/tools').inside { … }`: the steps run in it.
_AGENT = re.compile(
    r"\bdocker\s*\{[^{}]*?\bimage\s*\(?\s*['\"]([\w./:-]+)['\"]"
    r"|\bimage\s*\(\s*['\"]([\w./:-]+)['\"]\s*\)\s*\.inside\b"
)
# `image 'python:3.12'`
_IMAGE = re.compile(r"\bimage\s*[(:]?\s*['\"]([\w./:-]+)['\"]")
# NAME = 'value' in a block `environment { … }`
_ENVIRONMENT = re.compile(r"\benvironment\s*\{([^{}]*)\}")
# `NAME = 'value'`
_ASSIGNMENT = re.compile(r"^\s*(\w+)\s*=\s*['\"]([^'\"$]*)['\"]\s*$", re.MULTILINE)

# Variables of Jenkins itself.
_PREDEFINED = {"WORKSPACE": ROOT}


def read_jenkins(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the pipeline as one job."""
    for path in tree.matching(_FILE):
        text = _COMMENT.sub("", tree.text(path))
        images = [Image.parse(name, source=path) for name in _IMAGE.findall(text)]
        agents = {found[1] or found[2] for found in _AGENT.finditer(text)}
        blocks = _ENVIRONMENT.findall(text)
        assigned = (found for block in blocks for found in _ASSIGNMENT.findall(block))
        env = {**_PREDEFINED, **dict(assigned)}
        context = Context(files=WorkingTree(tree))
        steps = (Script(text=step["text"], source=path, env=env) for step in _STEP.finditer(text))
        yield Job(
            name="",
            source=path,
            commands=tuple(command for step in steps for command in run(step, context)),
            # Which of several agents runs the tests is not known.
            image=Image.parse(*agents, source=path) if len(agents) == 1 else None,
            services=tuple(image for image in images if image.reference not in agents),
            python=next((image.python for image in images if image.python), None),
            predefined=_PREDEFINED,
            created=created_files(context.files),
            not_followed=tuple(context.not_followed),
        )
