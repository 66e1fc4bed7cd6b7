"""`dialer report`: what a campaign did, on the terminal, as a page, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue, TypeAdapter

from dialer.cli.completion import campaign_names
from dialer.cli.errors import INTERRUPTED
from dialer.cli.session import Session, session_of
from dialer.cli.span import SinceOption, UntilOption, moment_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError
from dialer.report import CampaignReport
from dialer.settings import CampaignSettings
from dialer.types import CampaignName

if TYPE_CHECKING:
    from dialer.cli.report_view import View
    from dialer.cli.report_what_if import CannotSay, WhatIf
    from dialer.store.sqlite import SqliteStore


_WHAT_IF: Final = "Other targets"


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
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if",
            help="Also simulate the last day again at other targets: what would have been gained or lost?",
            rich_help_panel=_WHAT_IF,
        ),
    ] = False,
    target: Annotated[
        str,
        typer.Option(
            metavar="RATIO", help="Which targets: 1%,2%,4%; default 0.5%,1%,2%,3%,5%.", rich_help_panel=_WHAT_IF
        ),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(min=2, max=500, help="Runs of each; default 8.", rich_help_panel=_WHAT_IF, show_default=False),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Processes; default one for each processor.",
            rich_help_panel=_WHAT_IF,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Outcomes, dispositions, promises, waiting, abandonment and occupancy over time, agents and trunks."""
    from dialer.cli.report_view import view_of
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    asked = _asked(session, campaign, WhatIfOptions(wanted=what_if, target=target, seeds=seeds, jobs=jobs))
    wanted = [session.campaign(name) for name in ([campaign] if campaign else session.campaign_names())]
    store = SqliteStore.open(session.settings.store_path, key=session.settings.store_key)
    try:
        found = [(one, _report(session, store, one, since, until)) for one in wanted]
        found = [(one, told) for one, told in found if campaign or told.attempts]
        if not found:
            raise SettingsError(session.pick("还没有任何活动拨打过电话。", "No campaign has dialled yet."))
        other = None if asked is None else _other_targets(session, store, *found[0], since is not None, asked)
    finally:
        store.close()
    views = [view_of(told, one, session.settings, session.lang, what_if=other) for one, told in found]
    _show(session, views, html, as_list=not campaign)
    if other is not None and other.is_interrupted:
        raise typer.Exit(INTERRUPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfOptions:
    """What was said of other targets on the command line."""

    wanted: bool
    target: str
    seeds: int | None
    jobs: int | None


def _asked(session: Session, campaign: str, options: WhatIfOptions) -> WhatIfOptions | None:
    """The options, checked before anything takes long; None: no other targets are wanted."""
    if not options.wanted:
        given = next((name for name in ("target", "seeds", "jobs") if getattr(options, name)), "")
        if given:
            raise SettingsError(
                session.pick(f"--{given} 只与 --what-if 一起使用。", f"--{given} goes with --what-if; add it.")
            )
        return None
    if not campaign:
        raise SettingsError(
            session.pick("--what-if 需要指明活动：dialer report 活动 --what-if。",
                         "--what-if needs the name of one campaign: dialer report CAMPAIGN --what-if.")
        )  # fmt: skip
    _targets(session, options.target)
    return options


def _targets(session: Session, text: str) -> tuple[float, ...]:
    from dialer.cli.report_what_if import TARGETS
    from dialer.cli.simulate_options import sweeps_of
    from dialer.cli.simulate_plan import Key

    return tuple(float(one) for one in sweeps_of(session, {Key.TARGET: text}).get(Key.TARGET, TARGETS))


def _other_targets(
    session: Session,
    store: SqliteStore,
    campaign: CampaignSettings,
    told: CampaignReport,
    has_beginning: bool,
    options: WhatIfOptions,
) -> WhatIf | CannotSay:
    from dialer.cli.report_what_if import RUNS, what_if

    return what_if(
        session,
        campaign,
        store,
        (told.since if has_beginning else None, told.until),
        targets=_targets(session, options.target),
        runs=options.seeds or RUNS,
        jobs=options.jobs,
    )


def _show(session: Session, views: Sequence[View], html: Path | None, *, as_list: bool) -> None:
    from dialer.cli.report_html import render_html
    from dialer.cli.report_text import render_report

    if html is not None:
        html.write_text(render_html(views), encoding="utf-8")
        session.say(f"已写入 {html}", f"Written to {html}", "green")
    if session.json:
        plain: list[JsonValue] = [as_json(view) for view in views]
        session.emit(plain if as_list else plain[0])
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


def as_json(view: View) -> JsonValue:
    """The report with what follows from it: ratios, and in each bucket what was lost and allowed so far."""
    told = view.report
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
        for bucket, point in zip(told.buckets, view.points, strict=True)
    ]
    assert isinstance(plain, dict)
    plain |= {
        "answer_ratio": told.answer_ratio,
        "abandonment_ratio": told.abandonment_ratio,
        "target_abandonment_ratio": view.target_abandonment_ratio,
        "occupancy_ratio": told.occupancy_ratio,
        "buckets": buckets,
    }
    if view.what_if is not None:
        from dialer.cli.report_what_if_view import what_if_json

        plain["what_if"] = what_if_json(view.what_if)
    return plain
