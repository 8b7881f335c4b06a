"""Problems of texts and addresses: what an author wrote that readers would see wrong, or that leads nowhere safe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from handrail.core.experiences.blocks import Span
from handrail.core.problems import Problem
from handrail.core.templates import CHIP, SAFE_SCHEMES, SOURCES, URL_CHIP, NoAddress, chips, render_url, scheme_of

MAX_TEXT = 4000
LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
BRACES = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|[^{}]*)?\}\}")


def text_problems(text: object, path: str, default_locale: str, *, needed: bool = False) -> Iterator[Problem]:
    """All problems of a text, in one language, in several, or made of spans. `needed`: it may not be blank."""
    match text:
        case str():
            yield from _string_problems(text, path, needed=needed)
        case dict():
            yield from _locale_problems(cast("dict[str, str]", text), path, default_locale)
            for locale, words in cast("dict[str, str]", text).items():
                yield from _string_problems(words, f"{path}.{locale}", needed=needed)
        case list():
            for at, span in enumerate(cast("list[Span]", text)):
                yield from text_problems(span.text, f"{path}[{at}].text", default_locale)
                if span.link is not None:
                    yield from url_problems(span.link, f"{path}[{at}].link")
        case _:
            pass


def _locale_problems(texts: dict[str, str], path: str, default_locale: str) -> Iterator[Problem]:
    if not texts:
        yield Problem("no_text", path, "A text in several languages needs at least one.")
    for locale in texts:
        if LOCALE.fullmatch(locale) is None:
            yield Problem("locale", f"{path}.{locale}", f"{locale!r} is no language; write en, fr, pt-BR.")
    if texts and default_locale not in texts:
        yield Problem(
            "no_default_text", path, f"Readers of other languages fall back to {default_locale}; add it.", "warning"
        )


def _string_problems(text: str, path: str, *, needed: bool) -> Iterator[Problem]:
    if needed and not text.strip():
        yield Problem("empty_text", path, "Without words nobody can read it, nor hear what it is.")
    if len(text) > MAX_TEXT:
        yield Problem("long_text", path, f"This text has {len(text)} characters, at most {MAX_TEXT}.")
    for name in BRACES.findall(text):
        if (why := _source_problem(str(name))) is not None:
            yield Problem("attribute_source", path, why)
    if "{{" in BRACES.sub("", CHIP.sub("", text)):
        yield Problem("chip", path, "A chip is written {{native.name|there}}.", "warning")


def _source_problem(name: str) -> str | None:
    source, dot, key = name.partition(".")
    if source in SOURCES and key:
        return None
    if dot and key:
        hint = f"native.{key}" if source == "user" else " or ".join(f"{each}.{key}" for each in SOURCES)
    else:
        hint = " or ".join(f"{each}.{source or 'name'}" for each in SOURCES)
    return f"{name!r} does not say where its attribute comes from: write {hint}."


def url_problems(url: str, path: str, *, schemes: tuple[str, ...] = SAFE_SCHEMES) -> Iterator[Problem]:
    """All problems of an address that may hold chips. `schemes` are those that may be followed."""
    unsourced = [_source_problem(str(name)) for name in BRACES.findall(url)]
    yield from (Problem("attribute_source", path, why) for why in unsourced if why is not None)
    for found in URL_CHIP.finditer(url):
        # {user.name} would be a custom attribute with a dot in its name, which is not what was meant.
        if found[3] is not None and found[3].startswith("user."):
            yield Problem("attribute_source", path, str(_source_problem(found[3])))
    if any(unsourced):
        return
    if "{" in (bare := URL_CHIP.sub("", url)) or "}" in bare:
        yield Problem("chip", path, "In an address a chip is written {plan} or {{custom.plan|free}}.")
        return
    sample = render_url(url, {chip.name: "x" for chip in chips(url, "url")})
    if isinstance(sample, NoAddress) or (scheme_of(sample) or schemes[0]) not in schemes:
        yield Problem(
            "unsafe_url",
            path,
            f"{url!r} is not followed: use {', '.join(schemes)} or a relative address, chips only behind the host.",
        )
