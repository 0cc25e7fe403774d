"""Image references: their registry, and which are invalid."""

from __future__ import annotations

import pytest

from heroci_action.engines.images import DOCKER_HUB, check_reference, registry_of


@pytest.mark.parametrize(
    ("address", "registry"),
    [
        ("shop", DOCKER_HUB),
        ("acme/shop:1", DOCKER_HUB),
        ("ghcr.io/acme/shop:1", "ghcr.io"),
        ("localhost/shop", "localhost"),
        ("registry:5000/shop", "registry:5000"),
    ],
)
def test_the_registry_is_the_first_part_where_it_looks_like_a_host(
    address: str, registry: str
) -> None:
    assert registry_of(address) == registry


@pytest.mark.parametrize("address", ["shop", "a/b_c/d-e:V1.0-x", "h.example.com:5000/a/b:latest"])
def test_addresses_are_taken(address: str) -> None:
    assert check_reference(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "A/B:1x/",
        "shop:",
        "shop:a b",
        "shop:{env.SHA}",
        "--help",
        "sho\np",
        "a//b",
        f"a:{'x' * 129}",
    ],
)
def test_an_invalid_reference_is_refused_with_a_remedy(address: str) -> None:
    outcome = check_reference(address)
    assert outcome is not None
    assert outcome.exit_code == 1
    assert outcome.remedy
