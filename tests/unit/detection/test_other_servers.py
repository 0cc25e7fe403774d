"""Servers of the CI for which HeroCI has no program are containers in the plan, or named in a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.detection.findings import FixedAddress
from heroci_action.project import ProjectConfig, load
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import DRIVER, FIELDS, POSTGRES, SQLITE, django, loaded

GITHUB = ".github/workflows/ci.yml"


def on_github(
    tmp_path: Path, services: str, *, env: str = "{}", settings: str = ""
) -> ProjectConfig:
    workflow = f"""
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    services: {services}
    env: {env}
    steps: [{{run: python manage.py test}}]
"""
    return loaded(tmp_path, {**django(settings), "requirements.txt": "django\n", GITHUB: workflow})


def test_the_port_of_a_viewer_is_not_the_servers(tmp_path: Path) -> None:
    services = '{browser: {image: "selenium/standalone-firefox-debug", ports: ["5900:5900"]}}'
    assert on_github(tmp_path, services).config.services["browser"].port == 4444


def test_the_port_of_an_unknown_server_is_the_only_one_in_its_variables(tmp_path: Path) -> None:
    services = '{sso: {image: "acme/mock-sso:2", env: {MOCK_PORT: "5000", MOCK_USER: "u"}}}'
    found = on_github(tmp_path, services, env='{LOGIN_URL: "http://localhost:5000/o/"}')
    assert found.config.services["sso"].port == 5000
    assert found.config.env["LOGIN_URL"] == "http://{sso.host}:{sso.port}/o/"
    two = '{sso: {image: "acme/mock-sso:2", env: {A_PORT: "5000", B_PORT: "5001"}}}'
    assert "sso" not in on_github(tmp_path, two).config.services


@pytest.mark.parametrize("host", ["localhost", "172.17.0.1", "host.docker.internal"])
def test_a_container_reaches_the_published_ports_of_its_machine(tmp_path: Path, host: str) -> None:
    services = '{files: {image: minio/minio, ports: ["9100:9000"]}}'
    found = on_github(tmp_path, services, env=f'{{FILES_URL: "http://{host}:9100/"}}')
    assert found.config.env["FILES_URL"] == "http://{files.host}:{files.port}/"


@pytest.mark.parametrize(
    ("services", "env", "port"),
    [
        ("{users: {image: acme/users}}", '{USERS: "ldap://users:1389/o"}', 1389),
        ("{users: {image: openldap}}", '{USERS: "ldap://users:1389/o"}', 1389),
        ("{users: {image: acme/users}}", '{USERS: "ldap://users:1389", B: "users:1390"}', None),
        ("{users: {image: acme/users}}", '{USERS: "http://localhost:8529"}', 8529),
        (
            "{users: {image: acme/users}, b: {image: acme/b}}",
            '{USERS: "http://localhost:8529"}',
            None,
        ),
        ("{users: {image: acme/users}, b: {image: minio}}", '{A: "http://localhost:9000"}', None),
    ],
)
def test_the_port_of_a_server_is_that_of_its_address_in_the_ci(
    tmp_path: Path, services: str, env: str, port: int | None
) -> None:
    server = on_github(tmp_path, services, env=env).config.services.get("users")
    assert (server.port if server else None) == port


@pytest.mark.parametrize(
    ("image", "ports", "address", "port"),
    [
        ("minio/minio", ["9100:9100", "9001:9001"], "http://localhost:9100", 9100),
        ("minio/minio", ["9100:9000", "9001:9001"], "http://localhost:9001", 9000),
        # The port of the management page is published, that of the server is not.
        ("rabbitmq", ["15672:15672"], "amqp://files:5672", 5672),
        ("rabbitmq", ["15672:15672"], "amqp://files", 5672),
    ],
)
def test_a_server_may_listen_elsewhere_than_usual(
    tmp_path: Path, image: str, ports: list[str], address: str, port: int
) -> None:
    services = f"{{files: {{image: {image!r}, ports: {ports}}}}}"
    found = on_github(tmp_path, services, env=f"{{ADDRESS: {address!r}}}")
    assert found.config.services["files"].port == port


@pytest.mark.parametrize(
    ("ports", "address", "expected"),
    [
        ("8001:8000", "http://localhost:8000/", "http://localhost:8000/"),
        ("8001:8000", "http://localhost:8001/", "http://{page.host}:{page.port}/"),
        ("8001:8000", "http://page:8000/", "http://{page.host}:{page.port}/"),
        ("8000:8000", "http://localhost:8000/", "http://{page.host}:{page.port}/"),
    ],
)
def test_on_the_machine_a_server_has_the_port_that_the_ci_publishes(
    tmp_path: Path, ports: str, address: str, expected: str
) -> None:
    services = f'{{page: {{image: acme/page, ports: ["{ports}"]}}}}'
    found = on_github(tmp_path, services, env=f'{{SITE_URL: "{address}"}}')
    assert found.config.env["SITE_URL"] == expected


@pytest.mark.parametrize(
    ("address", "ports", "expected"),
    [
        ("http://localhost:3000", "", "http://localhost:3000"),
        ("http://browser:3000", "", "http://{browser.host}:{browser.port}"),
        ("http://host.docker.internal:3000", "", "http://host.docker.internal:3000"),
        ("http://host.docker.internal:3000", "3000:3000", "http://{browser.host}:{browser.port}"),
        ("http://172.17.0.1:3001", "3001:3000", "http://{browser.host}:{browser.port}"),
    ],
)
def test_in_a_network_of_containers_localhost_is_the_application(
    tmp_path: Path, address: str, ports: str, expected: str
) -> None:
    compose = f"""
        services:
          web:
            build: .
            depends_on: [browser]
            environment: {{SITE_URL: "{address}", BROWSER_URL: "ws://browser:3000/"}}
          browser: {{image: "acme/browser:1", ports: [{ports and f'"{ports}"'}]}}
    """
    files = {
        **django(),
        **workflow("docker compose run --rm web sh -c 'python manage.py test'"),
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\n",
    }
    found = loaded(tmp_path, files).config
    assert found.env["SITE_URL"] == expected
    assert found.env["BROWSER_URL"] == "ws://{browser.host}:{browser.port}/"


def test_a_service_in_the_network_of_the_machine_reaches_servers_there(tmp_path: Path) -> None:
    compose = """
        services:
          web: {build: ., network_mode: host, environment: {BROWSER_URL: "ws://localhost:3000/"}}
          browser: {image: "acme/browser:1", ports: ["3000:3000"]}
    """
    files = {
        **django(),
        **workflow(
            "docker compose up -d browser", "docker compose run --rm web python manage.py test"
        ),
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\n",
    }
    found = loaded(tmp_path, files).config
    assert found.env["BROWSER_URL"] == "ws://{browser.host}:{browser.port}/"


def test_the_tag_of_an_image_is_no_port(tmp_path: Path) -> None:
    lines = ("docker run -d --name opensearch opensearchproject/opensearch:1.3.20", "pytest")
    files = {**django(), **workflow(*lines)}
    assert loaded(tmp_path, files).config.services["opensearch"].port == 9200


def test_of_several_ports_the_one_in_a_variable_counts(tmp_path: Path) -> None:
    services = (
        '{store: {image: "clickhouse/clickhouse-server:25", ports: ["8123:8123", "19000:9000"]}}'
    )
    found = on_github(tmp_path, services, env='{CLICKHOUSE_PORT: "19000"}').config
    assert found.services["store"].port == 9000
    assert found.env["CLICKHOUSE_PORT"] == "{store.port}"
    assert on_github(tmp_path, services).config.services["store"].port == 8123


def test_files_that_a_container_of_the_ci_sees_are_named(tmp_path: Path) -> None:
    compose = """
        services:
          web: {image: "nginx:1", ports: ["8080:80"], volumes: ["./mocks.conf:/etc/nginx/mocks.conf", "data:/data"]}
    """
    files = {
        **django(),
        **workflow("docker compose -f ci/compose.yml up -d", "python manage.py test"),
    }
    found = loaded(tmp_path, {**files, "ci/compose.yml": compose, "ci/mocks.conf": ""})
    (warning,) = (text for text in found.warnings if "mounts" in text)
    assert "mounts ci/mocks.conf in nginx:1" in warning


def test_a_server_that_the_ci_builds_is_named_if_a_variable_contains_its_address(
    tmp_path: Path,
) -> None:
    compose = """
        services:
          web:
            build: .
            depends_on: [gcs, worker, sso, db]
            environment:
              STORAGE_URL: http://gcs:8001/bucket
              SSO_HOST: sso
              ALLOWED_HOSTS: web,worker,localhost
              DB_HOST: db
          worker: {build: .}
          gcs: {build: ci/gcs}
          sso: {build: ci/sso}
          db: {build: ci/db}
    """
    files = {
        **django(),
        **workflow("docker compose run web python manage.py test"),
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\n",
        "ci/gcs/Dockerfile": "FROM acme/gcs:2\n",
        "ci/sso/Dockerfile": "FROM python:3.13\n",
        "ci/db/Dockerfile": "FROM postgres:16\n",
    }
    warned = [text for text in loaded(tmp_path, files).warnings if " builds " in text]
    assert [text.split()[2] for text in warned] == ["gcs", "sso"]


def test_a_server_that_the_ci_builds_is_named_if_the_settings_contain_its_address(
    tmp_path: Path,
) -> None:
    compose = """
        services:
          web: {build: ., ports: ["8000:8000"]}
          search: {build: ci/search, ports: ["127.0.0.1:9200:9200"], environment: ["a.b=c"]}
    """
    hosts = '\nSITE = "http://localhost:8000"\nSEARCH = {"hosts": "http://localhost:9200"}\n'
    files = {
        **django(SQLITE + hosts),
        **workflow("docker compose up --wait", "python manage.py test"),
        "compose.yml": compose,
        "Dockerfile": "FROM python:3.13\n",
        "ci/search/Dockerfile": "FROM elasticsearch:8.19.3\n",
    }
    found = loaded(tmp_path, files)
    (proposal,) = (each for each in found.facts.suggestions if " builds search " in each.why)
    image = 'image = "elasticsearch:8.19.3", port = 9200'
    assert proposal.lines == (f'services.search = {{ {image}, env = {{ "a.b" = "c" }} }}',)
    # With the proposal, the server gets the address that the settings contain.
    (tmp_path / "heroci.toml").write_text("\n".join(proposal.lines))
    taken = load(tmp_path)
    assert not [text for text in taken.warnings if " builds " in text]
    assert [each.service for each in taken.facts.fixed_addresses] == ["search"]


def test_a_server_has_the_image_port_and_variables_of_the_ci(tmp_path: Path) -> None:
    options = "-e 'discovery.type=single-node' --health-cmd 'curl localhost'"
    services = f'{{es: {{image: "elastic/search:8.1", options: "{options}", env: {{A: b}}, ports: ["9201:9200"]}}}}'
    es = on_github(tmp_path, services).config.services["es"]
    assert (es.image, es.port) == ("elastic/search:8.1", 9200)
    assert es.env == {"A": "b", "discovery.type": "single-node"}


@pytest.mark.parametrize(
    ("name", "value", "pointed"),
    [
        (
            "BROKER",
            "amqp://me:me@localhost:5673//",
            "amqp://me:me@{rabbit.host}:{rabbit.port}//",
        ),
        ("BROKER", "amqp://rabbit:5672", "amqp://{rabbit.host}:{rabbit.port}"),
        ("BROKER", "amqp://me:me@rabbit//", "amqp://me:me@{rabbit.host}:{rabbit.port}//"),
        ("BROKER", "http://rabbit/a", "http://rabbit/a"),
        ("QUEUE", "rabbit", "{rabbit.host}"),
        ("RABBIT_HOST", "127.0.0.1", "{rabbit.host}"),
        ("AMQP_PORT", "5673", "{rabbit.port}"),
        ("OTHER", "localhost:15673", "localhost:15673"),
        ("OTHER_HOST", "localhost", "localhost"),
    ],
)
def test_variables_of_the_ci_point_to_the_container(
    tmp_path: Path, name: str, value: str, pointed: str
) -> None:
    services = '{rabbit: {image: "rabbitmq:3", ports: ["5673:5672"]}}'
    assert on_github(tmp_path, services, env=f'{{{name}: "{value}"}}').config.env[name] == pointed


def test_a_default_of_the_settings_points_to_the_container_too(tmp_path: Path) -> None:
    settings = 'import os\nMAIL = os.getenv("MAIL", "smtp://localhost:1025")'
    found = on_github(tmp_path, "{mail: {image: axllent/mailpit}}", settings=settings)
    assert found.config.env["MAIL"] == "smtp://{mail.host}:{mail.port}"


def test_a_url_to_which_the_settings_add_a_port_points_to_the_container(tmp_path: Path) -> None:
    settings = """
        import os
        PAGES = f'{os.getenv("PAGES_URL", "http://127.0.0.1")}:{os.getenv("PAGES_PORT", "9200")}'
        OTHER = f'{os.getenv("OTHER_URL", "http://127.0.0.1")}:{os.getenv("OTHER_PORT", "8000")}'
    """
    env = on_github(tmp_path, "{es: {image: 'elasticsearch:8'}}", settings=settings).config.env
    assert env["PAGES_URL"] == "http://{es.host}"
    assert env["PAGES_PORT"] == "{es.port}"
    assert "OTHER_URL" not in env


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ('"http://localhost:8983/solr/"', True),
        ('"http://127.0.0.1:8983"', True),
        ('os.environ.get("SOLR", "http://localhost:8983/solr/")', False),
        ('"http://localhost:8000"', False),
    ],
)
def test_an_address_that_only_the_settings_contain_is_named(
    tmp_path: Path, address: str, named: bool
) -> None:
    services = '{solr: {image: "solr:9", ports: ["8983:8983"]}}'
    found = on_github(tmp_path, services, settings=f"import os\nURL = {address}\n")
    reason = "hard-coded in mysite/settings.py"
    assert found.facts.fixed_addresses == ((FixedAddress("solr", reason),) if named else ())


def test_without_the_service_its_variables_keep_their_values(tmp_path: Path) -> None:
    (tmp_path / "heroci.toml").write_text("services = {}\n")
    services = '{rabbit: {image: "rabbitmq:3"}}'
    found = on_github(tmp_path, services, env='{BROKER: "amqp://localhost:5672"}')
    assert found.config.env["BROKER"] == "amqp://localhost:5672"


@pytest.mark.parametrize(
    ("services", "named"),
    [
        ("{ldap: {image: ghcr.io/shop/ldap}}", "starts ghcr.io/shop/ldap"),
        ('{db: {image: "postgres:16"}, replica: {image: "postgres:15"}}', "starts postgres:15"),
    ],
)
def test_a_server_that_cannot_be_planned_is_named(
    tmp_path: Path, services: str, named: str
) -> None:
    settings = (
        'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "localhost"}}'
    )
    warnings = on_github(tmp_path, services, settings=settings).warnings
    assert any(named in warning for warning in warnings), warnings


def test_an_unknown_image_under_the_name_or_port_of_a_database_is_taken_as_it_is(
    tmp_path: Path,
) -> None:
    settings = 'DATABASES = {"default": {"ENGINE": "django.contrib.gis.db.backends.postgis", "HOST": "localhost"}}'
    services = '{postgres: {image: "pgrouting/pgrouting:14-3.5", ports: ["5432:5432"]}}'
    postgres = on_github(tmp_path, services, settings=settings).config.services["postgres"]
    assert postgres.image == "pgrouting/pgrouting:14-3.5"


COMPOSED = """
    services:
      db: {image: "registry.example/shop-db:0.13", environment: {POSTGRES_PASSWORD: s}}
      worker: {image: "registry.example/shop:3", environment: {POSTGRES_PASSWORD: s, X_PORT: 0}}
      solr: {image: "solr:9"}
      web:
        image: "registry.example/shop:3"
        volumes: [".:/app"]
        environment: {LIVE_SERVER: "0.0.0.0:8000", P_HOST: db}
    """


def test_a_database_of_an_unknown_image_is_known_by_its_account(tmp_path: Path) -> None:
    settings = (
        f'import os\nSOLR = "http://localhost:8983"\nDATABASES = {{"default": {{{FIELDS}}}}}\n'
    )
    lines = workflow("docker compose up -d", "docker compose exec web python manage.py test")
    found = loaded(tmp_path, {**django(settings), "compose.yml": COMPOSED, **lines})
    assert found.config.services["postgres"].image == "registry.example/shop-db:0.13"
    assert found.config.services["postgres"].version is None
    assert found.config.env["LIVE_SERVER"] == "0.0.0.0:8000"
    assert not {"db", "worker"} & found.config.services.keys()
    # The tests run in the network of the containers.
    assert not found.facts.fixed_addresses


def test_the_port_of_another_server_is_not_the_port_of_an_image(tmp_path: Path) -> None:
    compose = """
        services:
          store: {image: "example/store", environment: {PORT: 4000, DB_HOST: db, DB_PORT: 5432}}
          relay: {image: "example/relay", environment: {DB_HOST: db, DB_PORT: 5432}}
        """
    lines = workflow("docker compose up -d", "python manage.py test")
    found = loaded(tmp_path, {**django(), "compose.yml": compose, **lines})
    assert found.config.services["store"].port == 4000
    assert "relay" not in found.config.services
    assert any("example/relay" in text and "port" in text for text in found.warnings)


@pytest.mark.parametrize(
    "files",
    [
        {".gitlab-ci.yml": """
                test:
                  variables: {MINIO_ROOT_USER: me, MODE: x}
                  services: [{name: minio/minio, alias: store, command: [server, /data]}]
                  script: [python manage.py test]
                """},
        {".circleci/config.yml": """
                version: 2.1
                jobs:
                  test:
                    docker:
                      - image: cimg/python:3.12
                      - {image: minio/minio, name: store, command: server /data, environment: {MINIO_ROOT_USER: me}}
                    steps: [checkout, run: python manage.py test]
                """},
        {GITHUB: """
                on: push
                jobs:
                  test:
                    steps:
                      - run: docker run -d --name store -p 9000:9000 -e MINIO_ROOT_USER=me minio/minio server /data
                      - run: python manage.py test
                """},
        {
            GITHUB: """
                on: push
                jobs:
                  test:
                    steps: [{run: docker compose up -d}, {run: python manage.py test}]
                """,
            "compose.yml": """
                services:
                  store:
                    image: minio/minio
                    command: server /data
                    environment: [MINIO_ROOT_USER=me]
                    ports: [{target: 9000, published: 9009}]
                  web: {build: .}
                """,
            "Dockerfile": "FROM python:3.12\n",
        },
    ],
    ids=["gitlab", "circleci", "docker run", "compose"],
)
def test_the_servers_of_every_kind_of_ci_are_planned_with_their_arguments(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **files})
    assert list(found.config.services) == ["store"]
    store = found.config.services["store"]
    assert (store.image, store.port, store.arguments) == ("minio/minio", 9000, ("server", "/data"))
    assert store.env == {"MINIO_ROOT_USER": "me"}
    assert not found.config.tests.before


OWN_DATABASE = "{postgres.user}:{postgres.password}@{postgres.host}:{postgres.port}/{postgres.db}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("db+postgresql://shop:shop@localhost:5432/shop", f"db+postgresql://{OWN_DATABASE}"),
        ("db+postgresql+psycopg2://localhost/shop", f"db+postgresql+psycopg2://{OWN_DATABASE}"),
        ("sqla+postgresql://shop@localhost/shop", f"sqla+postgresql://{OWN_DATABASE}"),
        ("postgresql+psycopg://shop@localhost/shop", f"postgresql+psycopg://{OWN_DATABASE}"),
        ("postgresql://shop@localhost/shop", "{postgres.url}"),
        ("db+postgresql://shop@elsewhere.example.org/shop", None),
        ("db+sqlite:///results.db", None),
        ("pyamqp://guest@localhost//", "pyamqp://guest@{rabbit.host}:{rabbit.port}//"),
    ],
)
def test_an_address_with_a_driver_in_its_scheme_keeps_the_scheme(
    tmp_path: Path, given: str, expected: str | None
) -> None:
    ci = f"""
    jobs:
      test:
        services:
          db: {{image: "postgres:16", ports: ["5432:5432"]}}
          rabbit: {{image: "rabbitmq:3", ports: ["5672:5672"]}}
        env: {{DB_HOST: localhost, RESULTS: "{given}"}}
        steps: [{{run: python manage.py test}}]
    """
    settings = (
        "import os\nRESULTS = os.environ.get('RESULTS')\nDATABASES = {'default': {'ENGINE':"
        f" '{POSTGRES}', 'NAME': 'shop', 'HOST': os.environ['DB_HOST']}}}}\n"
    )
    files = {**django(settings), **DRIVER, ".github/workflows/ci.yml": ci}
    assert loaded(tmp_path, files).config.env["RESULTS"] == (expected or given)
