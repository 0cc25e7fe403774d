"""Settings that pydantic fills from the environment: each field is the read of a variable."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from heroci_action.detection.sources.settings_classes import SettingsClasses
from tests.unit.detection.projects import SQLITE, django, loaded

IMPORT = "from pydantic_settings import BaseSettings\n"


def settled(code: str, expression: str, *files: str) -> str:
    """Return an expression at the end of a module as the readers of settings see it, in a repository with files."""
    known = SettingsClasses(files.__contains__)
    for node in ast.parse(dedent(code)).body:
        known.learn(node)
    return ast.unparse(known.settle(ast.parse(expression, mode="eval").body))


@pytest.mark.parametrize(
    ("fields", "expression", "read"),
    [
        ("debug: bool = False", "config.debug", "env.bool('DEBUG', default=False)"),
        ("key: str", "config.key", "env.str('KEY')"),
        ("key: str = ...", "config.key", "env.str('KEY')"),
        ("key: SecretStr", "config.key.get_secret_value()", "env.str('KEY').get_secret_value()"),
        ("port: int | None = None", "int(config.port)", "int(env.int('PORT', default=None))"),
        ("url: PostgresDsn", "str(config.url)", "str(env.db('URL'))"),
        ("hosts: list[str] = ['*']", "config.hosts", "env.list('HOSTS', default=['*'])"),
        ("root: Optional[Path]", "config.root", "env.path('ROOT')"),
        ("key: str = Field(alias='MY_KEY')", "config.key", "env.str('MY_KEY')"),
        ("key: str = Field('x', env='MY_KEY')", "config.key", "env.str('MY_KEY', default='x')"),
        (
            "key: str = Field(validation_alias=AliasChoices('A_KEY', 'B_KEY'), default='x')",
            "config.key",
            "env.str('A_KEY', default='x')",
        ),
        (
            "tags: list[str] = Field(default_factory=list)",
            "config.tags",
            "env.list('TAGS', default=list)",
        ),
        ("key: str", "config.other", "config.other"),
        ("key: str", "module.config.key", "env.str('KEY')"),
        ("key: str", "other.key", "other.key"),
    ],
)
def test_a_field_is_the_read_of_its_variable(fields: str, expression: str, read: str) -> None:
    code = f"class Config(BaseSettings):\n    {fields}\nconfig = Config()\n"
    assert settled(code, expression) == read


@pytest.mark.parametrize(
    "options",
    [
        'class Config(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="SHOP_")\n',
        'class Config(BaseSettings):\n    model_config = {"env_prefix": "SHOP_"}\n',
        'class Config(BaseSettings):\n    class Config:\n        env_prefix = "SHOP_"\n',
        'class Config(BaseSettings, env_prefix="SHOP_"):\n',
        'class Base(BaseSettings):\n    model_config = {"env_prefix": "SHOP_"}\nclass Config(Base):\n',
    ],
)
def test_the_prefix_stands_before_names_but_not_before_aliases(options: str) -> None:
    code = f"{options}    key: str\n    url: str = Field(alias='DB_URL')\nconfig = Config()\n"
    assert settled(code, "config.key, config.url") == "(env.str('SHOP_KEY'), env.str('DB_URL'))"


@pytest.mark.parametrize("made", ["config = Config()", "def config():\n    return Config()"])
def test_an_object_may_come_from_a_function_and_have_other_names(made: str) -> None:
    code = (
        f"class Config(BaseSettings):\n    key: str\n{made}\nfrom shop.env import config as own\n"
    )
    call = "()" if made.startswith("def") else ""
    assert settled(code, f"own{call}.key") == "env.str('KEY')"
    assert settled(f"{code}\nown = None", f"own{call}.key") == f"own{call}.key"


def test_fields_of_objects_in_fields_have_prefixes_of_their_own() -> None:
    code = """
        class Cache(BaseSettings):
            model_config = {"env_prefix": "CACHE_"}
            host: str
        class Mail(BaseModel):
            host: str
        class Config(BaseSettings):
            model_config = {"env_prefix": "SHOP_", "env_nested_delimiter": "__"}
            cache: Cache = Cache()
            mail: Mail
        config = Config()
    """
    hosts = "config.cache.host, config.mail.host"
    assert settled(code, hosts) == "(env.str('CACHE_HOST'), env.str('SHOP_MAIL__HOST'))"


@pytest.mark.parametrize(
    ("options", "argument", "is_filled"),
    [
        ('model_config = {"env_file": ".env"}', "", False),
        ('model_config = {"env_file": "ci.env"}', "", True),
        ('model_config = {"env_file": (".env", "ci.env")}', "", True),
        ('model_config = {"env_file": "ci.env"}', "_env_file=None", False),
        ("model_config = {}", "_env_file=find_files()", True),
    ],
)
def test_a_file_in_the_repository_may_fill_every_field(
    options: str, argument: str, *, is_filled: bool
) -> None:
    code = (
        f"class Config(BaseSettings):\n    {options}\n    key: str\nconfig = Config({argument})\n"
    )
    read = "env.str('KEY', default='…')" if is_filled else "env.str('KEY')"
    assert settled(code, "config.key", "ci.env") == read


def test_bases_have_other_names_and_of_objects_under_conditions_the_first_counts() -> None:
    known = SettingsClasses()
    code = """
        from pydantic_settings import BaseSettings as Pydantic
        class Base(Pydantic):
            key: str
        class InTests(Base):
            url: str
        class Live(Base):
            url: str = Field(alias="LIVE_URL")
    """
    for node in ast.parse(dedent(code)).body:
        known.learn(node)
    for node in ast.parse("config = InTests()\nconfig = Live()").body:
        known.learn(node, conditional=True)
    [value] = ast.parse("config.key, config.url").body
    assert ast.unparse(known.settle(value)) == "(env.str('KEY'), env.str('URL'))"


def test_a_property_is_what_it_returns() -> None:
    code = """
        class Config(BaseSettings):
            host: str
            @computed_field
            @property
            def url(self) -> str:
                return f"http://{self.host}/{self.url}"
        config = Config()
    """
    assert settled(code, "config.url") == "f\"http://{env.str('HOST')}/{self.url}\""


def test_classes_that_contain_each_other_are_read_once() -> None:
    known = SettingsClasses()
    code = """
        class Mail(BaseSettings):
            host: str
            shop: Shop
        class Shop(BaseSettings):
            key: str
            mail: Mail
    """
    for node in ast.parse(dedent(code)).body:
        known.learn(node)
    [created] = ast.parse("shop = Shop()").body
    found = [ast.unparse(each) for each in known.created_by(created)]
    assert found == ["key = env.str('KEY')", "host = env.str('HOST')"]


def test_a_plan_knows_the_database_and_the_needed_variables(tmp_path: Path) -> None:
    config = "class Config(BaseSettings):\n    database_url: str\n    token: str\n    debug: bool = False\n"
    files = {
        **django(
            "from mysite.env import config\nimport dj_database_url\n"
            'DATABASES = {"default": dj_database_url.parse(config.database_url)}\n'
        ),
        "mysite/env.py": f"{IMPORT}\n{config}\nconfig = Config()\n",
        "requirements.txt": "django\npsycopg\ndj-database-url\npydantic-settings\n",
    }
    found = loaded(tmp_path, files)
    assert found.config.env == {"DATABASE_URL": "{postgres.url}"}
    assert [*found.config.services] == ["postgres"]
    [warning] = [text for text in found.warnings if "no value" in text]
    assert "TOKEN (read in mysite/env.py)" in warning


def test_only_fields_of_created_objects_are_needed(tmp_path: Path) -> None:
    code = "class Config(BaseSettings):\n    token: str\nclass Live(BaseSettings):\n    live_token: str\n"
    files = {
        **django(f"from mysite.env import config\n{SQLITE}TOKEN = config.token\n"),
        "mysite/env.py": f"{IMPORT}{code}config = Config()\n",
    }
    [warning] = [text for text in loaded(tmp_path, files).warnings if "no value" in text]
    assert "no value: TOKEN (" in warning


def test_settings_that_are_not_understood_are_named_if_a_driver_is_installed(
    tmp_path: Path,
) -> None:
    settings = 'from mysite.names import unknown\nDATABASES = {"default": unknown.database}\n'
    files = {**django(settings), "requirements.txt": "django\npsycopg\n"}
    found = loaded(tmp_path, files)
    assert not found.config.services
    assert any("a driver of postgres is a dependency" in text for text in found.warnings)
