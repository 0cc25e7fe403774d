"""Lines that rewrite tracked files with a patch, a version or code are left out with a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded


@pytest.mark.parametrize(
    ("line", "is_left_out"),
    [
        ("git apply ci.patch", True),
        ("npm version 1.2 --no-git-tag-version", True),
        ("bump2version patch", True),
        ("envsubst < a.template > conf/a.yml", True),
        ("python -c \"open('conf/a.yml', 'w').write('x')\"", True),
        ("python -c \"from pathlib import Path; Path('conf/a.yml').write_text('')\"", True),
        ("git show main:conf/a.yml > conf/a.yml", True),
        ("python manage.py make_file > conf/a.yml", True),
        ("python - <<EOF\nopen('conf/a.yml', 'a').write('x')\nEOF", True),
        ("node -e \"require('fs').writeFileSync('conf/a.yml', '')\"", True),
        ("node - <<'EOF'\nconst file = 'conf/a.yml';\nfs.writeFileSync(file, '');\nEOF", True),
        ("cp -rT ci conf", True),
        ("cp -r --no-target-directory ci new", False),
        ("cp -t conf ci/a.yml", True),
        ("cp --target-directory=new ci/a.yml", False),
        ("dd if=ci/a.yml of=conf/a.yml", True),
        ("dd if=/dev/zero of=conf/b.yml count=1", False),
        ("python tools/set.py", True),
        ("cd tools && ./set.py", True),
        ("python tools/set.py --check > conf/a.yml", True),
        ("python tools/argument.py conf/a.yml", True),
        ("python tools/argument.py conf/b.yml", False),
        ("python tools/copy.py", False),
        ("node tools/set.js", True),
        ("python - <<EOF\nopen('conf/b.yml', 'w').write(open('conf/a.yml').read())\nEOF", False),
        ("envsubst < a.template > conf/b.yml", False),
        ("python -c \"open('conf/b.yml', 'w').write(open('conf/a').read())\"", False),
    ],
)
def test_a_line_that_rewrites_tracked_files_is_left_out_with_a_warning(
    tmp_path: Path, line: str, *, is_left_out: bool
) -> None:
    files = {
        "conf/a.yml": "",
        "ci/a.yml": "a: 1",
        "a.template": "",
        "ci.patch": "",
        "package.json": "{}",
        "tools/set.py": """
            #!/usr/bin/env python3
            from pathlib import Path
            import json, os
            BASE = Path(__file__).resolve().parent.parent
            for name in ["a.yml", "c.yml"]:
                with (BASE / "conf" / name).open("w") as file:
                    json.dump({}, file)
            """,
        "tools/argument.py": "import sys\nwith open(sys.argv[1], mode='w') as file: file.write('')\n",
        "tools/copy.py": """
            import os, shutil, tempfile
            work = tempfile.mkdtemp()
            shutil.copy("conf/a.yml", os.path.join(work, "conf", "a.yml"))
            open(os.path.join(work, "conf/a.yml"), "w").close()
            open("conf/a.yml").read().replace("a", "conf/a.yml")
            """,
        "tools/set.js": "fs.writeFileSync('conf/a.yml', text)",
    }
    ci = {**workflow("sh ci.sh"), "ci.sh": f"{line}\npython manage.py test\n"}
    found = loaded(tmp_path, {**django(), **files, **ci})
    assert bool(found.config.tests.before) is not is_left_out
    assert any("changes files that git tracks" in text for text in found.warnings) is is_left_out


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("tar xzf data.tgz", True),
        ("tar -x -f data.tgz -C conf", True),
        ("unzip -qo data.zip -d conf", True),
        ("tar --extract --file data.tgz conf/a.yml", True),
        ("unzip data.zip", False),  # It asks before it replaces a file, and in a CI nobody answers.
        ("tar czf data.tgz conf", False),
        ("tar -xkf data.tgz", False),
        ("tar xf data.tgz -C media", False),
        ("tar xf data.tgz media", False),
    ],
)
def test_an_archive_over_tracked_files_is_named(
    tmp_path: Path, line: str, *, is_named: bool
) -> None:
    files = {"conf/a.yml": "", "data.tgz": "", "data.zip": ""}
    found = loaded(tmp_path, {**django(), **files, **workflow(line, "python manage.py test")})
    assert [step.run for step in found.config.tests.before] == [line]
    assert any("unpacks archives" in text for text in found.warnings) is is_named


@pytest.mark.parametrize("line", ["python tools/set.py --check", "python -m tools.set --check"])
def test_code_that_only_compares_what_it_would_write_is_a_check_of_the_ci(
    tmp_path: Path, line: str
) -> None:
    code = """
        import sys
        from pathlib import Path
        if "--check" in sys.argv:
            sys.exit(Path("api.json").read_text() != "{}")
        Path("api.json").write_text("{}")
    """
    ci = f"""
        on: push
        jobs:
          schema: {{steps: [{{run: {line}}}]}}
          tests: {{steps: [{{run: python manage.py test}}]}}
    """
    files = {"tools/set.py": code, "api.json": "{}", ".github/workflows/ci.yml": ci}
    found = loaded(tmp_path, {**django(), "requirements.txt": "django", **files})
    assert any(f"'{line}'" in text for text in found.warnings)
