"""Secrets at rest: encrypted with a key that lives beside the data, never in a database.

The key file holds one Fernet key a line, the newest first. Put a new line on top to rotate: what was encrypted with
an older line is still read, and written with the new one the next time it changes.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from handrail.core.errors import Conflict

FILE = "secrets.key"


class Vault:
    """Encrypts and decrypts with an installation's keys."""

    def __init__(self, keys: list[bytes]) -> None:
        """Raises ValueError for a key that is none."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        # The oldest key names people who were erased, for ever: rotating the others must not bring them back.
        self._oldest = keys[-1]

    @staticmethod
    def open(folder: Path, given: str = "") -> Vault:
        """The keys in `given` (one a line), else in the folder's key file, which is made when missing.

        Raises Conflict for a file that holds no keys.
        """
        path = folder / FILE
        if not given and not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        lines = (given or path.read_text()).split()
        try:
            if not lines:
                raise ValueError("it is empty")
            return Vault([line.encode() for line in lines])
        except ValueError as problem:
            raise Conflict(f"The key file {str(path)!r} holds no keys: {problem}") from None

    def encrypt(self, secret: str) -> str:
        """The secret as text that only these keys read."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, kept: str) -> str:
        """The secret again. Raises Conflict when no key reads it."""
        try:
            return self._fernet.decrypt(kept).decode()
        except InvalidToken:
            raise Conflict(
                f"A secret was encrypted with a key that is not in {FILE}; put the key's line back into that file."
            ) from None

    def named_key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, the same as long as the oldest line stays."""
        return blake2b(purpose.encode(), digest_size=32, key=self._oldest[:64]).digest()
