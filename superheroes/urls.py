"""URL configuration, except for the health probes, which `superheroes.health` answers first."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from superheroes.views import SuperheroViewSet

router = SimpleRouter()
router.register("superheroes", SuperheroViewSet)

urlpatterns = [
    path("api/", include(router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(), name="docs"),
    path(
        "api/redoc/",
        SpectacularRedocView.as_view(template_name="superheroes/redoc.html"),
        name="redoc",
    ),
    path("admin/", admin.site.urls),
]
