"""Builds the browser packages into src/handrail/static, so that an installed wheel needs no Node."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build` for a release; an editable install serves what `./dev build` made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leave a freshly built static folder behind, or say in one sentence why there is none."""
        if version == "editable":
            return
        web = Path(self.root) / "web"
        if not web.is_dir():
            # Building a wheel from the sdist, which carries the built files instead of their sources.
            self._require_static("The source distribution carries no built web files")
            return
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("Building a Handrail wheel from a checkout needs Node.js 20 or newer with npm.")
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=web, check=True)
        subprocess.run([npm, "run", "build"], cwd=web, check=True)
        self._require_static("`npm run build` wrote nothing into src/handrail/static")

    def _require_static(self, problem: str) -> None:
        static = Path(self.root) / "src" / "handrail" / "static"
        if not static.is_dir() or not any(static.iterdir()):
            sys.exit(f"{problem}; a wheel without them could not serve the SDK.")
