"""Writes `spec/schema`: `python -m handrail.cli.schema [FOLDER]`. A test holds the files equal to what this writes."""

from __future__ import annotations

import sys
from pathlib import Path

from handrail.core.experiences.schema import document_schemas
from handrail.core.schema import written
from handrail.delivery.schema import wire_schemas
from handrail.segmentio.destination.schema import destination_schema


def files() -> dict[str, bytes]:
    """Every file of `spec/schema`, by name."""
    schemas = document_schemas() | destination_schema() | wire_schemas()
    return {f"{name}.json": written(schema) for name, schema in schemas.items()}


def main(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "spec/schema"))
