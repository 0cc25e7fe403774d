"""Variables without which the settings end with an exception of their own, and those of Cloud Foundry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded

RAISES = "    raise ValueError(1)\n"
READ = 'TOKEN = os.environ.get("SHOP_TOKEN")\n'


DECLARED = 'env = environ.Env(SHOP_TOKEN=(str, "a"))\nTOKEN = env("SHOP_TOKEN")\n'


def missing(root: Path, settings: str) -> bool:
    found = loaded(root, django(f"{SQLITE}import os, sys\n{settings}")).warnings
    return any("have no value: SHOP_TOKEN (" in text for text in found)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (f"{READ}if not TOKEN:\n{RAISES}", True),
        (f"{READ}if TOKEN is None:\n{RAISES}", True),
        (f'{READ}if TOKEN == "" or not SQLITE:\n{RAISES}', True),
        (f"{READ}if not (TOKEN and DATABASES):\n{RAISES}", True),
        (f"{READ}if not TOKEN:\n    sys.exit(1)\n", True),
        (f"{READ}assert TOKEN, 1\n", True),
        (f'if "SHOP_TOKEN" not in os.environ:\n{RAISES}', True),
        (f'if not os.getenv("SHOP_TOKEN"):\n{RAISES}', True),
        (f'TOKEN = os.getenv("SHOP_TOKEN", "")\nif not TOKEN:\n{RAISES}', True),
        (f'TOKEN = os.getenv("SHOP_TOKEN", None)\nif not TOKEN:\n{RAISES}', True),
        (f'E = AppEnv()\nTOKEN = E.get_credential("SHOP_TOKEN")\nif not TOKEN:\n{RAISES}', True),
        (f"{READ}if TOKEN not in MODES:\n{RAISES}", True),
        (f"{DECLARED}if TOKEN not in MODES:\n{RAISES}", False),
        (READ, False),
        (f"{READ}if not TOKEN:\n    TOKEN = 1\n", False),
        (f"{READ}if TOKEN:\n{RAISES}", False),
        (f"{READ}if not DEBUG and not TOKEN:\n{RAISES}", False),
        (f"{READ}if not DEBUG:\n    if not TOKEN:\n    {RAISES}", False),
        (f'TOKEN = os.getenv("SHOP_TOKEN", "x")\nif not TOKEN:\n{RAISES}', False),
        (f'TOKEN = os.getenv("SHOP_TOKEN") or os.getenv("B")\nif not TOKEN:\n{RAISES}', False),
        (f"try:\n    import x\nexcept ImportError:\n{RAISES}", False),
        ('AGE = int(os.getenv("SHOP_TOKEN"))\n', True),
        ('AGE = int(os.getenv("SHOP_TOKEN", "0"))\n', False),
        ('AGE = timedelta(days=float(os.environ.get("SHOP_TOKEN")))\n', True),
        ('DAY = datetime.strptime(os.getenv("SHOP_TOKEN"), "%d/%m/%Y")\n', True),
        ('HOSTS = os.environ.get("SHOP_TOKEN").split(",")\n', True),
        ('HOSTS = os.environ.get("SHOP_TOKEN", "").split(",")\n', False),
        (f"{READ}LOGS = os.path.join(TOKEN, 'logs')\n", True),
        ('AGE = int(os.getenv("SHOP_TOKEN")) if os.getenv("SHOP_TOKEN") else 1\n', False),
        ('AGE = int(os.getenv("SHOP_TOKEN") or 1)\n', False),
        ('if not DEBUG:\n    AGE = int(os.getenv("SHOP_TOKEN"))\n', False),
        ('try:\n    AGE = int(os.getenv("SHOP_TOKEN"))\nexcept TypeError:\n    AGE = 1\n', False),
        ('def age():\n    return int(os.getenv("SHOP_TOKEN"))\n', False),
    ],
)
def test_a_variable_is_required_if_the_settings_raise_without_it(
    tmp_path: Path, settings: str, expected: bool
) -> None:
    assert missing(tmp_path, settings) is expected


def test_a_credential_of_cloud_foundry_is_a_variable(tmp_path: Path) -> None:
    settings = f"""{SQLITE}from cfenv import AppEnv
CLOUD = AppEnv()
SECRET_KEY = CLOUD.get_credential("SHOP_KEY")
MODE = CLOUD.get_credential("SHOP_MODE", "live")
"""
    ci = workflow("manage.py test", env="{SHOP_MODE: ci, VCAP_SERVICES: '{}'}")
    found = loaded(tmp_path, {**django(settings), **ci}).config.env
    assert found == {"SHOP_KEY": "{secret_key}", "SHOP_MODE": "ci", "VCAP_SERVICES": "{}"}


@pytest.mark.parametrize(
    "condition", ['"VCAP_SERVICES" in os.environ', "bound", 'CLOUD.get_service(name="db")']
)
def test_without_cloud_foundry_its_service_is_not_the_database(
    tmp_path: Path, condition: str
) -> None:
    settings = f"""from cfenv import AppEnv
CLOUD = AppEnv()
bound = CLOUD.get_service(label="postgres")
if {condition}:
    DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql",
        "HOST": bound.credentials["host"], "USER": bound.credentials["user"]}}}}
else:
    DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "NAME": "shop",
        "HOST": os.environ["SHOP_DB_HOST"], "PORT": 5432, "USER": "a", "PASSWORD": "b"}}}}
"""
    driver = {"requirements.txt": "django\npsycopg\n"}
    found = loaded(tmp_path, {**django(settings), **driver})
    assert found.config.env == {"SHOP_DB_HOST": "{postgres.host}"}
    assert not found.warnings


@pytest.mark.parametrize(
    "line", ['os.environ.setdefault("MAIL", "console:")', 'os.environ["MAIL"] = "console:"']
)
def test_a_variable_that_the_settings_set_themselves_needs_no_value(
    tmp_path: Path, line: str
) -> None:
    settings = f'import os\nif DEBUG:\n    {line}\nMAIL = os.environ["MAIL"]\nX = os.environ["X"]\n'
    found = loaded(tmp_path, django(settings + SQLITE))
    (warning,) = (text for text in found.warnings if "have no value" in text)
    assert "no value: X (" in warning


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('echo "SHOP_TOKEN=$(openssl rand -hex 8)" > .env', False),
        ('echo "SHOP_OTHER=$(openssl rand -hex 8)" > .env', True),
        # Nothing before the tests writes this file.
        ('echo "SHOP_TOKEN=$(openssl rand -hex 8)" > /tmp/.env', True),
    ],
)
def test_a_step_may_make_the_value(tmp_path: Path, line: str, *, expected: bool) -> None:
    files = django(f"{SQLITE}import os\nTOKEN = os.environ['SHOP_TOKEN']\n")
    found = loaded(tmp_path, {**files, **workflow(line, "python manage.py test")}).warnings
    assert any("have no value: SHOP_TOKEN (" in text for text in found) is expected


def test_the_variables_of_a_database_of_an_unknown_vendor_are_missing(tmp_path: Path) -> None:
    settings = """
        import os
        DATABASES = {"default": {"ENGINE": os.environ["DB_ENGINE"], "HOST": os.environ["DB_ADDRESS"]}}
    """
    job = workflow("python manage.py test", env="{DB_ENGINE: '${{ secrets.ENGINE }}'}")
    found = loaded(tmp_path, {**django(settings), "requirements.txt": "django\n", **job})
    assert any("DB_ENGINE, DB_ADDRESS (read in" in str(warning) for warning in found.warnings)
