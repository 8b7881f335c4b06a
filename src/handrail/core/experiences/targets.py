"""Targets: the page element a step points at, described by several signals, never one selector."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from handrail.core.experiences.blocks import Text
from handrail.core.experiences.texts import LOCALE, text_problems
from handrail.core.problems import Problem

TAG = re.compile(r"[a-z][a-z0-9._-]*", re.ASCII)
ROLE = re.compile(r"[a-z]+(?:-[a-z]+)*", re.ASCII)
SIGNALS = (
    "test_id", "id", "name", "href", "role", "tag", "type", "icon", "landmark", "classes", "chain", "index",
    "text", "label", "heading", "before", "after", "row",
)  # fmt: skip
"""What a fingerprint compares."""

SHARED = (*SIGNALS, "numbered")
"""What `shares` may speak of; `numbered` is called the same but for its numbers."""

MAX_SIGNAL = 200
MAX_CLASSES = 20
MAX_CHAIN = 30


Strictness: TypeAlias = Literal["loose", "normal", "strict"]
"""How much of a fingerprint must still hold: loose finds more, strict errs less. None of them just takes the best."""


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an element and its surroundings said in one language when the fingerprint was taken; "" is nothing.

    `label` is a label, alternative or title besides the element's own `text`. `heading` is the nearest one, `before`
    and `after` the text beside it, `row` the words of the smallest box around it that says more than it does. Digits
    are kept in `text` and `label` only; elsewhere a run of them is `#`.
    """

    text: str = ""
    label: str = ""
    heading: str = ""
    before: str = ""
    after: str = ""
    row: str = ""


class Fingerprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an element was like when an author picked it, so that it is known again after the page has changed.

    `words` is by language of the page ("" where the page names none). `href` and `icon` have `#` for runs of digits;
    `chain` names ancestors, innermost first, by role, id or tag. `shares` says of each signal which part of the page's
    candidates had the same (0 to 1), and `rival` what it said for the best other one, in nats (log-likelihood).
    """

    tag: str
    words: dict[str, Wording] = {}
    test_id: str = ""
    id: str = ""
    name: str = ""
    href: str = ""
    role: str = ""
    type: str = ""
    icon: str = ""
    landmark: str = ""
    classes: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    index: int = 0
    shares: dict[str, float] = {}
    rival: dict[str, float] = {}


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Signals of one element. At least one is needed; each given one must agree, `css` narrows the search.

    `fingerprint` decides where these do not, as `strictness` asks. `test_id` is any of data-testid, data-test, data-cy,
    data-qa, data-test-id. `name` is the accessible name and is compared per locale. `near` is the text of the nearest
    heading. `nth` (from 0) picks among equals. `frame` and `shadow` are CSS paths into same-origin frames and open
    shadow roots, outermost first.
    """

    css: str | None = None
    test_id: str | None = None
    id: str | None = None
    role: str | None = None
    name: Text | None = None
    text: Text | None = None
    near: Text | None = None
    nth: int | None = None
    frame: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    fingerprint: Fingerprint | None = None
    strictness: Strictness = "normal"


class Missing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens when the target is not there: wait `wait_seconds`, then do `then` (`step` names go_to_step's)."""

    wait_seconds: float = 6
    then: Literal["float", "skip", "go_to_step", "end"] = "float"
    step: str | None = None


def target_problems(target: Target, path: str, locale: str) -> Iterator[Problem]:
    """All problems of a target. `locale` is the document's default."""
    signals = (target.css, target.test_id, target.id, target.role, target.name, target.text, target.fingerprint)
    if not any(signals):
        message = "A target needs a signal: test_id, id, css, role, name, text or a fingerprint."
        yield Problem("target_signals", path, message)
    if target.role is not None and ROLE.fullmatch(target.role) is None:
        yield Problem("target_role", f"{path}.role", f"{target.role!r} is no role; write button, link, heading.")
    if target.nth is not None and target.nth < 0:
        yield Problem("target_nth", f"{path}.nth", "Equals are counted from 0.")
    for member in ("name", "text", "near"):
        yield from text_problems(getattr(target, member), f"{path}.{member}", locale)
    if target.fingerprint is not None:
        yield from _fingerprint_problems(target.fingerprint, f"{path}.fingerprint")
    elif target.strictness != "normal":
        message = "Only a fingerprint is compared more or less strictly; this target has none."
        yield Problem("unused_strictness", f"{path}.strictness", message, "warning")


def _fingerprint_problems(taken: Fingerprint, path: str) -> Iterator[Problem]:
    if TAG.fullmatch(taken.tag) is None:
        yield Problem("fingerprint_tag", f"{path}.tag", f"{taken.tag!r} is no element's name; write button, a, div.")
    if taken.index < 0:
        yield Problem("fingerprint_index", f"{path}.index", "Siblings are counted from 0.")
    for name in ("test_id", "id", "name", "href", "role", "type", "icon", "landmark"):
        yield from _signal_problems(getattr(taken, name), f"{path}.{name}")
    for member, signals, most in (("classes", taken.classes, MAX_CLASSES), ("chain", taken.chain, MAX_CHAIN)):
        if len(signals) > most:
            yield Problem("many_signals", f"{path}.{member}", f"A fingerprint keeps at most {most} of these.")
        for at, signal in enumerate(signals):
            yield from _signal_problems(signal, f"{path}.{member}[{at}]")
    for locale, wording in taken.words.items():
        if locale and LOCALE.fullmatch(locale) is None:
            yield Problem("locale", f"{path}.words.{locale}", f"{locale!r} is no language; write en, fr, pt-BR.")
        for member in Wording.__struct_fields__:
            yield from _signal_problems(getattr(wording, member), f"{path}.words.{locale}.{member}")
    for member, named, known in (("shares", taken.shares, SHARED), ("rival", taken.rival, SIGNALS)):
        for name in named.keys() - set(known):
            yield Problem("unknown_signal", f"{path}.{member}.{name}", f"There is no signal {name!r}.")
    for name, share in taken.shares.items():
        if name in SHARED and not 0 < share <= 1:
            yield Problem("share", f"{path}.shares.{name}", "A share of the page is above 0 and at most 1.")


def _signal_problems(signal: str, path: str) -> Iterator[Problem]:
    if len(signal) > MAX_SIGNAL:
        message = f"This signal has {len(signal)} characters, at most {MAX_SIGNAL}."
        yield Problem("long_signal", path, message)
