"""The Unix socket of MySQL: its own client takes the name of the machine for that, whatever the port."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.servers.ci_servers import MARIADB, MYSQL, ServerKind
from heroci_action.detection.servers.database_record import Database


def warn_of_socket(project: ProjectFiles, way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Warn of a host in the code that mysqlclient does not reach over the network; PyMySQL does.

    Source: MySQL, "Connecting to the MySQL Server Using Command Options", the host "localhost".
    """
    named = way.literals.get("HOST", "") == "localhost" and kind in {MYSQL, MARIADB}
    if named and "mysqlclient" in distributions(project):
        yield Warn(
            f"{way.file} hard-codes the database at localhost, which mysqlclient takes for a Unix socket of the "
            "machine, and HeroCI's server listens on a port; write 127.0.0.1, or let it read the environment"
        )
