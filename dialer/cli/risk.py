"""`dialer risk`: scorecards, scores with their reasons, and early warning without an engine."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dialer.cli.init import example_folder
from dialer.cli.opening import opened
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.control_door import user_name
from dialer.errors import NoAccountError, SettingsError
from dialer.masking import mask_account

if TYPE_CHECKING:
    from dialer.early_warning import Done
    from dialer.risk.settings import RiskSettings
    from dialer.store.modelling import Model
    from dialer.store.sqlite import SqliteStore

app = typer.Typer(help="Risk: scorecards, grades with reasons, early warning.", no_args_is_help=True)
_GREY: Final = "bright_black"
_SAVED: Final = 2_000
"""Accounts whose scores are written in one transaction: an engine that runs waits for no more than that."""
_LOOK_S: Final = 0.5
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A scorecard's name: `dialer risk models`.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Whole names and account numbers; admin and auditor.")]


@app.command(epilog="Example: dialer risk check --lang zh")
def check(context: typer.Context) -> None:
    """Say what risk.yaml means: what no card looks at, the card of rules, and the rules of early warning."""
    from dialer.cli.risk_text import settings_json, settings_text

    session = session_of(context)
    settings = _settings(session)
    if session.json:
        session.emit(settings_json(settings))
    else:
        session.out.print(settings_text(settings, session.lang))


@app.command(epilog="Example: dialer risk train --until 2026-09-30")
def train(
    context: typer.Context,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Look at nothing after this day; default all that is known."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how it would do; keep nothing.")] = False,
) -> None:
    """Learn a scorecard from history, test it on later days that it has not seen, and keep it as a challenger.

    The days that it learns from, with their outcomes, are over before the first day of the test.
    """
    from dialer.cli.risk_text import trained_json, trained_text
    from dialer.risk.features import usable
    from dialer.risk.splitting import TooShortError
    from dialer.risk.training import TooFewError, record_of
    from dialer.risk.training import train as learn
    from dialer.store.modelling import keep_trained
    from dialer.store.risk_history import read_history

    session = session_of(context)
    settings, at = _settings(session), _now(session)
    known_until = (
        at if until is None else datetime.combine(until.date() + timedelta(days=1), clock_time(0), session.zone)
    )
    with opened(session) as store:
        with store.reading() as database:
            history = read_history(database.conn, at, names=[one.name for one in usable(settings.excluded)])
        try:
            told = learn(history, settings, until_s=min(at, known_until).timestamp())
        except (TooShortError, TooFewError) as problem:
            raise SettingsError(
                session.pick(
                    f"历史还不足以训练：{problem}。在此之前使用规则评分卡。",
                    f"There is not enough history to learn from yet: {problem}. Until then the card of rules holds.",
                )
            ) from problem
        name = ""
        if not dry_run:
            end = datetime.fromtimestamp(told.known_until_s, tz=session.zone)
            with store.writing() as connection:
                kept = keep_trained(
                    connection, told.card, record=record_of(told), known_until=end, by=_by(session), at=at
                )
            name = kept.name
    if session.json:
        session.emit(trained_json(told, name))
    else:
        session.out.print(trained_text(told, name, session.lang, session.zone))


@app.command(epilog="Example: dialer risk models")
def models(context: typer.Context) -> None:
    """List the scorecards: who made them and when, their hash, how they did, and which one grades."""
    from dialer.cli.risk_text import model_json, models_table
    from dialer.store.modelling import champion
    from dialer.store.modelling import models as known

    session = session_of(context)
    settings = _settings(session)
    with opened(session) as store, store.writing() as connection:
        grading = champion(connection, settings.rules, by=_by(session), at=_now(session))
        found = known(connection)
    if session.json:
        session.emit([model_json(one, grades=one.name == grading.name) for one in found])
    else:
        session.out.print(models_table(found, grading.name, session.lang, session.zone))


@app.command(epilog='Example: dialer risk promote card-0002 --reason "better on the last quarter"')
def promote(
    context: typer.Context,
    model: ModelName,
    reason: Annotated[str, typer.Option(help="Why; kept on record.", show_default=False)],
) -> None:
    """Let a scorecard grade from now on; the former champion becomes a challenger."""
    from dialer.store import modelling

    session = session_of(context)
    with opened(session) as store, store.writing() as connection:
        one = modelling.promote(connection, model, by=_by(session), at=_now(session), reason=reason)
    if session.json:
        session.emit({"champion": one.name, "reason": reason})
    session.say(
        f"{one.name} 现为冠军。运行 dialer risk score --all 以更新等级。",
        f"{one.name} is the champion now. Run `dialer risk score --all` to grade by it.",
        "green",
    )


@app.command(epilog="Example: dialer risk compare card-0002")
def compare(
    context: typer.Context,
    challenger: ModelName,
    champion: Annotated[str, typer.Argument(metavar="[CHAMPION]", help="Default: the champion.")] = "",
) -> None:
    """Hold a challenger against the champion on the same outcomes, of days after what both have learned from."""
    from dialer.cli.risk_text import comparison_json, comparison_text
    from dialer.risk import evaluating
    from dialer.risk.splitting import TooShortError
    from dialer.store import modelling
    from dialer.store.risk_history import read_history

    session = session_of(context)
    settings, at = _settings(session), _now(session)
    with opened(session) as store:
        with store.writing() as connection:
            grading = modelling.champion(connection, settings.rules, by=_by(session), at=at)
            one = modelling.model(connection, champion) if champion else grading
            other = modelling.model(connection, challenger)
        with store.reading() as database:
            history = read_history(database.conn, at)
    ends = [model.known_until.timestamp() for model in (one, other) if model.known_until is not None]
    try:
        told = evaluating.compare(
            *(history, one.card, other.card, settings.training),
            known_until_s=max(ends, default=None),
            until_s=at.timestamp(),
        )
    except (TooShortError, evaluating.NothingNewError) as problem:
        raise SettingsError(
            session.pick(f"还无法比较：{problem}。", f"They cannot be compared yet: {problem}.")
        ) from problem
    if session.json:
        session.emit(comparison_json(told, one.name, other.name))
    else:
        session.out.print(comparison_text(told, one.name, other.name, session.lang))


@app.command(epilog="Example: dialer risk score --all --dry-run")
def score(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="Only the debtor of this account.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All accounts.")] = False,
    model: Annotated[str, typer.Option(help="Another card than the champion; only with --dry-run.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Score accounts as of now and keep score, grade and reasons of those that have changed."""
    from dialer.cli.risk_text import scoring_json, scoring_text
    from dialer.store import modelling
    from dialer.store.grading import save_scores, score_accounts

    session = session_of(context)
    if every == bool(account):
        raise SettingsError(session.pick("请给出账户，或 --all，二者之一。", "Give either an ACCOUNT or --all."))
    if model and not dry_run:
        raise SettingsError(
            session.pick(
                "--model 只用于 --dry-run；要让它评级，请用 dialer risk promote。",
                "--model goes with --dry-run; to grade by it: `dialer risk promote`.",
            )
        )
    settings, at = _settings(session), _now(session)
    began_s = time.perf_counter()
    with opened(session) as store:
        debtor_id = _debtor(session, store, account) if account else None
        with store.writing() as connection:
            grading = modelling.champion(connection, settings.rules, by=_by(session), at=at)
        card = _model(store, model) if model else grading
        with store.reading() as database:
            told = score_accounts(database.conn, card, at, debtor_id=debtor_id)
        for begin in range(0, 0 if dry_run else len(told.changed), _SAVED):
            with store.writing() as connection:
                save_scores(connection, card, told.changed[begin : begin + _SAVED], at)
    took_s = time.perf_counter() - began_s
    if session.json:
        session.emit(scoring_json(told, card, dry_run=dry_run))
    else:
        session.out.print(scoring_text(told, card, session.lang, dry_run=dry_run, took_s=took_s))


@app.command(epilog="Example: dialer risk show HT-2026-000042 --lang en")
def show(
    context: typer.Context, account: Annotated[str, typer.Argument(metavar="ACCOUNT")], unmasked: Unmasked = False
) -> None:
    """Explain a score: what every feature was, what it cost, what alerts add, and how it went before."""
    from dialer.cli.risk_show import explained, shown_json, shown_text

    session = session_of(context)
    settings, at = _settings(session), _now(session)
    with opened(session) as store:
        debtor_id = _debtor(session, store, account)
        told = explained(store, settings, account, debtor_id, by=_by(session), at=at)
    if session.json:
        session.emit([shown_json(one, unmasked=unmasked) for one in told])
        return
    for one in told:
        session.out.print(shown_text(one, session.lang, session.zone, unmasked=unmasked))


@app.command(epilog="Example: dialer risk report --html risk.html")
def report(
    context: typer.Context,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with charts.")] = None,
    model: Annotated[str, typer.Option(help="Of this card; default the champion.")] = "",
) -> None:
    """Show how the card does: ROC, KS, calibration, drift of every feature since it learned, grades, alerts."""
    from dialer.cli.risk_html import render_html
    from dialer.cli.risk_report import read_report, report_json, report_text

    session = session_of(context)
    settings, at = _settings(session), _now(session)
    with opened(session) as store:
        told = read_report(store, settings, model, by=_by(session), at=at)
    if html is not None:
        html.write_text(render_html(told, session.lang, session.zone), encoding="utf-8")
        session.say(f"已写入 {html}。", f"{html} was written.", "green")
    if session.json:
        session.emit(report_json(told))
    elif html is None:
        session.out.print(report_text(told, session.lang, session.zone))


@app.command(epilog="Example: dialer risk react --follow")
def react(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, twice a second, until Ctrl-C.")] = False,
) -> None:
    """Judge what came in since the last look: raise alerts, escalate, end what ran out. An engine does this itself."""
    from dialer.early_warning import by_rules, look

    session = session_of(context)
    settings, hand = _settings(session), by_rules(session.settings, example_folder())
    with opened(session) as store:
        while True:
            done = look(store, settings, _now(session), hand)
            if not follow or done.raised or done.escalated or done.ended:
                _tell(session, done)
            if not follow:
                return
            try:
                time.sleep(_LOOK_S)
            except KeyboardInterrupt:
                return


def _tell(session: Session, done: Done) -> None:
    if session.json:
        session.emit_line(
            {
                "events": done.events,
                "raised": list(done.raised),
                "repeated": done.repeated,
                "escalated": list(done.escalated),
                "ended": list(done.ended),
                "rescored": done.rescored,
                "handed_on": done.handed_on,
            }
        )
    session.say(
        f"事件 {done.events}，新预警 {len(done.raised)}，重复 {done.repeated}，升级 {len(done.escalated)}，"
        f"到期 {len(done.ended)}，重新评分 {done.rescored}，改派 {done.handed_on}。",
        f"{done.events} events, {len(done.raised)} alerts raised, {done.repeated} repeated, "
        f"{len(done.escalated)} escalated, {len(done.ended)} ended; {done.rescored} accounts scored anew, "
        f"{done.handed_on} debtors handed on.",
    )


# --- what they share -----------------------------------------------------------------------------------


def _settings(session: Session) -> RiskSettings:
    from dialer.config.risk import load_risk

    return load_risk(session.config.parent, example_folder())


def _now(session: Session) -> datetime:
    return SystemClock().now_at().astimezone(session.zone)


def _by(session: Session) -> str:
    return session.person.name if session.person is not None else user_name(os.geteuid())


def _model(store: SqliteStore, name: str) -> Model:
    from dialer.store import modelling

    with store.reading() as database:
        return modelling.model(database.conn, name)


def _debtor(session: Session, store: SqliteStore, account_no: str) -> int:
    from dialer.store.risk_history import debtors_of

    with store.reading() as database:
        found = debtors_of(database.conn, account_no)
    if len(found) == 1:
        return found[0]
    hidden = mask_account(account_no)
    if not found:
        raise NoAccountError(
            account_no,
            session.pick(
                "没有账户 {asked}。请给出名单中的账户号。",
                "There is no account {asked}; give its number as a list has it.",
            ),
            exit_code=SettingsError.exit_code,
        )
    raise SettingsError(
        session.pick(
            f"{len(found)} 个债务人有账户号 {hidden}（不同委托方）。",
            f"{len(found)} debtors of several lenders have the account number {hidden}.",
        )
    )
