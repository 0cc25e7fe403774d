"""The Django app of the reference project."""

from django.apps import AppConfig


class SuperheroesConfig(AppConfig):
    """Application configuration."""

    name = "superheroes"
    verbose_name = "Superheroes"
