"""Finds the browser that the tests drive."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)

# Without these, Chromium looks for its maker's servers at every start.
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A window asks two pages of the browser's own for what they would show below its address bar: three quarters of what a
# new context costs, for nobody. Of several such switches the last counts, so what Playwright turns off is repeated.
OFF = [
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
]


class ChromiumMissing(Exception):
    """No Chromium was found; the message says what to install."""

    def __init__(self) -> None:
        super().__init__(
            "These tests need Chromium: install it (Debian and Ubuntu: apt-get install chromium), "
            "or name one with HANDRAIL_CHROMIUM=/path/to/chromium."
        )


def find_chromium() -> Path:
    """The Chromium to drive: the one HANDRAIL_CHROMIUM names, or the first installed."""
    if named := os.environ.get("HANDRAIL_CHROMIUM"):
        return Path(named)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    for application in ON_MACOS:
        if application.exists():
            return application
    raise ChromiumMissing


def chromium_arguments() -> list[str]:
    """Command-line arguments for a quiet, headless browser on this machine."""
    arguments = [*QUIET, f"--disable-features={','.join(OFF)}"]
    # Chromium's sandbox refuses to start for root, which is who runs tests in a container.
    return [*arguments, "--no-sandbox"] if os.geteuid() == 0 else arguments
