"""Images that contain none of the project's code, although they start it: containers mount it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import django, loaded

WSGI = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
FILES = {
    **django(),
    "mysite/wsgi.py": WSGI,
    "requirements.txt": "django\n",
    "entry.sh": "#!/bin/sh\npython manage.py migrate\nexec gunicorn mysite.wsgi\n",
    "wait.sh": '#!/bin/sh\nexec "$@"\n',
    "pyproject.toml": '[project]\nname = "my-shop"\nversion = "1"\n',
}
SERVE = "CMD python manage.py runserver 0.0.0.0:8000"
INSTALL = "FROM python:3.12\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"


@pytest.mark.parametrize(
    ("dockerfile", "without_code"),
    [
        (f"{INSTALL}{SERVE}", True),
        (f"{INSTALL}COPY . .\n{SERVE}", False),
        (f"{INSTALL}COPY mysite manage.py ./\n{SERVE}", False),
        (f'{INSTALL}CMD ["gunicorn", "mysite.wsgi:application"]', True),
        # The stage that is built inherits the command.
        (f"{INSTALL.replace('3.12', '3.12 AS base')}{SERVE}\nFROM base AS web\nEXPOSE 80\n", True),
        (f'{INSTALL}COPY entry.sh /\nENTRYPOINT ["/entry.sh"]', True),
        (f'{INSTALL}COPY wait.sh /\nENTRYPOINT ["/wait.sh"]\n{SERVE}', True),
        # What these start may be in the image.
        (f'{INSTALL}COPY wait.sh /\nENTRYPOINT ["/wait.sh"]', False),
        (f"{INSTALL}RUN pip install my_shop==1.2\nCMD gunicorn mysite.wsgi", False),
        (f"{INSTALL}RUN git clone https://example.org/shop\n{SERVE}", False),
        (f"FROM acme/shop\nCOPY requirements.txt .\nRUN pip install gunicorn\n{SERVE}", False),
        (f"{INSTALL}CMD gunicorn other.wsgi", False),
    ],
)
def test_an_image_that_starts_code_it_does_not_contain_is_not_for_production(
    tmp_path: Path, dockerfile: str, without_code: bool
) -> None:
    facts = loaded(tmp_path, {**FILES, "Dockerfile": f"{dockerfile}\n"}).facts
    assert ("image" in facts.skips) is without_code


@pytest.mark.parametrize(
    ("volume", "without_code"), [(".:/app", True), ("data:/data", False), ("./docs:/docs", False)]
)
def test_a_compose_file_shows_that_containers_mount_the_code(
    tmp_path: Path, volume: str, without_code: bool
) -> None:
    compose = f"services: {{web: {{build: ., volumes: ['{volume}']}}}}\n"
    files = {"Dockerfile": f"{INSTALL}CMD ./serve\n", "compose.yml": compose, "docs/a.md": ""}
    facts = loaded(tmp_path, {**FILES, **files}).facts
    assert ("image" in facts.skips) is without_code


def test_the_skipped_stage_names_the_image_without_code(tmp_path: Path) -> None:
    facts = loaded(tmp_path, {**FILES, "Dockerfile": f"{INSTALL}{SERVE}\n"}).facts
    reason = "the project has no Dockerfile for production; Dockerfile contains none of its code"
    assert facts.skips["image"] == reason
