"""A real ClickHouse for the tests: the library of chDB's npm package runs `clickhouse-local`, which can listen.

Run as a program it serves until it is killed: `server.py LIBRARY FOLDER HTTP_PORT`. See docs/decisions/0051.
"""

from __future__ import annotations

import ctypes
import sys

FOR_EVER = (
    "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3) FROM numbers(100000) FORMAT Null"
    " SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1, max_threads = 1"
)


def main(library: str, folder: str, port: str) -> None:
    """Serve on the loopback address."""
    words = ["clickhouse", "--multiquery", f"--path={folder}", "--listen_host=127.0.0.1", f"--http_port={port}"]
    words.append(f"--query={FOR_EVER}")
    arguments = (ctypes.c_char_p * len(words))(*(word.encode() for word in words))
    serve = ctypes.CDLL(library).query_stable_v2
    serve.restype = ctypes.c_void_p
    serve(len(words), arguments)


if __name__ == "__main__":
    main(*sys.argv[1:4])
