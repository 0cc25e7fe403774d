"""The Django app of the reference project."""

from django.apps import AppConfig


class SuperheroesConfig(AppConfig):
    """Names the app."""

    name = "superheroes"
    verbose_name = "Superheroes"
