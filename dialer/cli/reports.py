"""`dialer report`: what a campaign did, on the terminal, as a page, or as JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue, TypeAdapter

from dialer.cli.completion import campaign_names
from dialer.cli.session import Session, session_of
from dialer.cli.span import SinceOption, UntilOption, moment_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError
from dialer.report import CampaignReport
from dialer.settings import CampaignSettings
from dialer.types import CampaignName

if TYPE_CHECKING:
    from dialer.store.sqlite import SqliteStore


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer report demo --since 2026-03-01 --html report.html")(report)


def report(
    context: typer.Context,
    campaign: Annotated[
        str,
        typer.Argument(
            metavar="[CAMPAIGN]", help="One; default every one that dialled.", autocompletion=campaign_names
        ),
    ] = "",
    since: SinceOption = None,
    until: UntilOption = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look at or to print.")] = None,
) -> None:
    """Outcomes, dispositions, promises, waiting, abandonment and occupancy over time, agents and trunks."""
    from dialer.cli.report_html import render_html
    from dialer.cli.report_text import render_report
    from dialer.cli.report_view import view_of
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    wanted = [session.campaign(name) for name in ([campaign] if campaign else session.campaign_names())]
    store = SqliteStore.open(session.settings.store_path)
    try:
        found = [(one, _report(session, store, one, since, until)) for one in wanted]
    finally:
        store.close()
    found = [(one, told) for one, told in found if campaign or told.attempts]
    if not found:
        raise SettingsError(session.pick("还没有任何活动拨打过电话。", "No campaign has dialled yet."))
    views = [view_of(told, one, session.settings, session.lang) for one, told in found]
    if html is not None:
        html.write_text(render_html(views), encoding="utf-8")
        session.say(f"已写入 {html}", f"Written to {html}", "green")
    if session.json:
        plain: list[JsonValue] = [as_json(told, one) for one, told in found]
        session.emit(plain[0] if campaign else plain)
    elif html is None:
        for view in views:
            session.out.print(render_report(view, session.out.width))


def _report(
    session: Session,
    store: SqliteStore,
    campaign: CampaignSettings,
    since: datetime | None,
    until: datetime | None,
) -> CampaignReport:
    from dialer.cli.report_view import bucket_for
    from dialer.store.reports import campaign_report

    now_at = SystemClock().now_at()
    last = min(moment_of(until, session.zone) or now_at, now_at)
    first = moment_of(since, session.zone) or _first_attempt_at(store, campaign.name) or last
    if first > last:
        raise SettingsError(
            session.pick("--since 晚于 --until（或在将来）。", "--since is later than --until, or lies in the future.")
        )
    bucket_s = bucket_for(last - first)
    # Whole minutes, hours or days, so that the curve's labels are round.
    local_midnight = first.astimezone(session.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    offset_s = (first - local_midnight).total_seconds() % min(bucket_s, 86_400.0)
    return campaign_report(
        store,
        campaign.name,
        campaign.list_name,
        first if since is not None else datetime.fromtimestamp(first.timestamp() - offset_s, first.tzinfo),
        last,
        bucket_s=bucket_s,
        agents=campaign.agents,
    )


def _first_attempt_at(store: SqliteStore, campaign: CampaignName) -> datetime | None:
    from dialer.store.reports import export_attempts

    rows = export_attempts(store, campaign)
    try:
        row = next(rows, None)
    finally:
        rows.close()  # type: ignore[attr-defined]  # it is a generator, and it holds a view of the store open
    return None if row is None else datetime.fromisoformat(str(row["at"]))


def as_json(told: CampaignReport, campaign: CampaignSettings) -> JsonValue:
    """The report with what follows from it: ratios, and in each bucket what was lost and allowed so far."""
    from dialer.cli.report_view import points_of

    target = campaign.pacing.target_abandonment_ratio
    plain: JsonValue = TypeAdapter(CampaignReport).dump_python(told, mode="json")
    buckets: list[JsonValue] = [
        {
            "begins_at": bucket.begins_at.isoformat(),
            "attempts": bucket.attempts,
            "answered": bucket.answered,
            "abandoned": bucket.abandoned,
            "abandonment_ratio": bucket.abandonment_ratio,
            "abandoned_so_far": point.lost_so_far,
            "allowed_so_far": point.allowed_so_far,
            "at_work_s": bucket.at_work_s,
            "busy_s": bucket.busy_s,
            "occupancy_ratio": bucket.occupancy_ratio,
        }
        for bucket, point in zip(told.buckets, points_of(told, target), strict=True)
    ]
    assert isinstance(plain, dict)
    return plain | {
        "answer_ratio": told.answer_ratio,
        "abandonment_ratio": told.abandonment_ratio,
        "target_abandonment_ratio": target,
        "occupancy_ratio": told.occupancy_ratio,
        "buckets": buckets,
    }
