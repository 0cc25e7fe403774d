"""Hook of MkDocs: links from docs/ to other files of the repository lead to GitHub, and must exist."""

from __future__ import annotations

import logging
import re
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(\.\./([^)#\s]+)(#[^)\s]*)?\)")
LOG = logging.getLogger("mkdocs.hooks")  # a warning fails a strict build


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Replace the links of a page; MkDocs calls this for every page."""

    def replace(match: re.Match[str]) -> str:
        path, anchor = PurePosixPath(match[1]), match[2] or ""
        if not (ROOT / path).exists():
            LOG.warning("%s links to %s, which does not exist", page.file.src_uri, path)
        return f"]({config.repo_url}/blob/main/{path}{anchor})"

    return LINK.sub(replace, markdown)
