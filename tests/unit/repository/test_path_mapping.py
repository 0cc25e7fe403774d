"""The paths of a report become paths of the repository, by one prefix that git confirms."""

from __future__ import annotations

import pytest

from heroci_action.repository.path_prefixes import PathPrefix
from heroci_action.repository.paths import PathResolver, ReportPaths


def locate(
    *names: str, tracked: str, report: str = "r.xml", bases: tuple[str, ...] = (), **more: object
) -> ReportPaths:
    tree = PathResolver(
        tracked=frozenset(tracked.split()), roots=("/here",), foreign=True, **more  # type: ignore[arg-type]
    )
    return tree.locate_all(names, report=report, bases=bases)


@pytest.mark.parametrize(
    ("names", "tracked", "files"),
    [
        # Another checkout, with a file at the root.
        (["/w/x/a.js", "/w/x/src/b.js"], "a.js src/b.js", ["a.js", "src/b.js"]),
        # A container that has backend/ at /app.
        (
            ["/app/shop/c.py", "/app/m.py"],
            "backend/shop/c.py backend/m.py m.py",
            ["backend/shop/c.py", "backend/m.py"],
        ),
        # Measured in a directory, reported at the root.
        (
            ["shop/c.py", "shop/d.py"],
            "backend/shop/c.py backend/shop/d.py",
            ["backend/shop/c.py", "backend/shop/d.py"],
        ),
        # Written in Windows.
        (["D:\\a\\x\\Core\\T.cs"], "Core/T.cs", ["Core/T.cs"]),
        (["D:/a/x/Core/T.cs"], "Core/T.cs", ["Core/T.cs"]),
        # A file as it is wins over one of the same name elsewhere.
        (["shop/c.py"], "shop/c.py backend/shop/c.py", ["shop/c.py"]),
        # The prefix that fits most names wins, although some fit as they are.
        (
            ["m.py", "shop/c.py", "shop/d.py"],
            "m.py b/m.py b/shop/c.py b/shop/d.py",
            ["b/m.py", "b/shop/c.py", "b/shop/d.py"],
        ),
    ],
)
def test_one_prefix_fits_all_names(names: list[str], tracked: str, files: list[str]) -> None:
    found = locate(*names, tracked=tracked)

    assert [found.files[name] for name in names] == files
    assert found.unmatched == ()


@pytest.mark.parametrize(
    ("names", "tracked"),
    [
        (["/builds/x/legacy/tables.ts", "/builds/x/legacy/rows.ts"], "src/tables.ts"),
        (["/builds/x/tables.ts", "/builds/x/rows.ts", "/builds/x/more.ts"], "tables.ts"),
        (["lib/setup.py"], "setup.py"),
        (["com/acme/phone/Screen.kt"], "app/com.acme.phone/Screen.kt other/Screen.kt"),
    ],
)
def test_equal_names_alone_prove_nothing(names: list[str], tracked: str) -> None:
    found = locate(*names, tracked=tracked)

    assert found.files == {}
    assert found.unmatched == tuple(names)


def test_two_prefixes_that_fit_equally_well_are_reported_and_none_is_used() -> None:
    found = locate("src/i.ts", tracked="web/src/i.ts api/src/i.ts")

    assert found.files == {}
    assert found.unmatched == ("src/i.ts",)
    assert found.ambiguity in (
        "its paths fit web/ and api/ equally well",
        "its paths fit api/ and web/ equally well",
    )


def test_the_prefix_closest_to_the_report_is_chosen() -> None:
    tracked = "a/src/main/java/p/App.java b/src/main/java/p/App.java"

    found = locate("p/App.java", tracked=tracked, report="b/build/jacoco/test.xml")

    assert found.files == {"p/App.java": "b/src/main/java/p/App.java"}


def test_a_name_is_relative_to_the_base_in_which_it_exists() -> None:
    found = locate("a.py", "b.py", tracked="lib/a.py jobs/b.py", bases=("/w/lib", "/w/jobs"))

    assert found.files == {"a.py": "lib/a.py", "b.py": "jobs/b.py"}


def test_files_of_the_checkout_that_git_does_not_know_are_not_searched_elsewhere() -> None:
    found = locate("/here/gen/c.py", "/here/a.py", tracked="a.py shop/gen/c.py")

    assert found.files == {"/here/a.py": "a.py"}
    assert found.unmatched == ("/here/gen/c.py",)


def test_a_checkout_in_a_directory_of_its_own_is_found_below_a_known_root() -> None:
    found = locate("/here/source/a.py", "/here/source/shop/b.py", tracked="a.py shop/b.py")

    assert set(found.files.values()) == {"a.py", "shop/b.py"}


def test_libraries_are_neither_matched_nor_missed() -> None:
    names = ("/w/a/b.py", "/usr/lib/python3/x.py", "/w/.venv/lib/python3.13/site-packages/y.py")

    found = locate(*names, tracked="a/b.py x.py")

    assert (found.files, found.unmatched) == ({"/w/a/b.py": "a/b.py"}, ())


@pytest.mark.parametrize(
    ("written", "file"),
    [
        (["/srv/app=backend"], "backend/c.py"),
        (["/srv=x", "/srv/app=backend/"], "backend/c.py"),
        (["/srv/app/=."], "c.py"),
        (["/srv/app=x/app", "/srv/app=backend"], "backend/c.py"),
    ],
)
def test_a_prefix_that_is_mapped_by_hand_wins(written: list[str], file: str) -> None:
    prefixes = tuple(map(PathPrefix.parse, written))

    found = locate("/srv/app/c.py", tracked="c.py backend/c.py x/app/c.py", prefixes=prefixes)

    assert found.files == {"/srv/app/c.py": file}


@pytest.mark.parametrize(
    ("glob", "belongs"),
    [
        ("web/**/*.xml", {"web/a.xml", "web/[a].xml", "web/unit/junit/b.xml"}),
        ("web/*.xml", {"web/a.xml", "web/[a].xml"}),
        ("**/b.xml", {"web/unit/junit/b.xml"}),
        ("./api/?.xml", {"api/a.xml"}),
        ("web/[a].xml", {"web/[a].xml"}),
    ],
)
def test_a_prefix_with_a_glob_belongs_to_the_reports_that_match(
    glob: str, belongs: set[str]
) -> None:
    tree = PathResolver(directory="web", prefixes=(PathPrefix("/app", "web", glob),))
    reports = {
        "web/a.xml": "a.xml",
        "web/unit/junit/b.xml": "unit/junit/b.xml",
        "api/a.xml": "../api/a.xml",
        "web/[a].xml": "[a].xml",
    }

    assert {path for path, given in reports.items() if tree.for_report(given).prefixes} == belongs


def test_relative_names_can_be_mapped_by_hand() -> None:
    found = locate(
        "src/i.ts", tracked="web/src/i.ts api/src/i.ts", prefixes=(PathPrefix("", "web"),)
    )

    assert found.files == {"src/i.ts": "web/src/i.ts"}


def test_modules_of_the_same_inner_structure_are_found_by_what_they_do_not_share() -> None:
    tree = PathResolver(
        tracked=frozenset({"m/java/p/A.java", "m/kotlin/p/B.kt", "m/java/p/C.java"})
    )

    found = tree.locate_all(["p/A.java", "p/B.kt", "p/C.java"], report="r", scattered=True)

    assert set(found.files.values()) == tree.tracked


def test_thousands_of_files_of_one_name_are_mapped() -> None:
    tracked = " ".join(f"packages/p{n}/src/index.ts" for n in range(5_000))
    names = [f"/builds/x/packages/p{n}/src/index.ts" for n in range(5_000)]

    found = locate(*names, tracked=tracked)

    assert len(found.files) == 5_000
