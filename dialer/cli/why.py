"""`dialer why`: may this account be dialled now, and if not, what forbids it, since when, and when may it be?"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue

from dialer.cli.completion import campaign_names
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.control_client import NoEngineError
from dialer.errors import ControlError, NoAccountError, SettingsError
from dialer.masking import mask_about, mask_account, mask_name, mask_number
from dialer.settings import CampaignSettings
from dialer.snapshot import CampaignRow, Snapshot
from dialer.types import AgentState, CampaignState

if TYPE_CHECKING:
    from sqlite3 import Connection

    from dialer.explanation import Answer, Block
    from dialer.leads import Lead
    from dialer.store.sqlite import SqliteStore
    from dialer.store.why import KnownAccount

MOST_ACCOUNTS: Final = 20
"""More accounts of one number are not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the engine adds to what the store knows."""

    campaign: CampaignRow | None
    on_shift: tuple[str, ...]
    """Agents who may take the call and are on shift."""
    ready: tuple[str, ...]
    """Of those, who are free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One account, and what each campaign of its list may do with it."""

    known: KnownAccount
    answers: tuple[Answer, ...]
    running: dict[str, Running]
    """Campaign -> what the engine says; empty: no engine is running."""
    account_no: str
    """As it may be shown."""
    debtor_name: str
    at: datetime
    unmasked: bool = False

    def plain(self, text: str) -> str:
        """A text of people as it may be shown: somebody may have noted a name or a number in it."""
        if self.unmasked:
            return text
        return mask_about(text, name=self.known.debtor_name, account_no=self.known.account_no)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer why 20260001 --campaign demo")(why)


def why(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT|NUMBER", help="An account, or a number of somebody.")],
    campaign: Annotated[str, typer.Option(help="Only this one.", autocompletion=campaign_names)] = "",
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Whole numbers and names; only for people who may see them.")
    ] = False,
) -> None:
    """Why is this account not being dialled? The rule, since when, and the next moment; its calls and refusals."""
    from dialer.cli.why_text import render
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    campaigns = campaigns_of(session, campaign)
    with closing(SqliteStore.open(session.settings.store_path, key=session.settings.store_key)) as store:
        told = tell(session, store, account.strip(), campaigns, unmasked=unmasked)
    if session.json:
        session.emit([_as_json(one, unmasked=unmasked) for one in told])
        return
    for one in told:
        session.out.print(render(one, session.lang, session.zone, session.out.width, unmasked=unmasked))


def campaigns_of(session: Session, wanted: str) -> list[CampaignSettings]:
    """The campaigns that are asked about; those whose file is wrong are named and left out."""
    if wanted:
        return [session.campaign(wanted)]
    found = []
    for name in session.campaign_names():
        try:
            found.append(session.campaign(name))
        except SettingsError as problem:
            session.progress(str(problem).splitlines()[0])
    return found


def tell(
    session: Session, store: SqliteStore, asked: str, campaigns: list[CampaignSettings], *, unmasked: bool
) -> list[Told]:
    """Each account that is meant, and what each campaign may do with it.

    Raises:
        StoreError: there is none.
    """
    from dialer.explanation import explain
    from dialer.store import why as books

    at, agents, snapshot = SystemClock().now_at(), session.settings.agents, _snapshot(session)
    with store.reading() as database:
        found = books.find(database.conn, asked) or books.find(database.conn, _number(session, asked))
        if not found:
            raise NoAccountError(asked, _unknown(session, books.similar(database.conn, asked)))
        told = []
        for account_id, phone_id in found[:MOST_ACCOUNTS]:
            known = books.known_account(database.conn, account_id, at, phone_id=phone_id)
            read = partial(books.lead_at, database.conn, account_id, phone_id=phone_id)
            answers = tuple(
                explain(
                    known,
                    one,
                    agents,
                    partial(read, rules=one.rules),
                    at,
                    phone_id=phone_id,
                    held_out=partial(_held_out, database.conn, one, at),
                )
                for one in campaigns
                if one.list_name == known.list_name
            )
            told.append(
                Told(
                    known=known,
                    answers=answers,
                    running={} if snapshot is None else {one.campaign: _running(snapshot, one) for one in answers},
                    account_no=known.account_no if unmasked else mask_account(known.account_no),
                    debtor_name=known.debtor_name if unmasked else mask_name(known.debtor_name),
                    at=at,
                    unmasked=unmasked,
                )
            )
    return told


def _held_out(connection: Connection, campaign: CampaignSettings, at: datetime, lead: Lead) -> Block | None:
    """Whether an experiment would leave the debtor alone as soon as this campaign was about to call."""
    from dialer.explanation import Block
    from dialer.store import hold_outs

    experiment = hold_outs.due(connection, lead, campaign, at)
    if experiment is None:
        return None
    return Block(
        rule=f"hold_out {experiment.name}",
        zh=f"在试验 {experiment.name} 的缓催对照组，{experiment.hold_days} 天内不外呼",
        en=f"is in the hold-out of the experiment {experiment.name}: not called for {experiment.hold_days} days",
        until=hold_outs.until(experiment, at),
    )


def _number(session: Session, asked: str) -> str:
    """What was asked for as a number in E.164; itself when it is none."""
    from dialer.accounts.phones import parse_number

    number = parse_number(asked, session.settings.region)
    return number if isinstance(number, str) else asked


def _unknown(session: Session, similar: list[str]) -> str:
    similar = [mask_account(one) for one in similar]
    guess = session.pick(f"是不是 {'、'.join(similar)}？", f" Did you mean {' or '.join(similar)}?") if similar else ""
    return session.pick(
        f"没有账户或号码 {{asked}}。{guess}请给出合同号，或 +86139… 这样的号码。",
        f"There is no account and no number {{asked}}.{guess} Give a number such as +86139..., or an account's number.",
    )


def _snapshot(session: Session) -> Snapshot | None:
    try:
        return session.client().snapshot()
    except (NoEngineError, ControlError):
        return None


def _running(snapshot: Snapshot, answer: Answer) -> Running:
    rows = {str(row.agent_id): row.state for row in snapshot.agents}
    away = (AgentState.OFFLINE, AgentState.CALLING_IN)
    on_shift = tuple(one for one in answer.able if rows.get(one, AgentState.OFFLINE) not in away)
    return Running(
        campaign=next((row for row in snapshot.campaigns if row.name == answer.campaign), None),
        on_shift=on_shift,
        ready=tuple(one for one in on_shift if rows[one] is AgentState.READY),
    )


def hindrances(told: Told, answer: Answer) -> list[tuple[str, str]]:
    """What keeps an account from being dialled besides the rules: the engine, the campaign, the shift."""
    if not told.running:
        return [("没有引擎在运行，不会拨打任何号码", "no engine is running, so nobody is called")]
    running = told.running[answer.campaign]
    found = []
    if running.campaign is None:
        found.append(("该活动没有启动", "the campaign was not started"))
    elif running.campaign.state is not CampaignState.RUNNING:
        found.append(("该活动已暂停或停止", f"the campaign is {running.campaign.state.value}"))
    if answer.able and not running.on_shift:
        found.append(("能接的坐席都不在班", "none of the agents who may take it is on shift"))
    return found


# --- JSON ----------------------------------------------------------------------------------------------


def _as_json(told: Told, *, unmasked: bool) -> JsonValue:
    known = told.known
    return {
        "account": told.account_no,
        "client": known.client,
        "list": known.list_name,
        "debtor": told.debtor_name,
        "state": known.state,
        "at": told.at.isoformat(),
        "campaigns": [_answer_json(told, one, unmasked=unmasked) for one in told.answers],
        "promises": [
            {
                "promise": one.promise_id,
                "status": one.status.value,
                "amount": f"{one.amount:.2f}",
                "due_on": one.due_on.isoformat(),
                "paid": f"{one.paid:.2f}",
                "at": one.at.isoformat(),
                "reason": told.plain(one.reason),
            }
            for one in known.promises
        ],
        "reminded_at": [at.isoformat() for at in known.reminders],
        "desk": None
        if known.desk is None
        else {
            "holder": known.desk.holder,
            "since": known.desk.since.isoformat(),
            "until": known.desk.until_at.isoformat(),
        },
        "attempts": [
            {
                "attempt": call.attempt_id,
                "at": call.at.isoformat(),
                "campaign": call.campaign,
                "number": call.number if unmasked else mask_number(call.number),
                "checked": list(call.rules),
                "outcome": call.outcome or None,
                "disposition": call.code or None,
                "agent": call.agent_id or None,
                "next_kind": call.next_kind or None,
                "next_at": _moment(call.next_at),
                "next_rule": call.next_rule or None,
                "next_reason": told.plain(call.next_reason) or None,
            }
            for call in known.calls
        ],
        "refusals": [
            {
                "at": one.at.isoformat(),
                "campaign": one.campaign,
                "number": one.number if unmasked else mask_number(one.number),
                "rule": one.rule,
                "reason": told.plain(one.reason),
                "until": _moment(one.until_at),
            }
            for one in known.refusals
        ],
    }


def _answer_json(told: Told, answer: Answer, *, unmasked: bool) -> JsonValue:
    running = told.running.get(answer.campaign)
    return {
        "campaign": answer.campaign,
        "number": (answer.number if unmasked else mask_number(answer.number)) if answer.number else None,
        "may_be_dialled": answer.may,
        "blocks": [_block_json(told, block) for block in answer.blocks],
        "next_at": _moment(answer.next_at),
        "checked": list(answer.checked),
        "agents_able": list(answer.able),
        "engine": None
        if running is None
        else {
            "campaign_state": None if running.campaign is None else running.campaign.state.value,
            "on_shift": list(running.on_shift),
            "ready": list(running.ready),
        },
        "besides": [en for _, en in hindrances(told, answer)],
    }


def _block_json(told: Told, block: Block) -> JsonValue:
    return {
        "rule": block.rule,
        "profile": block.profile or None,
        "cite": block.cite or None,
        "tag": block.tag or None,
        "zh": told.plain(block.zh),
        "en": told.plain(block.en),
        "since": _moment(block.since),
        "until": _moment(block.until),
        "lasts": block.lasts,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
