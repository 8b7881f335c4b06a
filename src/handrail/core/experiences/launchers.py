"""Launchers: the button that opens a checklist, the resource center or the posts feed."""

from __future__ import annotations

from typing import Literal

import msgspec

from handrail.core.experiences.blocks import Text
from handrail.core.experiences.targets import Target


class Launcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A floating button in a corner, or an element of the page (`target`) that opens the panel when it is clicked.

    `show: false` leaves opening to actions and the SDK. The user may drag a floating one along the edge when
    `draggable`; where they left it is kept in the browser. `badge` shows what is open or unread.
    """

    show: bool = True
    position: Literal["bottom_start", "bottom_end", "top_start", "top_end"] = "bottom_end"
    icon: Literal["question", "check", "megaphone", "none"] = "question"
    label: Text = ""
    target: Target | None = None
    draggable: bool = False
    badge: bool = True
