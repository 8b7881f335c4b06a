"""Reads what strace saw: which requests came in, which syncs covered them, which answers went out."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

CALLS = "fdatasync,fsync,recvfrom,recvmsg,read,sendto,sendmsg,write,writev"
_LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))")
_DESCRIPTOR = re.compile(r"(?:\[?\{?)?(\d+)<([^>]*)>")

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


class Trace(msgspec.Struct):
    """Requests answered, and those that no completed sync of the log stood before."""

    answered: int = 0
    uncovered: list[int] = []
    syncs: int = 0


def traced(output: Path) -> list[str]:
    """The command that runs another under strace; the pid stays the server's own."""
    return ["strace", "-D", "-f", "-y", "-s", "32", "-o", str(output), "-e", f"trace={CALLS}"]


def read_trace(lines: list[str]) -> Trace:
    """Check, for each answer 200, that a sync of the log began after its request had come in and ended before it.

    A sync that began earlier may have missed the request's rows, so it does not count.
    """
    found = Trace()
    requests: dict[str, int] = {}
    unfinished: dict[str, tuple[int, str]] = {}
    covered: list[tuple[int, int]] = []
    for moment, line in enumerate(lines):
        parsed = _LINE.match(line)
        if parsed is None:
            continue
        thread, call, rest, resumed, tail = parsed.groups()
        begun = moment
        if call is None:
            if thread not in unfinished:
                continue
            # What was known when the call began, and how it ended.
            begun, before = unfinished.pop(thread)
            call, rest = resumed, before + tail
        elif "<unfinished" in rest:
            unfinished[thread] = (moment, rest.partition(" <unfinished")[0])
            if '"HTTP/1.1 200' not in rest:
                continue
        if call in ("fdatasync", "fsync"):
            if ".log" in rest and rest.rstrip().endswith("= 0"):
                covered.append((begun, moment))
        elif (descriptor := _DESCRIPTOR.match(rest)) is not None:
            number, kind = descriptor.groups()
            if not kind.startswith(("socket", "TCP")):
                continue
            if '"POST /v1/batch' in rest:
                requests[number] = moment
            elif '"HTTP/1.1 200' in rest and number in requests:
                # An answer counts from when its call began.
                asked = requests.pop(number)
                found.answered += 1
                if not any(asked < start and end < moment for start, end in covered):
                    found.uncovered.append(moment)
    found.syncs = len(covered)
    return found


def wait_for_end(output: Path, pid: int) -> list[str]:
    """The trace, once the tracer has written the last of process `pid`."""
    last = re.compile(rf"^{pid} +\+\+\+ ", re.MULTILINE)
    for _ in range(300):
        if last.search(text := output.read_text(errors="replace")):
            return text.splitlines()
        subprocess.run(["sleep", "0.05"], check=True)  # another process writes; nothing tells when it is done
    raise AssertionError("the tracer never finished")
