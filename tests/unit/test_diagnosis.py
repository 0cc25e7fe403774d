from __future__ import annotations

import pytest

from heroci_action.analysis.diagnosis import SIGNS, Tree, diagnose, last_exception
from heroci_action.analysis.diagnosis.sign import Sign


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.example[:40])
def test_the_example_of_a_sign_gets_its_cause_and_remedy(sign: Sign) -> None:
    found = diagnose(f"some lines before\n{sign.example}\n\nand after\n")
    assert found == sign.find(f"{sign.example}\n\nand after\n")
    assert found is not None
    assert found.remedy
    assert "{" not in found.cause


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("Package 'firefox' has no installation candidate", None),
        (
            "E: Package 'firefox' has no installation candidate",
            "the system package 'firefox' does not exist",
        ),
        ("ModuleNotFoundError: No module named '{0}{x}'", "the module '{0}{x}' is not installed"),
        (
            "psycopg.OperationalError: failed to resolve host 'db': [Errno -2] Name or service not known",
            "the settings use the database host 'db'",
        ),
        (
            'could not translate host name "db" to address: Temporary failure in name resolution',
            "the settings use the database host 'db'",
        ),
        (
            '?: (x.W001) connection to server at "127.0.0.1", port 5432 failed: Connection refused',
            "the database does not respond at the address",
        ),
        (
            'ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code 2',
            "a RUN instruction of the Dockerfile failed: /bin/sh -c make",
        ),
        (
            "redis.exceptions.ConnectionError: Error -2 connecting to cache:6380. Name or service not known.",
            "the settings require Redis at cache:6380",
        ),
        (
            "ModuleNotFoundError: No module named 'cgi.form'",
            "the module 'cgi' is not in the standard library",
        ),
        ("ImportError: failed to find libmagic.", "the system library 'libmagic' is not installed"),
        (
            "Run-time dependency cairo found: NO (tried pkg-config and cmake)",
            "a dependency is built from source and needs the library cairo, which is missing",
        ),
        (
            "Package libxml-2.0 was not found in the pkg-config search path.",
            "a dependency is built from source and needs the library libxml-2.0",
        ),
        (
            "No package 'xmlsec1' found",
            "a dependency is built from source and needs the library xmlsec1",
        ),
        ("FAILED (failures=1)", None),
    ],
)
def test_similar_output_gets_the_right_cause(output: str, cause: str | None) -> None:
    found = diagnose(f"{output}\n", installs="name resolution" not in output)
    assert (found.cause if found else "").startswith(cause or "")
    assert bool(found) == bool(cause)


def test_an_index_is_no_cause_if_nothing_is_installed() -> None:
    assert diagnose("requests.ConnectionError: Network is unreachable", installs=False) is None


TREE = Tree(
    files=frozenset({"shop/settings.py", "src/goods/models.py", "shop/local.py.example"}),
    submodules=("vendor/pay-ments",),
)


@pytest.mark.parametrize(
    ("module", "cause", "remedy"),
    [
        ("shop.nothing", "the project itself refers to the module", "correct the name"),
        (
            "shop.local",
            "only its example 'shop/local.py.example'",
            "cp shop/local.py.example shop/local.py",
        ),
        (
            "goods.models",
            "its directory 'src' is not on Python's import path",
            'PYTHONPATH = "src"',
        ),
        ("pay_ments.api", "the git submodule 'vendor/pay-ments'", "git submodule update --init"),
        ("rest_framework", "is not installed in the environment", "`requirements`"),
        ("rest_framework.views", "is not installed in the environment", "`requirements`"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "E   "], ids=["Python", "pytest"])
def test_a_missing_module_of_the_repository_is_not_to_be_installed(
    prefix: str, module: str, cause: str, remedy: str
) -> None:
    found = diagnose(f"{prefix}ModuleNotFoundError: No module named '{module}'\n", tree=TREE)
    assert found
    assert cause in found.cause
    assert remedy in found.remedy


def test_an_indented_traceback_is_searched_in_no_time() -> None:
    frames = '          File "/app/setup.py", line 1, in <module>\n            raise Error\n' * 100
    assert last_exception(f"error: Failed to build\n{frames}") == "Failed to build"


@pytest.mark.parametrize(
    ("output", "exception"),
    [
        (
            '  File "/a/b.py", line 3, in <module>\n    raise X\napp.errors.Closed: on Sunday\n',
            "Closed: on Sunday",
        ),
        ("E   ImportError: no settings\n", "ImportError: no settings"),
        ("CommandError: unknown option\n", "CommandError: unknown option"),
        ("SystemCheckError: issues:\n\nERRORS:\nshop.Item: (x.E1) no\n", "shop.Item: (x.E1) no"),
        ("error: File not found\n  Caused by: x\n", "File not found"),
        ("usage: x\nmanage.py shop: error: no shop\n", "no shop"),
        ("ERROR: usage: pytest [options]\nERROR: no plugin\n", "no plugin"),
        ("npm error code E404\nnpm error 404 Not Found\n", "404 Not Found"),
        ("12 tests passed\n", None),
    ],
)
def test_the_exception_that_ended_a_command_is_found(output: str, exception: str | None) -> None:
    assert last_exception(output) == exception
