"""Who fills the store: one process at a time, and another one as soon as that one is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from handrail.adapters.postgres.turn import PostgresTurn

PROGRAM = """
import asyncio, sys
from handrail.adapters.postgres.turn import PostgresTurn

async def main():
    turn = PostgresTurn(sys.argv[1], "filling")
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(await turn.mine(), flush=True)

asyncio.run(main())
"""


class Process:
    """Another process that asks for the turn whenever it is told to."""

    def __init__(self, dsn: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def mine(self) -> bool:
        """Whether it has the turn now."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() == "True"

    def kill(self) -> None:
        """End it without a good-bye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def processes(postgres_dsn: str) -> Iterator[list[Process]]:
    """Three of them."""
    made = [Process(postgres_dsn) for _ in range(3)]
    yield made
    for each in made:
        each.kill()


async def test_one_of_several_processes_has_the_turn_until_it_dies(processes: list[Process], postgres_dsn: str) -> None:
    first, *others = processes
    assert first.mine()
    for _ in range(3):
        assert [each.mine() for each in processes] == [True, False, False]
    first.kill()
    here = PostgresTurn(postgres_dsn, "filling")
    # The server notices a connection that is gone by itself; whoever asks first then has the turn.
    claims = [False]
    for _ in range(1000):
        claims = [others[0].mine(), await here.mine(), others[1].mine()]
        if any(claims):
            break
    assert sum(claims) == 1
    assert [others[0].mine(), await here.mine(), others[1].mine()] == claims
    await here.close()
