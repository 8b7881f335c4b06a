"""A backup as one file: a tar of the databases and a manifest, closed by the SHA-256 of everything before.

The last 65 bytes are that digest and a newline, so no byte can change unnoticed, padding and headers included; the
manifest names each file's own digest, so what was unpacked is what was packed.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from handrail.core.errors import Invalid

FORMAT = 1
MANIFEST = "manifest.json"
TRAILER = 65
CHUNK = 1 << 20
_NAME = re.compile(r"(control|state|base)\.db|\d{16}\.\d{4}-\d\d-\d\d\.log")


class Packed(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds. `created_at` in milliseconds."""

    format: int
    handrail: str
    created_at: int
    files: list[Packed]


def write_archive(folder: Path, target: Path, *, handrail: str, now: int) -> Manifest:
    """Pack every file of `folder` into `target`, synced."""
    files = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    manifest = Manifest(FORMAT, handrail, now, [Packed(each.name, each.stat().st_size, digest(each)) for each in files])
    with target.open("w+b") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            written = msgspec.json.encode(manifest)
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(written)
            tar.addfile(entry, io.BytesIO(written))
            for each in files:
                entry = tarfile.TarInfo(each.name)
                entry.size = each.stat().st_size
                with each.open("rb") as content:
                    tar.addfile(entry, content)
        out.seek(0)
        found = hashlib.sha256()
        for chunk in chunks(out):
            found.update(chunk)
        out.write(found.hexdigest().encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return manifest


def read_archive(source: Path, folder: Path) -> Manifest:
    """Unpack a backup into `folder`. Raises Invalid when any byte of it is not what was written."""
    if not is_whole(source):
        raise Invalid(f"{str(source)!r} is damaged, or no backup: its checksum does not fit. Nothing was restored.")
    with source.open("rb") as file:
        try:
            return _unpack(file, folder)
        except (tarfile.TarError, msgspec.MsgspecError, KeyError) as problem:
            raise Invalid(f"{str(source)!r} is no backup of Handrail: {problem}") from None


def is_whole(source: Path) -> bool:
    """Whether every byte of a backup is what was written."""
    left = source.stat().st_size - TRAILER
    if left <= 0:
        return False
    with source.open("rb") as file:
        found = hashlib.sha256()
        while left:
            chunk = file.read(min(CHUNK, left))
            found.update(chunk)
            left -= len(chunk)
        return file.read() == found.hexdigest().encode() + b"\n"


def _unpack(file: BinaryIO, folder: Path) -> Manifest:
    with tarfile.open(fileobj=file, mode="r:") as tar:
        first = tar.extractfile(MANIFEST)
        assert first is not None
        manifest = msgspec.json.decode(first.read(), type=Manifest)
        if manifest.format != FORMAT:
            raise Invalid(f"The backup has format {manifest.format}; this Handrail reads {FORMAT}.")
        for each in manifest.files:
            # Names are ours or refused: nothing is written outside the folder.
            if not _NAME.fullmatch(each.name):
                raise Invalid(f"The backup names a file {each.name!r}, which Handrail has not.")
            content = tar.extractfile(each.name)
            assert content is not None
            with (folder / each.name).open("xb") as out:
                for chunk in iter(lambda content=content: content.read(CHUNK), b""):
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            if digest(folder / each.name) != each.sha256:
                raise Invalid(f"{each.name!r} in the backup is not what was packed.")
    return manifest


def digest(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, piece by piece."""
    return iter(lambda: file.read(CHUNK), b"")
