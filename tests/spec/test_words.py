"""Our own words on a host page: every one is used, and said in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handrail.delivery.words import all_words, words_for

PACKAGES = Path(__file__).parents[2] / "web" / "packages"
USED = re.compile(r"\.word\(\s*'(\w+)',\s*'([^']*)'")


def used() -> dict[str, str]:
    """The words that the browser packages use, with their English."""
    sources = (path.read_text() for path in PACKAGES.glob("*/src/**/*.ts"))
    return {name: english for source in sources for name, english in USED.findall(source)}


@pytest.mark.parametrize("language", sorted(all_words()))
def test_every_word_that_is_used_is_said_in_every_language(language: str) -> None:
    said = all_words()[language]
    assert set(said) == set(used())
    for name, english in used().items():
        assert said[name].strip(), name
        assert said[name].count("#") == english.count("#"), name


def test_a_reader_is_told_the_words_of_their_language_and_no_english() -> None:
    assert words_for("fr-CA") == words_for("fr") == all_words()["fr"]
    assert words_for("en-GB") == {}
    assert words_for("tlh") == {}
