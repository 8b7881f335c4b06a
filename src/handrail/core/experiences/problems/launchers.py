"""Problems of a launcher."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.launchers import Launcher
from handrail.core.experiences.targets import target_problems
from handrail.core.experiences.texts import text_problems
from handrail.core.problems import Problem


def launcher_problems(launcher: Launcher, path: str, locale: str) -> Iterator[Problem]:
    """All problems of a launcher. `locale` is the document's default."""
    yield from text_problems(launcher.label, f"{path}.label", locale)
    if launcher.target is None:
        if launcher.show and launcher.icon == "none" and not launcher.label:
            yield Problem("empty_launcher", path, "A launcher without icon and label is nothing to click on.")
        return
    yield from target_problems(launcher.target, f"{path}.target", locale)
    if not launcher.show:
        yield Problem(
            "unused_target", f"{path}.target", "This launcher does not show; its target does nothing.", "warning"
        )
    if launcher.draggable:
        message = "An element of the page stays where the page has it; only a floating launcher is dragged."
        yield Problem("unused_draggable", f"{path}.draggable", message, "warning")
