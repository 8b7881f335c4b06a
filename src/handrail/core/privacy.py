"""Privacy: what an environment holds its doors to."""

from __future__ import annotations

import msgspec

from handrail.core.identity import Verification
from handrail.core.scrub import ScrubRules


class Privacy(msgspec.Struct, frozen=True):
    """How one environment checks identities (None without a key), and what it cuts off events before they are kept."""

    verification: Verification | None = None
    scrub: ScrubRules = ScrubRules()
