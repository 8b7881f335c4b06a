"""Origins: a page that is not listed belongs to no environment, whatever it is made to look like."""

from __future__ import annotations

import pytest

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Forbidden
from handrail.delivery.origins import find_environment


def listed(id: str, *origins: str) -> EnvironmentSettings:
    return EnvironmentSettings(id=id, name=id, project="p", public_id="x", write_key=id, origins=origins)


PLACES = [
    listed("exact", "app.example.com", "localhost:8000"),
    listed("suffix", "*.example.com", "*.eu.example.com"),
    listed("longer", "*.staging.example.com"),
    listed("pattern", "re:^preview-[0-9]+[.]test$"),
]


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        ("https://app.example.com", "exact"),
        ("https://app.example.com:8443", "exact"),
        ("https://APP.example.com", "exact"),
        ("http://localhost:8000", "exact"),
        ("https://www.example.com", "suffix"),
        ("https://a.b.example.com", "suffix"),
        ("https://x.staging.example.com", "longer"),
        ("https://preview-17.test", "pattern"),
    ],
)
def test_a_listed_origin_finds_its_environment(origin: str, found: str) -> None:
    assert find_environment(PLACES, origin).id == found


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://example.com",
        "https://example.com.evil.test",
        "https://app.example.com.evil.test",
        "https://evilexample.com",
        "https://evil-app.example.com.test",
        "https://app.example.com@evil.test",
        "https://evil.test/app.example.com",
        "https://evil.test?app.example.com",
        "https://evil.test#app.example.com",
        "https://app.example.co",
        "https://app.example.com%00.evil.test",
        "https://аpp.example.test",
        "http://localhost",
        "http://localhost:8001",
        "file:///app.example.com",
        "data:text/html,app.example.com",
        "javascript://app.example.com",
        "chrome-extension://app.example.com",
        "app.example.com",
        "https://preview-17.test.evil.test",
        "https://xpreview-17.test",
        "https://preview-.test",
        "https://*.example.com.test",
    ],
)
def test_an_origin_that_is_not_listed_finds_none(origin: str | None) -> None:
    with pytest.raises(Forbidden) as refused:
        find_environment(PLACES, origin)
    assert refused.value.code == "unknown_origin"
