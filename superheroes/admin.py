"""Admin site configuration."""

from django.contrib import admin

from superheroes.models import SEARCHED_FIELDS, Superhero


@admin.register(Superhero)
class SuperheroAdmin(admin.ModelAdmin):
    """Searchable list with inline editing of the flags."""

    list_display = ["name", "real_name", "universe", "power_level", "is_active", "is_villain"]
    list_editable = ["is_active", "is_villain"]
    list_filter = ["universe", "is_active", "is_villain", "power_level"]
    search_fields = SEARCHED_FIELDS
    readonly_fields = ["created_at", "updated_at"]
