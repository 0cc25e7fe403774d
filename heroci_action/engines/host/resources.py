"""Resources that the stages of one run share on this machine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from heroci_action.engines.docker import Docker
from heroci_action.engines.host.cache import kept_directory
from heroci_action.engines.host.declared_reports import DeclaredReports
from heroci_action.engines.host.environment import Installed
from heroci_action.engines.host.services import ProcessServices
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.host.written_files import WrittenFiles
from heroci_action.engines.secret_store import SecretStore
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import EngineError
from heroci_action.plan.stages import TOOL_CACHES, Plan


@dataclass(slots=True, kw_only=True)
class RunResources:
    """The environment, services and image of a run; `installed` and `image` are set by the steps that create them."""

    settings: EngineSettings
    plan: Plan
    workspace: Workspace
    docker: Docker
    services: ProcessServices
    secrets: SecretStore
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    installed: Installed | None = None
    image: str | None = None
    written: WrittenFiles = field(init=False)
    reports: DeclaredReports = field(init=False)

    def __post_init__(self) -> None:
        self.written = WrittenFiles(self.settings.root)
        self.reports = DeclaredReports(self.directory, self.plan)
        self.secrets.add(self.secret_key)

    @property
    def directory(self) -> Path:
        """The directory in which commands run."""
        return self.settings.root / self.plan.directory

    @property
    def built_image(self) -> str:
        """The tag of the production image. Raises EngineError if it has not been built."""
        if self.image is None:
            raise EngineError(
                "the production image has not been built", remedy="do not skip the stage 'image'"
            )
        return self.image

    @property
    def environment(self) -> Installed:
        """The base environment. Raises EngineError if it has not been built."""
        if self.installed is None:
            raise EngineError(
                "the base environment has not been built", remedy="do not skip the stage 'base'"
            )
        return self.installed

    def tool_caches(self) -> Path:
        """Create and return the directory of the tools' own caches; a fresh run starts with an empty one."""
        settings = self.settings
        if settings.fresh:
            return self.workspace.directory("caches")
        return kept_directory(settings.cache, settings.root, TOOL_CACHES)

    async def release(self) -> None:
        """Unlock the environment, and remove the image and created files; its layers stay in Docker's build cache."""
        self.written.remove()
        if self.installed:
            self.installed.lock.close()
        if self.image:
            await self.docker.capture("image", "rm", "-f", self.image)
