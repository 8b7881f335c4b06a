"""What is pictured: how a page is looked at, and what is done to an experience before its picture is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from playwright.sync_api import Locator, Page

Move: TypeAlias = Callable[[Page], None]
"""One thing that a reader does."""


@dataclass(frozen=True)
class Look:
    """Whose eyes: a theme of the gallery, a language and a window.

    `zoom` is device pixels in one of the page's; `forced` takes the colours that the reader's system has set.
    """

    name: str
    theme: Literal["", "-dark", "-brand"] = ""
    language: str = "en"
    width: int = 1280
    height: int = 800
    zoom: int = 1
    forced: bool = False

    @property
    def is_phone(self) -> bool:
        """Whether fingers hold it."""
        return self.width <= 360


@dataclass(frozen=True)
class Scene:
    """An experience of the gallery after some moves; without a key the feed of posts."""

    name: str
    key: str
    moves: tuple[Move, ...] = ()

    @property
    def kind(self) -> str:
        """The first word of its key, which the gallery sorts by."""
        return self.key.partition("-")[0]


LOOKS = (
    Look("light"),
    Look("dark", theme="-dark"),
    Look("brand", theme="-brand"),
    Look("french", language="fr"),
    Look("rtl", language="ar"),
    Look("phone", width=360, height=740),
    Look("phone-dark", theme="-dark", width=360, height=740),
    Look("phone-brand", theme="-brand", width=360, height=740),
    Look("phone-rtl", language="ar", width=360, height=740),
    Look("small", width=320, height=568),
    Look("forced", forced=True),
    Look("zoomed", width=640, height=400, zoom=2),
)


def ours(page: Page, css: str) -> Locator:
    """Something of ours on the page; the latest where several fit."""
    return page.locator(f"handrail-root {css}").last


def press(css: str) -> Move:
    """A click on something of ours."""
    return lambda page: ours(page, css).click()


def write(css: str, text: str) -> Move:
    """Typing into a field of ours."""
    return lambda page: ours(page, css).fill(text)


def see(css: str) -> Move:
    """Waiting for something of ours to come."""
    return lambda page: ours(page, css).wait_for()


def turn(css: str, name: str) -> Move:
    """A key on something of ours, which takes the focus for it."""
    return lambda page: ours(page, css).press(name)


def key(name: str) -> Move:
    """A key, wherever the focus is."""
    return lambda page: page.keyboard.press(name)


def choose(value: str) -> Move:
    """Choosing an answer by what it stands for, as its label does."""
    return lambda page: ours(page, f"input[value='{value}']").check(force=True)


SUBMIT = press(".foot button.primary")


def go_on(page: Page) -> None:
    """The step's own button, until another step stands: a survey takes no second click in its first moment."""
    title = page.locator("handrail-root .body :is(h2, p)").first
    before = title.text_content()
    while title.text_content() == before:
        SUBMIT(page)


def answered(*moves: Move) -> tuple[Move, ...]:
    """Moves over the questions of the gallery's long survey, from its second path on."""
    return (choose("9"), go_on, *moves)


def _survey(*names: str) -> list[Scene]:
    """The steps of the long survey after the score, one after the other."""
    answers: dict[str, tuple[Move, ...]] = {
        "stars": (choose("4"),),
        "faces": (choose("5"),),
        "hearts": (choose("2"),),
        "uses": (choose("reports"), choose("other")),
        "hours": (turn("input[type=range]", "ArrowRight"),),
        "words": (write("textarea", "It is faster than before."),),
    }
    scenes: list[Scene] = []
    done: tuple[Move, ...] = answered()
    for name in names:
        filled = answers.get(name, ())
        scenes.append(Scene(name, "survey-everything", (*done, *filled)))
        done = (*done, *filled, go_on)
    return scenes


STATES: Sequence[Scene] = (
    Scene("tooltip", "tour-forms", (go_on,)),
    Scene("nested", "tour-forms", (go_on, go_on)),
    Scene("snippet", "tour-forms", (go_on, go_on, go_on)),
    Scene("focus", "tour-blocks", (key("Tab"),)),
    Scene("badge", "tour-badge-and-cursor", (SUBMIT, see(".mark"))),
    Scene("badge-open", "tour-badge-and-cursor", (SUBMIT, press(".mark"))),
    Scene("bare", "tour-hard", (go_on,)),
    Scene("chosen", "survey-everything", (choose("7"),)),
    Scene("error", "survey-everything", (SUBMIT,)),
    Scene("why", "survey-everything", (choose("3"), go_on, choose("other"))),
    Scene("effort", "survey-everything", (choose("7"), go_on, choose("3"))),
    *_survey("stars", "faces", "hearts", "uses", "hours", "words", "pause", "talk"),
    Scene("thanks", "survey-modal", (choose("5"), go_on)),
    Scene("why", "survey-modal", (choose("2"), go_on)),
    Scene("error", "survey-hard", (SUBMIT,)),
    Scene("card", "hint-marks", (press(".mark.dot"),)),
    Scene("label", "hint-marks", (press(".mark.label:not(.target)"),)),
    Scene("skipped", "checklist-any-order", (press("[data-at='fold invite']"), press("[data-at='skip invite']"))),
    Scene("put-away", "checklist-any-order", (press("[data-at=dismiss]"),)),
    Scene("closed", "checklist-any-order", (press(".panel .cross"),)),
    Scene("done", "checklist-in-order", (press("[data-at='do name']"), press("[data-at='do product']"))),
    Scene(
        "complete",
        "checklist-in-order",
        (press("[data-at='do name']"), press("[data-at='do product']"), press("[data-at='do open']")),
    ),
    Scene("found", "resource-help", (write("[type=search]", "ex"),)),
    Scene("nothing-found", "resource-help", (write("[type=search]", "xyz"),)),
    Scene("closed", "resource-help", (press(".panel .cross"),)),
    Scene("liked", "post-everything", (press(".like"),)),
    Scene("commented", "post-everything", (write("textarea", "Thank you"), press("form button"))),
    Scene("feed", "post-feed"),
)


def scenes_of(keys: Sequence[str]) -> list[Scene]:
    """Every experience as it comes, and then its states."""
    return [Scene("first", each) for each in keys] + list(STATES)
