"""Whether the server is well, and the status page: a person's first look at an installation.

Plain HTML, every value escaped, one style sheet.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from litestar import MediaType, Response, get

from handrail.core.errors import NotFound
from handrail.http.api.admin import Admin
from handrail.http.api.policy import ANYONE, ApiRequest, installation_of
from handrail.http.api.showing import shown


async def status_page(admin: Admin) -> bytes:
    """What is live, what happened last, where the demo is."""
    if len(await admin.projects.all()) > 1:
        raise NotFound("Several projects share this installation, and this page shows none of them.")
    async with admin.works(await admin.project()) as work:
        place = await work.environment("production")
        live = await work.live(place.id)
        revision = await work.revision(place.id)
    rows = "".join(
        f"<tr><td><span class='dot {'paused' if each.paused else 'live'}'></span>{escape(key)}</td>"
        f"<td>{escape(each.document.name)}</td><td>{escape(str(each.document.__struct_config__.tag))}</td>"
        f"<td class='number'>v{each.number}</td><td>{'Paused' if each.paused else 'Live'}</td></tr>"
        for key, each in sorted(live.items())
    )
    lines = "".join(
        f"<li><time>{_clock(line['at'])}</time> {escape(_said(line))}</li>" for line in reversed(admin.tail.recent)
    )
    demo = f"<a class='button' href='{escape(admin.demo_address)}'>Open the demo</a>" if admin.demo_address else ""
    nothing = "<p class='empty'>Nothing is live yet. <code>handrail apply FILES</code> publishes.</p>"
    quiet = "<p class='empty'>Nothing happened since the server started.</p>"
    heads = "".join(f"<th>{word}</th>" for word in ("Key", "Name", "Kind", "Version", "Status"))
    table = f"<div class='scroll'><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    listed = f"<ol>{lines}</ol>"
    body = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Handrail</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/status.css"></head>
<body><main><header><h1>Handrail</h1><p>{escape(place.name)} &middot; revision {revision}</p>{demo}</header>
<section><h2>Experiences</h2>{table if rows else nothing}</section>
<section><h2>Just now</h2>{listed if lines else quiet}</section></main></body></html>"""
    return body.encode()


def _clock(at: object) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S") if isinstance(at, int) else ""


def _said(line: dict[str, object]) -> str:
    if line["what"] == "decision":
        candidates = line["candidates"]
        count = len(candidates) if isinstance(candidates, list) else 0  # pyright: ignore[reportUnknownArgumentType]
        return f"{line['user']} opened {line['url']}: {count} candidates"
    return f"{line['user']} {line['type']} {line['name'] or ''}"


@get("/healthz", policy=ANYONE)
async def healthz() -> Response[bytes]:
    """Whether the process answers."""
    return shown({"status": "ok"})


@get("/readyz", policy=ANYONE)
async def readyz(request: ApiRequest) -> Response[bytes]:
    """Whether the databases answer."""
    await installation_of(request).project()
    return shown({"status": "ready"})


@get("/", media_type=MediaType.HTML, policy=ANYONE)
async def status(request: ApiRequest) -> Response[bytes]:
    """What is live and what happened last, for a person."""
    return Response(
        await status_page(installation_of(request)),
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )


@get("/status.css", policy=ANYONE)
async def style() -> Response[bytes]:
    """The status page's style sheet."""
    return Response((Path(__file__).parent / "status.css").read_bytes(), media_type="text/css")


status_routes = (healthz, readyz, status, style)
