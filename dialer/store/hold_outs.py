"""Who is left alone for a while by an experiment (缓催), so that it can be seen who pays unasked.

Rules
- Looked at when an account is leased, before anybody dials it, whoever asks for it. So an account that came a moment
  ago is held out like any other, and nothing has to run beforehand.
- A debtor is held out who is in the hold-out arm (`dialer.scripts.arms`), on a day of the experiment, when its `when`
  holds for every account of theirs that may be dialled some day, and no call-back was agreed: an agreed call is made.
- Once for each experiment: a stop flag `hold_out` with an end, which forbids every dial to the debtor like any other
  flag (lease, gate and commit look at it), is told by `dialer why`, and is lifted by `dialer allow`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dialer.account_events import EventKind
from dialer.campaigns.assignment import lead_facts
from dialer.campaigns.expressions import FactValue, holds
from dialer.compliance.hours import zones_of
from dialer.experiments import Experiment
from dialer.leads import Lead
from dialer.scripts.arms import is_held_out
from dialer.settings import CampaignSettings
from dialer.store import telling
from dialer.store.columns import amount, moment, moment_text
from dialer.store.concluding import Order, flag_debtor
from dialer.store.statements import Statements
from dialer.types import DebtorId, StopFlag

_SQL: Final = Statements("scripts")
_STOP_SQL: Final = Statements("stops")
SOURCE: Final = "experiment"


def due(connection: sqlite3.Connection, lead: Lead, campaign: CampaignSettings, at: datetime) -> Experiment | None:
    """The experiment by which a debtor is to be left alone from now on; None: they may be called.

    Args:
        connection: in a transaction.
        lead: about to be dialled, or asked about.
        campaign: with the experiments that hold anybody out.
        at: now, aware.
    """
    for experiment in campaign.hold_outs:
        if _is_on(experiment, lead, at) and is_held_out(experiment, lead.debtor_id):
            asked = {"experiment": experiment.name, "debtor_id": lead.debtor_id}
            if connection.execute(_SQL["was_held_out"], asked).fetchone() is None and _all(
                connection, experiment, lead
            ):
                return experiment
    return None


def hold_out(
    connection: sqlite3.Connection, lead: Lead, experiment: Experiment, campaign: CampaignSettings, at: datetime
) -> None:
    """Leave a debtor alone from now on, inside a transaction that may write."""
    until_at, by = moment_text(until(experiment, at)), f"{SOURCE} {experiment.name}"
    order = Order(flag=StopFlag.HOLD_OUT, by=by, at=moment_text(at), until_at=until_at)
    row = {"experiment": experiment.name, "campaign": campaign.name}
    connection.execute(_SQL["hold_out"], order.row(debtor_id=lead.debtor_id) | row)
    flag_debtor(connection, lead.debtor_id, order, reason="")
    connection.execute(_STOP_SQL["note_change"], order.row(change="stopped", number="", debtor_id=lead.debtor_id))
    telling.stop_changed(
        connection,
        EventKind.STOP_ADDED,
        order.flag,
        at=at,
        by=by,
        source=SOURCE,
        debtor_id=lead.debtor_id,
        account_id=lead.account_id,
        until_at=until_at,
    )


def until(experiment: Experiment, at: datetime) -> datetime:
    """When somebody who is left alone from a moment on may be called again."""
    return at + timedelta(days=experiment.hold_days)


def _is_on(experiment: Experiment, lead: Lead, at: datetime) -> bool:
    """Whether it runs, by the debtor's own date; in every zone they may be in."""
    return all(experiment.is_on(at.astimezone(zone).date()) for zone in zones_of(lead.zone)) and bool(lead.zone)


def _all(connection: sqlite3.Connection, experiment: Experiment, lead: Lead) -> bool:
    """Whether the experiment is for every account of the debtor, and nobody has agreed on a call."""
    facts = lead_facts(lead)
    for days, cents, risk, region, product, language, callback in connection.execute(
        _SQL["accounts_to_hold"], {"debtor_id": lead.debtor_id}
    ):
        of_account: dict[str, FactValue] = {
            "days_past_due": days,
            "amount_due": amount(cents),
            "risk": risk,
            "region": region,
            "product": product,
            "language": language,
        }
        if callback or not holds(experiment.when, {**facts, **of_account}):
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """A time for which a debtor is, or was, left alone."""

    experiment: str
    since: datetime
    until_at: datetime
    campaign: str


def held_outs_of(connection: sqlite3.Connection, debtor_id: DebtorId) -> tuple[HeldOut, ...]:
    """Every such time of a debtor."""
    rows = connection.execute(_SQL["hold_outs_of"], {"debtor_id": debtor_id})
    return tuple(
        HeldOut(experiment=experiment, since=moment(since), until_at=moment(until_at), campaign=campaign)
        for experiment, since, until_at, campaign in rows
    )
