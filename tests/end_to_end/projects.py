"""Small Django projects in git repositories, on which the tests run the program."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

FILES = {
    "manage.py": """
        import os
        import sys

        from django.core.management import execute_from_command_line

        if __name__ == "__main__":
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
            execute_from_command_line(sys.argv)
        """,
    "requirements.txt": """
        Django==5.2.19
        dj-database-url==3.1.2
        psycopg[binary]==3.3.9
        gunicorn==27.0.1
        """,
    "pyproject.toml": """
        [tool.black]
        line-length = 100

        [tool.isort]
        profile = "black"

        [tool.heroci]
        lint = ["black", "isort", "flake8"]
        """,
    ".flake8": """
        [flake8]
        max-line-length = 100
        """,
    "site_/__init__.py": "",
    "site_/settings.py": """
        import os

        import dj_database_url

        SECRET_KEY = os.environ["SECRET_KEY"]
        DEBUG = False
        ALLOWED_HOSTS = ["*"]
        DATABASES = {"default": dj_database_url.config("DATABASE_URL")}
        INSTALLED_APPS = ["shop"]
        ROOT_URLCONF = "site_.urls"
        WSGI_APPLICATION = "site_.wsgi.application"
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        USE_TZ = True
        """,
    "site_/urls.py": """
        from django.http import JsonResponse
        from django.urls import path

        from shop.models import Product


        def health(request):
            return JsonResponse({"products": Product.objects.count()})


        urlpatterns = [path("health/", health)]
        """,
    "site_/wsgi.py": """
        from django.core.wsgi import get_wsgi_application

        application = get_wsgi_application()
        """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Product(models.Model):
            name = models.CharField(max_length=100)

            def __str__(self):
                return self.name
        """,
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": """
        from django.db import migrations, models


        class Migration(migrations.Migration):
            initial = True
            dependencies = []
            operations = [
                migrations.CreateModel(
                    name="Product",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=100)),
                    ],
                ),
            ]
        """,
    "shop/tests.py": """
        from django.db import connection
        from django.test import TestCase

        from shop.models import Product


        class ProductTests(TestCase):
            def test_name(self):
                self.assertEqual(str(Product(name="Cape")), "Cape")

            def test_database_is_real(self):
                Product.objects.create(name="Mask")
                self.assertEqual(connection.vendor, "postgresql")
                self.assertEqual(Product.objects.count(), 1)

            def test_health(self):
                self.assertEqual(self.client.get("/health/").json(), {"products": 0})
        """,
}


def write(root: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write the project to `root` with these files replaced; None omits a file."""
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"))
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root)
    return root


def commit(root: Path) -> None:
    """Commit everything."""
    git(root, "add", "--all")
    git(
        root,
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.org",
        "commit",
        "--quiet",
        "--message",
        "x",
    )


def git(root: Path, *arguments: str) -> None:
    """Run git without the user's settings."""
    env = {
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "HOME": str(root),
    }
    subprocess.run(["git", *arguments], cwd=root, env=env, check=True)
