"""One worker of `handrail serve --workers`: `python -m handrail.cli.worker LISTENER COMMANDS ALIVE`, three descriptors.

It ends when told to, and when the pipe ALIVE closes: the supervisor is gone, and nobody would end it later.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import click
import uvloop

from handrail.app import Installation
from handrail.core.errors import HandrailError
from handrail.serving import run
from handrail.settings import read_settings


async def _serve(listener: int, commands: int, alive: int) -> None:
    installation = await Installation.open(read_settings(), worker=True)
    asyncio.get_running_loop().add_reader(alive, lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        application = installation.application()
        await run(
            application, socket.socket(fileno=listener), socket.socket(fileno=commands), beside=installation.work()
        )
    finally:
        asyncio.get_running_loop().remove_reader(alive)
        await installation.close()


def main(listener: int, commands: int, alive: int) -> int:
    """Serve until told to stop. 3 with one sentence when it cannot."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(listener, commands, alive))
    except HandrailError as problem:
        click.echo(f"handrail: {problem.message}", err=True)
        return 3
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
