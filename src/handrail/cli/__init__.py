"""The command line. Commands go through a running server's socket, and open files only when none runs.

Exit codes: 0 done; 1 documents have problems, or a difference was found; 2 wrong usage; 3 it cannot run here and now;
4 somebody else was there first (a stale --base).
"""

from __future__ import annotations

import click
from rich_click import RichGroup

from handrail.core.errors import HandrailError


class Commands(RichGroup):
    """Turns our errors into one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HandrailError as error:
            click.echo(f"handrail: {error.message}", err=True)
            ctx.exit(3)
        except PermissionError as error:
            click.echo(
                f"handrail: {error.filename!r} cannot be written; name another folder with HANDRAIL_DATA.", err=True
            )
            ctx.exit(3)


@click.group(cls=Commands)
@click.version_option(package_name="handrail", prog_name="handrail")
def main() -> None:
    """Handrail: in-app experiences on your own web application, self-hosted."""


@main.command()
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Server processes; SQLite and DuckDB allow one.",
)
def serve(workers: int) -> None:
    """Run the server."""
    from handrail.cli.server import serve_forever

    serve_forever(demo=False, workers=workers)


@main.command()
def demo() -> None:
    """Run the server with a demo project and a real host application to try it on."""
    from handrail.cli.server import serve_forever

    serve_forever(demo=True)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--environment", default="production", show_default=True, help="Where to publish.")
@click.option("--base", type=int, help="Refuse when the environment was published to since this revision.")
@click.option("--prune", is_flag=True, help="Pause what is live and not in these files.")
def apply(paths: tuple[str, ...], environment: str, base: int | None, prune: bool) -> None:
    """Publish experiences, segments, themes and destinations from YAML FILES: all of them or nothing."""
    from handrail.cli.documents import apply_files
    from handrail.cli.drift import remember

    code = apply_files(paths, environment, base=base, prune=prune)
    if code == 0:
        remember(paths, environment)
    raise SystemExit(code)


@main.command()
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--environment", default="production", show_default=True)
def pull(folder: str, environment: str) -> None:
    """Write what is live into FOLDER, one file a document."""
    from handrail.cli.documents import pull_files
    from handrail.cli.drift import remember

    code = pull_files(folder, environment)
    remember([folder], environment)
    raise SystemExit(code)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
def lint(paths: tuple[str, ...]) -> None:
    """Check YAML FILES without publishing; needs no server."""
    from handrail.cli.documents import lint_files

    raise SystemExit(lint_files(paths))


@main.command()
@click.argument("path", type=click.Path())
@click.option("--page", required=True, help="The page's full address.")
@click.option("--key", help="Which experience of a file with several.")
@click.option("--as", "persona", default="{}", help='Who to be, such as {"custom": {"plan": "pro"}}.')
@click.option("--days", type=int, default=1, show_default=True, help="How long the link works, 1 to 7.")
@click.option("--environment", default="production", show_default=True)
def preview(path: str, page: str, key: str | None, persona: str, days: int, environment: str) -> None:
    """Print a link that shows an experience from a YAML file before it is live; nothing in it is counted."""
    from handrail.cli.documents import preview_file

    raise SystemExit(preview_file(path, page, key, persona, days, environment))


@main.command()
@click.argument("user", required=False)
@click.option("--anonymous", help="An anonymous id, in place of USER.")
@click.option("--page", required=True, help="The page's full address.")
@click.option("--at", help="An instant such as 2026-12-01T09:00:00Z; now when left out.")
@click.option("--experience", help="Only the experience with this key.")
@click.option("--environment", default="production", show_default=True)
@click.option("--device", type=click.Choice(["desktop", "tablet", "mobile"]), default="desktop", show_default=True)
def explain(
    user: str | None,
    anonymous: str | None,
    page: str,
    at: str | None,
    experience: str | None,
    environment: str,
    device: str,
) -> None:
    """Say why each experience shows, or does not, for USER on a page."""
    from handrail.cli.watching import explain_user

    raise SystemExit(explain_user(user, anonymous, page, at, experience, environment, device))


@main.command()
@click.option("--experience", help="Count the audience of the experience with this key.")
@click.option("--segment", help="Count the segment with this key.")
@click.option("--environment", default="production", show_default=True)
def count(experience: str | None, segment: str | None, environment: str) -> None:
    """Say how many users an audience or a segment holds; all users without either."""
    from handrail.cli.watching import count_users

    raise SystemExit(count_users(experience, segment, environment))


@main.command(name="ask")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--environment", default="production", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def ask_question(file: str, environment: str, as_json: bool) -> None:
    """Answer the question in a YAML FILE, or from standard input with `-`."""
    from handrail.cli.asking import ask_file

    raise SystemExit(ask_file(file, environment, as_json=as_json))


@main.group(name="run-js", cls=Commands)
def run_js() -> None:
    """Run JavaScript: the owner's agreement, and code that a second member approves."""


@run_js.command(name="show")
def show_run_js() -> None:
    """Say whether code may run, what code there is, and what was done."""
    from handrail.cli.code import show_run_js

    raise SystemExit(show_run_js())


@run_js.command(name="sign")
@click.option("--yes", is_flag=True, help="Do not ask again.")
def sign_agreement(yes: bool) -> None:
    """Read the agreement and sign it."""
    from handrail.cli.code import sign_agreement

    raise SystemExit(sign_agreement(yes=yes))


@run_js.command(name="withdraw")
def withdraw_agreement() -> None:
    """Turn Run JavaScript off."""
    from handrail.cli.code import withdraw_agreement

    raise SystemExit(withdraw_agreement())


@run_js.command(name="propose")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def propose_code(file: str) -> None:
    """Have the code in FILE looked at, and print its hash."""
    from handrail.cli.code import propose_code

    raise SystemExit(propose_code(file))


@run_js.command(name="approve")
@click.argument("hash")
def approve_code(hash: str) -> None:
    """Approve the code with this HASH, and print it."""
    from handrail.cli.code import approve_code

    raise SystemExit(approve_code(hash))


@main.group()
def segments() -> None:
    """Segments: who is in them and why, and what asks for them."""


@segments.command(name="list")
def list_segments() -> None:
    """List every segment."""
    from handrail.cli.asking import list_segments

    raise SystemExit(list_segments())


@segments.command(name="members")
@click.argument("key")
@click.option("--environment", default="production", show_default=True)
@click.option("--after", default="", help="Begin behind this user.")
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def list_members(key: str, environment: str, after: str, limit: int, as_json: bool) -> None:
    """Print a page of the users of the segment KEY."""
    from handrail.cli.asking import list_members

    raise SystemExit(list_members(key, environment, after, limit, as_json=as_json))


@segments.command(name="why")
@click.argument("key")
@click.argument("user", required=False)
@click.option("--anonymous", help="An anonymous id, in place of USER.")
@click.option("--environment", default="production", show_default=True)
def why_member(key: str, user: str | None, anonymous: str | None, environment: str) -> None:
    """Say why USER is in the segment KEY, or is not."""
    from handrail.cli.asking import why_member

    raise SystemExit(why_member(key, user, anonymous, environment))


@segments.command(name="counters")
@click.option("--environment", default="production", show_default=True)
def show_counters(environment: str) -> None:
    """List the events that segments and audiences count, and how far new counters have been counted back."""
    from handrail.cli.asking import show_counters

    raise SystemExit(show_counters(environment))


@segments.command(name="uses")
@click.argument("key")
def list_uses(key: str) -> None:
    """List what asks for the segment KEY."""
    from handrail.cli.asking import list_uses

    raise SystemExit(list_uses(key))


@segments.command(name="delete")
@click.argument("key")
def delete_segment(key: str) -> None:
    """Delete the segment KEY, when nothing asks for it."""
    from handrail.cli.asking import delete_segment

    raise SystemExit(delete_segment(key))


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--environment", default="production", show_default=True)
@click.option("--prune", is_flag=True, help="As apply would pause what is live and not in these files.")
def plan(paths: tuple[str, ...], environment: str, prune: bool) -> None:
    """Say what an apply of YAML FILES would change, and how many users gain and lose each experience."""
    from handrail.cli.asking import plan_files

    raise SystemExit(plan_files(paths, environment, prune=prune))


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--environment", default="production", show_default=True)
def drift(paths: tuple[str, ...], environment: str) -> None:
    """Say what was edited elsewhere since YAML FILES were pulled or applied."""
    from handrail.cli.drift import report_drift

    raise SystemExit(report_drift(paths, environment))


@main.command()
def tail() -> None:
    """Print events and decisions as they happen."""
    from handrail.cli.watching import tail_server

    raise SystemExit(tail_server())


@main.command()
def doctor() -> None:
    """Check settings, folder, database, port and built files."""
    from handrail.cli.doctor import examine

    raise SystemExit(examine())


@main.command()
@click.option("--environment", default="production", show_default=True)
@click.option("--minutes", type=click.IntRange(1, 1440), default=60, show_default=True)
def accounts(environment: str, minutes: int) -> None:
    """What became of every event received of late, and why some were refused."""
    from handrail.cli.watching import show_accounts

    raise SystemExit(show_accounts(environment, minutes))


@main.command()
@click.option("--analytics", is_flag=True, help="Empty the analytic store and fill it again instead.")
@click.option("--insist", is_flag=True, help="Even where the log no longer has its first events.")
def rebuild(analytics: bool, insist: bool) -> None:
    """Fold the whole log anew and report every difference from the state that serves."""
    from handrail.cli.watching import rebuild_analytics, rebuild_state

    raise SystemExit(rebuild_analytics(insist) if analytics else rebuild_state())


@main.command()
def analytics() -> None:
    """Tell how far the analytic store has come behind the log."""
    from handrail.cli.watching import show_filling

    raise SystemExit(show_filling())


@main.group()
def segment() -> None:
    """Segment destinations: try their mappings, see what they did."""


@segment.command(name="test")
@click.argument("file", type=click.Path())
@click.option("--environment", default="production", show_default=True)
@click.option("--key", help="Only the destination with this key.")
@click.option("--destination", type=click.Path(), help="A destination's YAML FILE, saved or not, in place of those.")
def test_mappings(file: str, environment: str, key: str | None, destination: str | None) -> None:
    """Say what the mappings make of the event in a JSON FILE; nothing is kept."""
    from handrail.cli.segment import try_file

    raise SystemExit(try_file(file, environment, key=key, destination=destination))


@segment.command(name="status")
@click.option("--environment", default="production", show_default=True)
def segment_status(environment: str) -> None:
    """Say what each destination did in the last seven days, and its last failures."""
    from handrail.cli.segment import show_status

    raise SystemExit(show_status(environment))


@main.command()
@click.argument("search", default="")
@click.option("--environment", default="production", show_default=True)
@click.option("--anonymous", is_flag=True, help="Also those who belong to no user.")
@click.option("--limit", default=50, show_default=True, help="Most users to print.")
def users(search: str, environment: str, anonymous: bool, limit: int) -> None:
    """List users whose id, e-mail address or name holds SEARCH."""
    from handrail.cli.people import list_users

    raise SystemExit(list_users(search, environment, limit, anonymous=anonymous))


@main.command()
@click.argument("user", required=False)
@click.option("--anonymous", help="An anonymous id, in place of USER.")
@click.option("--environment", default="production", show_default=True)
def export(user: str | None, anonymous: str | None, environment: str) -> None:
    """Print everything that is kept about USER, as JSON."""
    from handrail.cli.people import export_user

    raise SystemExit(export_user(user, anonymous, environment))


@main.command()
@click.argument("user", required=False)
@click.option("--anonymous", help="An anonymous id, in place of USER.")
@click.option("--environment", default="production", show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(user: str | None, anonymous: str | None, environment: str, yes: bool) -> None:
    """Erase USER from everything, and drop what is sent of them from now on."""
    from handrail.cli.people import erase_user

    raise SystemExit(erase_user(user, anonymous, environment, sure=yes))


@main.group("import")
def import_group() -> None:
    """Bring data in from files."""


@import_group.command("users")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=TARGET", help="id, native.email, custom.NAME[:TYPE].")
@click.option("--environment", default="production", show_default=True)
@click.option("--dry-run", is_flag=True, help="Say what would happen; keep nothing.")
@click.option("--id", "import_id", help="The import's name: the same file under the same name counts once.")
def import_users(file: str, pairs: tuple[str, ...], environment: str, dry_run: bool, import_id: str | None) -> None:
    """Import users from a CSV FILE: its first line names the columns."""
    from handrail.cli.people import import_users as run

    raise SystemExit(run(file, pairs, environment, dry_run=dry_run, import_id=import_id))


@main.group(cls=Commands)
def projects() -> None:
    """Projects of this installation: list and create."""


@projects.command("list")
def projects_list() -> None:
    """List every project."""
    from handrail.cli.projects import list_projects

    raise SystemExit(list_projects())


@projects.command("create")
@click.argument("name")
@click.option("--zone", default="UTC", show_default=True, help="The IANA time zone that days are counted in.")
def projects_create(name: str, zone: str) -> None:
    """Make a project called NAME, with a production and a staging environment."""
    from handrail.cli.projects import create_project

    raise SystemExit(create_project(name, zone))


@main.group(cls=Commands)
def environments() -> None:
    """Environments of a project: list, create, and their origins."""


@environments.command("list")
def environments_list() -> None:
    """List the project's environments with their write keys and origins."""
    from handrail.cli.projects import list_environments

    raise SystemExit(list_environments())


@environments.command("create")
@click.argument("key")
@click.option("--name", help="What people call it.")
@click.option("--origin", "origins", multiple=True, help="app.example.com, *.example.com or re:PATTERN.")
def environments_create(key: str, name: str | None, origins: tuple[str, ...]) -> None:
    """Give the project one more environment, called KEY in files and routes."""
    from handrail.cli.projects import create_environment

    raise SystemExit(create_environment(key, name, origins))


@environments.command("set")
@click.argument("key")
@click.option("--name", help="Another name.")
@click.option("--origin", "origins", multiple=True, help="Its origins from now on, each once.")
def environments_set(key: str, name: str | None, origins: tuple[str, ...]) -> None:
    """Rename the environment KEY, or have it hold other origins."""
    from handrail.cli.projects import change_environment

    raise SystemExit(change_environment(key, name, origins))


@main.group(cls=Commands)
def key() -> None:
    """API keys: create, list, revoke."""


@key.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; give it once for each scope.")
def key_create(name: str, scopes: tuple[str, ...]) -> None:
    """Make an API key called NAME; its secret is printed once."""
    from handrail.cli.access import create_key

    raise SystemExit(create_key(name, scopes))


@key.command("list")
def key_list() -> None:
    """List API keys."""
    from handrail.cli.access import list_keys

    raise SystemExit(list_keys())


@key.command("revoke")
@click.argument("id")
def key_revoke(id: str) -> None:
    """Revoke the API key with this ID at once."""
    from handrail.cli.access import revoke_key

    raise SystemExit(revoke_key(id))


@main.group(cls=Commands)
def member() -> None:
    """Members: add, list, remove, and their passwords."""


@member.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(["owner", "admin", "editor", "viewer"]), default="editor", show_default=True)
def member_add(email: str, role: str) -> None:
    """Add a member; prints a one-time token for their password."""
    from handrail.cli.access import add_member

    raise SystemExit(add_member(email, role))


@member.command("link")
@click.argument("email")
def member_link(email: str) -> None:
    """Print a new one-time token for a member's password."""
    from handrail.cli.access import link_member

    raise SystemExit(link_member(email))


@member.command("password")
@click.argument("token")
@click.password_option()
def member_password(token: str, password: str) -> None:
    """Set a password with a one-time TOKEN."""
    from handrail.cli.access import set_password

    raise SystemExit(set_password(token, password))


@member.command("list")
def member_list() -> None:
    """List members and their roles."""
    from handrail.cli.access import list_members

    raise SystemExit(list_members())


@member.command("remove")
@click.argument("email")
def member_remove(email: str) -> None:
    """Remove a member; the last owner stays."""
    from handrail.cli.access import remove_member

    raise SystemExit(remove_member(email))


@main.group(cls=Commands)
def retention() -> None:
    """How long the project keeps events, answers and idle visitors."""


@retention.command("show")
def retention_show() -> None:
    """Say how many days things are kept."""
    from handrail.cli.retention import show_retention

    raise SystemExit(show_retention())


@retention.command("set")
@click.option("--log-days", type=int, help="Raw events, 7 days at least.")
@click.option("--event-days", type=int, help="Events in the analytic store; 0 for good.")
@click.option("--answer-days", type=int, help="Answers to surveys; 0 for good.")
@click.option("--anonymous-days", type=int, help="Visitors without a user, since they were last seen; 0 for good.")
def retention_set(**days: int | None) -> None:
    """Say how many days things are kept from now on."""
    from handrail.cli.retention import set_retention

    raise SystemExit(set_retention(days))


@retention.command("confirm-date")
def retention_confirm() -> None:
    """Say that the server's date is right, after its clock jumped."""
    from handrail.cli.retention import confirm_date

    raise SystemExit(confirm_date())


@main.group(cls=Commands)
def jobs() -> None:
    """Jobs: list and replay."""


@jobs.command("list")
@click.option("--status", type=click.Choice(["waiting", "running", "done", "dead"]), help="Only these.")
def jobs_list(status: str | None) -> None:
    """List jobs, oldest first; dead ones failed too often and wait to be replayed."""
    from handrail.cli.access import list_jobs

    raise SystemExit(list_jobs(status))


@jobs.command("replay")
@click.argument("id")
def jobs_replay(id: str) -> None:
    """Have the dead or done job with this ID run again."""
    from handrail.cli.access import replay_job

    raise SystemExit(replay_job(id))


@main.command()
@click.argument("file", type=click.Path(dir_okay=False))
def backup(file: str) -> None:
    """Write everything this installation keeps to FILE, while the server goes on."""
    from handrail.cli.backup import back_up_to

    raise SystemExit(back_up_to(file))


@main.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--carry", type=click.Path(file_okay=False, exists=True), help="The data folder that was backed up.")
def restore(file: str, carry: str | None) -> None:
    """Make an empty data folder from a backup FILE; one that changed by a byte is refused."""
    from handrail.cli.backup import restore_from

    raise SystemExit(restore_from(file, carry))
