"""Repayment plans on a terminal: the ranking, one schedule, the reasons; and a plan in its life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.lang import Lang
from dialer.cli.loan_words import KINDS, PARTS, SCOPES, STATUSES, bucket_word, money, percent
from dialer.plans.offers import Plan, PlanKind, PlanPayment
from dialer.plans.proposing import Proposal
from dialer.plans.reasons import explanation, reasons

if TYPE_CHECKING:
    from dialer.cli.plan import Offer
    from dialer.store.planned import KnownPlan

_GREY: Final = "bright_black"
_STYLES: Final = {"performing": "green", "completed": "green", "broken": "red", "expired": _GREY, "cancelled": _GREY}
_ROLES: Final = {"agent": ("坐席", "agent"), "supervisor": ("班长", "supervisor"), "admin": ("管理员", "admin")}
_FROM: Final = {
    "": ("未知", "unknown"),
    "asked": ("本次告知", "told now"),
    "agent": ("坐席登记", "an agent"),
    "event": ("事件", "an event"),
    "applications": ("申请资料", "the application"),
    "accounts": ("名单", "the list"),
}
_ROOMY: Final = 100
"""Columns of a terminal in which everything of a plan has room on a line."""
_BEGIN: Final = 6
_END: Final = 2
"""Of a long schedule, the first and the last payments."""


def render(found: Offer, lang: Lang, *, show: int, width: int) -> RenderableType:
    """What may be offered."""
    offered = found.proposals.best_first
    parts: list[RenderableType] = [_title(found, lang), _means(found, lang)]
    if found.proposals.hindrance is not None:
        why = lang.pick(found.proposals.hindrance.zh, found.proposals.hindrance.en)
        parts.append(Text(lang.pick(f"没有合规的方案：{why}。", f"There is no lawful plan: {why}."), "yellow"))
        return Group(*parts)
    parts.append(_ranking(offered, lang, width))
    chosen = min(show, len(offered))
    one = offered[chosen - 1]
    rules = found.settings.plans
    parts.append(Text(lang.pick(f"\n方案 {chosen}：为什么", f"\nPlan {chosen}: why"), "bold"))
    parts += [_line(zh, en, lang) for zh, en in reasons(one, found.situation, rules, found.proposals)]
    parts.append(Text(lang.pick("\n预计回收怎么算", "\nHow the expected recovery is worked out"), "bold"))
    parts += [_line(zh, en, lang) for zh, en in explanation(one, found.situation, rules)]
    parts.append(Text(f"· {rules.keeping.source}", _GREY))
    parts += [Text(""), _schedule(one.plan.payments, lang)]
    if found.saved is not None:
        parts.append(_saved(found.saved, lang))
    return Group(*parts)


def known_plan(known: KnownPlan, whose: str, lang: Lang, zone: ZoneInfo) -> RenderableType:
    """A plan in its life."""
    status = lang.pick(*STATUSES[known.status])
    head = Text.assemble(
        (f"#{known.plan_id}  ", _GREY), (f"{whose}  ", "bold"), (status, _STYLES.get(known.status, "yellow"))
    )
    head.append(f"  {_what(known.plan, lang)}")
    lines = [head, *_life(known, lang, zone)]
    return Group(*lines, _schedule(known.plan.payments, lang))


def list_table(rows: Sequence[Mapping[str, JsonValue]], lang: Lang) -> Table:
    """Plans, one a line; columns in which nothing stands are left out."""
    waits = [str(row["needs"] or "") if row["status"] == "proposed" else "" for row in rows]
    kinds = [lang.pick(*KINDS[PlanKind(str(row["kind"]))]) for row in rows]
    paid = [Decimal(str(row["paid"])) for row in rows]
    columns = (
        ("编号", "no", "right", [str(row["plan"]) for row in rows]),
        ("账户", "account", "left", [str(row["account"]) for row in rows]),
        ("债务人", "debtor", "left", [str(row["debtor"]) for row in rows]),
        ("状态", "status", "left", [_status(str(row["status"]), lang) for row in rows]),
        ("方式", "kind", "left", [f"{kind} × {row['payments']}" for kind, row in zip(kinds, rows, strict=True)]),
        ("总额", "total", "right", [money(Decimal(str(row["total"]))) for row in rows]),
        ("已还", "paid", "right", [money(amount) for amount in paid] if any(paid) else [""]),
        ("待审批", "needs", "left", [lang.pick(*_ROLES[role]) if role else "" for role in waits]),
        ("有效至", "valid until", "left", [str(row["valid_until"]) for row in rows]),
    )
    return _of_columns(columns, lang)


def _status(status: str, lang: Lang) -> Text:
    return Text(lang.pick(*STATUSES[status]), _STYLES.get(status, "yellow"))


_Column = tuple[str, str, str, Sequence[str | Text]]
"""Heads in Chinese and English, which way, and the cells."""


def _of_columns(columns: Sequence[_Column], lang: Lang) -> Table:
    """A table of the columns that have anything in them."""
    shown = [column for column in columns if any(column[3])]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_GREY)
    for zh, en, justify, _ in shown:
        table.add_column(lang.pick(zh, en), justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for cells in zip(*(cells for *_, cells in shown), strict=True):
        table.add_row(*cells)
    return table


def _title(found: Offer, lang: Lang) -> Text:
    whose, situation = found.named, found.situation
    parts = "  ".join(f"{lang.pick(*PARTS[part])} {money(amount)}" for part, amount in situation.claim if amount)
    return Text.assemble(
        (f"{whose.account_no}  {whose.debtor_name}  ", "bold"),
        bucket_word(situation.days_past_due, lang),
        "\n",
        lang.pick(*SCOPES[situation.scope]),
        (f"  {situation.claim.total:,}", "bold"),
        (f"  {parts}", _GREY),
    )


def _means(found: Offer, lang: Lang) -> Text:
    means, situation = found.means, found.situation
    text = Text(lang.pick("每月可负担 ", "Can pay each month ") + f"{situation.affordable:,}")
    if means.income is not None:
        source = lang.pick(*_FROM.get(means.source, (means.source, means.source)))
        zh = f"  收入 {means.income:,}（{source}），其他贷款每月 {means.committed:,}"
        text.append(lang.pick(zh, f"  income {means.income:,} ({source}), other loans {means.committed:,}"), _GREY)
    if situation.cash:
        text.append(lang.pick(f"  现有资金 {situation.cash:,}", f"  at hand {situation.cash:,}"), _GREY)
    if situation.broken_promises:
        count = situation.broken_promises
        text.append(lang.pick(f"  失信 {count} 次", f"  {count} broken promises"), "yellow")
    return text


def _ranking(offered: Sequence[Proposal], lang: Lang, width: int) -> Table:
    """The plans, one a line. Where there is little room, what the reasons tell as well is left out, not cut short."""
    roomy, waives = width >= _ROOMY, any(one.plan.waived.total for one in offered)
    columns = (
        ("", "", "right", [str(number) for number, _ in enumerate(offered, start=1)]),
        ("方式", "kind", "left", [lang.pick(*KINDS[one.plan.kind]) for one in offered]),
        ("每期 × 期数", "payments", "right", [_size(one.plan, lang) for one in offered]),
        ("减免", "let go", "right", [money(one.plan.waived.total) if waives else "" for one in offered]),
        ("总额", "total", "right", [money(one.plan.total) for one in offered]),
        ("年化", "a year", "right", [percent(one.cost.plan) for one in offered if roomy]),
        ("负担", "burden", "right", [f"{one.recovery.burden:.0%}" for one in offered if roomy]),
        ("履约", "kept", "right", [f"{one.recovery.kept:.0%}" for one in offered]),
        ("预计回收", "expected", "right", [money(one.expected) for one in offered]),
        ("审批", "needs", "left", [lang.pick(*_ROLES[one.needs.value]) if one.needs else "" for one in offered]),
    )
    table = _of_columns(columns, lang)
    table.rows[0].style = "bold"
    return table


def _size(plan: Plan, lang: Lang) -> str:
    if plan.kind is PlanKind.INSTALMENTS:
        return f"{plan.monthly:,} × {len(plan.payments)}"
    return f"{plan.monthly:,} " + lang.pick(f"{plan.payments[0].due_on} 前", f"by {plan.payments[0].due_on}")


def _line(zh: str, en: str, lang: Lang) -> Text:
    return Text(f"· {lang.pick(zh, en)}")


def _what(plan: Plan, lang: Lang) -> str:
    let_go = lang.pick(f"减免 {plan.waived.total:,}", f"lets go {plan.waived.total:,}") if plan.waived.total else ""
    return "  ".join(part for part in (lang.pick(*KINDS[plan.kind]), _size(plan, lang), let_go) if part)


def _schedule(payments: Sequence[PlanPayment], lang: Lang) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_GREY)
    table.add_column(lang.pick("期", "no"), justify="right")
    table.add_column(lang.pick("到期日", "due"))
    table.add_column(lang.pick("金额", "amount"), justify="right")
    short = len(payments) <= _BEGIN + _END + 1
    for one in payments if short else payments[:_BEGIN]:
        table.add_row(str(one.no), str(one.due_on), money(one.amount))
    if not short:
        table.add_row("…", "", "")
        for one in payments[-_END:]:
            table.add_row(str(one.no), str(one.due_on), money(one.amount))
    return table


def _saved(known: KnownPlan, lang: Lang) -> Text:
    number, until = known.plan_id, known.valid_until
    if known.needs_role is not None:
        who = _ROLES[known.needs_role.value]
        zh = f"已提出方案 {number}，须由{who[0]}审批：dialer plans approve {number}；有效至 {until}。"
        en = f"Offered as plan {number}; a {who[1]} has to approve: dialer plans approve {number}; good until {until}."
    else:
        zh = f"已提出方案 {number}，借款人同意后：dialer plans sign {number}；有效至 {until}。"
        en = f"Offered as plan {number}; when the debtor agrees: dialer plans sign {number}; good until {until}."
    return Text("\n" + lang.pick(zh, en), "green")


def _life(known: KnownPlan, lang: Lang, zone: ZoneInfo) -> list[Text]:
    def day(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    lines = [
        Text(
            lang.pick(
                f"提出 {day(known.proposed_at)} {known.proposed_by}",
                f"offered {day(known.proposed_at)} by {known.proposed_by}",
            ),
            _GREY,
        )
    ]
    if known.status == "proposed" and known.needs_role is not None:
        who = _ROLES[known.needs_role.value]
        lines.append(Text(lang.pick(f"待{who[0]}审批", f"waits for the approval of a {who[1]}"), "yellow"))
    if known.approved_at is not None:
        lines.append(
            Text(
                lang.pick(
                    f"审批 {day(known.approved_at)} {known.approved_by}",
                    f"approved {day(known.approved_at)} by {known.approved_by}",
                ),
                _GREY,
            )
        )
    if known.signed_at is not None:
        paid = f"{known.paid:,} / {known.plan.total:,}"
        lines.append(
            Text(
                lang.pick(f"签署 {day(known.signed_at)}，已还 {paid}", f"signed {day(known.signed_at)}, paid {paid}"),
                _GREY,
            )
        )
    elif known.status in ("proposed", "approved"):
        lines.append(Text(lang.pick(f"有效至 {known.valid_until}", f"good until {known.valid_until}"), _GREY))
    if known.ended_at is not None:
        lines.append(
            Text(
                lang.pick(
                    f"结束 {day(known.ended_at)}：{known.end_reason}",
                    f"ended {day(known.ended_at)}: {known.end_reason}",
                ),
                _GREY,
            )
        )
    return lines
