"""The browser's engine in a Node process: questions in, verdicts out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

WEB = Path(__file__).parents[2] / "web"
ANSWER = WEB / "packages" / "engine" / "test" / "answer.ts"
ESBUILD = WEB / "node_modules" / ".bin" / "esbuild"

Verdicts: TypeAlias = tuple[bool | None, bool | None]
"""In the browser, and without one; None is deferred."""


class EngineMissing(Exception):
    """The engine cannot run here; the message says what is missing."""


def answers(questions: Iterable[dict[str, Any]]) -> Iterator[Verdicts]:
    """The engine's verdicts, in the order of the questions. Raises EngineMissing."""
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        raise EngineMissing("The fuzz run needs node and web/node_modules: run ./dev setup.")
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "answer.mjs"
        build = [str(ESBUILD), str(ANSWER), "--bundle", "--platform=node", "--format=esm", f"--outfile={bundle}"]
        subprocess.run([*build, "--log-level=error"], cwd=WEB, check=True)
        environment = {**os.environ, "NODE_OPTIONS": ""}
        process = subprocess.Popen(
            [node, str(bundle)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdin is not None
        assert process.stdout is not None
        # Written from a thread of its own, or two full pipes would wait for each other.
        writer = threading.Thread(target=_write, args=(process.stdin, questions))
        writer.start()
        try:
            for line in process.stdout:
                known, unknown = json.loads(line)
                yield known, unknown
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
            writer.join()


def _write(pipe: Any, questions: Iterable[dict[str, Any]]) -> None:
    try:
        for question in questions:
            pipe.write(json.dumps(question) + "\n")
        pipe.close()
    except BrokenPipeError:
        pass
