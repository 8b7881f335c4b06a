"""`make bench`: run every bench, print one table, write `bench/results/latest.json`.

Absolute times say more about the machine than about the code; read the ratios. Names given as arguments pick benches:
`./dev bench evaluator sdk`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

BENCHES = ("evaluator", "boot", "ingest", "postgres", "segment", "analytics", "browser", "kinds", "targets")
RESULTS = Path(__file__).parent / "results" / "latest.json"
COLUMNS = ("what", "ours", "peer", "limit", "ratio_to_peer", "ratio_to_limit", "goal", "met")


def shown(value: object) -> str:
    """A cell as people read it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "NO"
        case float() if abs(value) < 100:
            return f"{value:.3g}"
        case int() | float():
            return f"{value:,.0f}"
        case _:
            return str(value)


def table(rows: list[dict[str, object]]) -> str:
    """Rows as a Markdown table, columns padded so that a terminal reads them as well."""
    lines = [list(COLUMNS), *([shown(row.get(column)) for column in COLUMNS] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def main(names: list[str]) -> int:
    """Run the benches named, or all; the exit code tells whether every goal was met."""
    unknown = set(names) - set(BENCHES)
    if unknown:
        print(f"There is no bench {sorted(unknown)}; there are {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    started, rows = time.time(), []
    load = [round(each, 2) for each in os.getloadavg()]
    for name in names or BENCHES:
        print(f"==> {name}", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"bench.{name}").rows()
    print(table(rows))
    print(f"\nLoad average at the start: {load}; {time.time() - started:.0f} s in all.")
    if not names:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"load_at_start": load, "cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")
    return 0 if all(row.get("met") is not False for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
