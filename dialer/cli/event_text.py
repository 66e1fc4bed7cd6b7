"""Account events as people read them: one line each, in Chinese and English; and as programs do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from pydantic import JsonValue
from rich.text import Text

from dialer.account_events import ID_KEYS, EventKind, StoredEvent
from dialer.cli.lang import Lang
from dialer.masking import mask_about, mask_account

WORDS: Final[Mapping[EventKind, tuple[str, str]]] = {
    EventKind.CALL_CONCLUDED: ("通话登记", "call concluded"),
    EventKind.PAYMENT_RECEIVED: ("收到还款", "payment received"),
    EventKind.PAYMENT_REVERSED: ("还款冲正", "payment reversed"),
    EventKind.PROMISE_MADE: ("承诺还款", "promise made"),
    EventKind.PROMISE_PROPOSED: ("承诺待审批", "promise needs approval"),
    EventKind.PROMISE_REMINDER: ("承诺提醒", "reminded of a promise"),
    EventKind.PROMISE_DUE: ("承诺到期", "promise is due"),
    EventKind.PROMISE_KEPT: ("承诺兑现", "promise kept"),
    EventKind.PROMISE_PARTLY_KEPT: ("承诺部分兑现", "promise partly kept"),
    EventKind.PROMISE_BROKEN: ("承诺违约", "promise broken"),
    EventKind.PROMISE_RENEGOTIATED: ("承诺重议", "promise renegotiated"),
    EventKind.PROMISE_CANCELLED: ("承诺取消", "promise cancelled"),
    EventKind.FACT_CHANGED: ("资料变更", "fact changed"),
    EventKind.NOTE_ADDED: ("备注", "note added"),
    EventKind.STOP_ADDED: ("停呼", "stop added"),
    EventKind.STOP_LIFTED: ("恢复外呼", "stop lifted"),
    EventKind.CONSENT_GIVEN: ("同意来电", "consent given"),
    EventKind.CONSENT_WITHDRAWN: ("撤回同意", "consent withdrawn"),
    EventKind.HOLD_SET: ("法律保留", "legal hold set"),
    EventKind.HOLD_LIFTED: ("解除保留", "legal hold lifted"),
    EventKind.OWNER_CHANGED: ("改派", "owner changed"),
    EventKind.NUMBER_CHANGED: ("换号", "number changed"),
    EventKind.SCRIPT_SHOWN: ("话术展示", "script shown"),
    EventKind.PLAN_PROPOSED: ("方案提出", "plan proposed"),
    EventKind.PLAN_APPROVED: ("方案批准", "plan approved"),
    EventKind.PLAN_SIGNED: ("方案签署", "plan signed"),
    EventKind.PLAN_ENDED: ("方案结束", "plan ended"),
    EventKind.SCORE_CHANGED: ("评分变更", "score changed"),
    EventKind.RISK_REPORTED: ("风险信号", "risk reported"),
    EventKind.GRADE_CHANGED: ("等级变更", "grade changed"),
    EventKind.ALERT_RAISED: ("预警", "alert raised"),
    EventKind.ALERT_ACKNOWLEDGED: ("预警确认", "alert acknowledged"),
    EventKind.ALERT_ESCALATED: ("预警升级", "alert escalated"),
    EventKind.DESK_TAKEN: ("占用", "desk taken"),
    EventKind.DESK_LEFT: ("释放", "desk left"),
    EventKind.IMPORT_FINISHED: ("导入完成", "import finished"),
}
_HIDDEN: Final = frozenset({"reason", "attempt", "phones", "txn_id"})
"""Of no use on one line; programs get them."""
_STYLES: Final[Mapping[str, str]] = {
    "promise": "cyan",
    "payment": "green",
    "stop": "red",
    "alert": "yellow",
    "grade": "yellow",
    "risk": "yellow",
    "desk": "magenta",
}


@dataclass(frozen=True, slots=True)
class About:
    """Whom an event is about, as far as texts must not name them; empty: nobody."""

    account_no: str = ""
    name: str = ""

    def shown(self, text: str, *, unmasked: bool) -> str:
        """A text of the event."""
        return text if unmasked else mask_about(text, name=self.name, account_no=self.account_no)

    def account(self, *, unmasked: bool) -> str:
        """The account's number."""
        return self.account_no if unmasked or not self.account_no else mask_account(self.account_no)


def as_json(event: StoredEvent, about: About, *, unmasked: bool) -> JsonValue:
    """An event for programs."""
    payload = {key: _plain(value, about, unmasked=unmasked or key in ID_KEYS) for key, value in event.payload.items()}
    told: dict[str, JsonValue] = {
        "seq": event.seq,
        "kind": event.kind.value,
        "at": event.at.isoformat(),
        "account": about.account(unmasked=unmasked),
        "account_id": event.account_id,
        "debtor_id": event.debtor_id,
        "actor": event.actor,
        "source": event.source,
        "payload": payload,
    }
    return told | ({"key": event.event_key} if event.event_key else {})


def _plain(value: object, about: About, *, unmasked: bool) -> JsonValue:
    if isinstance(value, list):
        return [about.shown(str(one), unmasked=unmasked) for one in value]
    if value is None or isinstance(value, int | float | bool):
        return value
    return about.shown(str(value), unmasked=unmasked)


def line(event: StoredEvent, about: About, lang: Lang, zone: tzinfo, *, unmasked: bool) -> Text:
    """An event for people."""
    zh, en = WORDS.get(event.kind, (event.kind.value, event.kind.value))
    noun = event.kind.partition(".")[0]
    text = Text.assemble(
        (f"{event.seq:>7} ", "bright_black"),
        f"{event.at.astimezone(zone):%m-%d %H:%M:%S}  ",
        (_padded(lang.pick(zh, en), 22), _STYLES.get(noun, "")),
        (_padded(about.account(unmasked=unmasked) or "—", 14), "bold"),
    )
    said = {key: value for key, value in event.payload.items() if key not in _HIDDEN and _said(value)}
    parts = [f"{key}={_short(_plain(value, about, unmasked=unmasked))}" for key, value in said.items()]
    by = " · ".join(part for part in (event.actor, event.source) if part)
    return text.append("  ".join(parts)).append(f"  ({by})" if by else "", "bright_black")


def _said(value: object) -> bool:
    return value not in (None, "", False)


def _short(value: JsonValue) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _padded(text: str, width: int) -> str:
    from rich.cells import cell_len

    return text + " " * max(1, width - cell_len(text))
