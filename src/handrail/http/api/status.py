"""Whether the server is well, and the status page: what anybody may know of an installation, and all of a demo.

Plain HTML, every value escaped, one style sheet.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from litestar import MediaType, Response, get

from handrail.http.api.admin import Admin
from handrail.http.api.policy import ANYONE, ApiRequest, installation_of
from handrail.http.api.showing import shown


async def status_page(admin: Admin) -> bytes:
    """That it runs, and no more: whoever reaches the SDK's door reaches this page. A demo has nothing to keep."""
    if admin.demo_address and len(await admin.projects.all()) == 1:
        return _page(await _demo(admin))
    return _page(
        "<header><h1>Handrail</h1><p>is running here</p></header>"
        "<section><h2>For its operators</h2><p class='empty'>What is live and what happens is told on the server, with "
        "<code>handrail pull</code> and <code>handrail tail</code>, and to API keys; not to whoever opens this page."
        "</p></section>"
    )


async def _demo(admin: Admin) -> str:
    """What is live in the demo, and what happened last."""
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
    quiet = "<p class='empty'>Nothing happened since the server started.</p>"
    heads = "".join(f"<th>{word}</th>" for word in ("Key", "Name", "Kind", "Version", "Status"))
    table = f"<div class='scroll'><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    listed = f"<ol>{lines}</ol>"
    return (
        f"<header><h1>Handrail</h1><p>{escape(place.name)} &middot; revision {revision}</p>"
        f"<a class='button' href='{escape(admin.demo_address)}'>Open the demo</a></header>"
        f"<section><h2>Experiences</h2>{table}</section>"
        f"<section><h2>Just now</h2>{listed if lines else quiet}</section>"
    )


def _page(content: str) -> bytes:
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Handrail</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/status.css"></head>
<body><main>{content}</main></body></html>""".encode()


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
    """That it runs, for a person; of a demo also what is live and what happened last."""
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
