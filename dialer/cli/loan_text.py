"""Loans on a terminal: the schedule, what differs from the terms, what was paid, where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.lang import Lang
from dialer.cli.loan_words import COMPARED, METHODS, PARTS, bucket_word, money, percent
from dialer.loans.allocation import Line
from dialer.loans.buckets import days_late
from dialer.loans.checking import Difference
from dialer.loans.schedules import Instalment
from dialer.loans.terms import LoanTerms, Part

if TYPE_CHECKING:
    from dialer.cli.loan import Checked

_GREY: Final = "bright_black"
_SHOWN: Final = 12
"""Of payments, the last ones."""


def render(found: Checked, lang: Lang, zone: ZoneInfo) -> RenderableType:
    """One account's loan."""
    parts: list[RenderableType] = [_title(found, lang), _stands(found, lang)]
    if found.book.has_schedule:
        parts.append(_instalments(found, lang))
    else:
        text = lang.pick("没有还款计划表，按名单金额整笔计算。", "No schedule: what the list says is owed as one sum.")
        parts.append(Text(text, style=_GREY))
    parts += _check(found, lang)
    if found.payments:
        parts.append(_payments(found, lang, zone))
    return Group(*parts)


def schedule_table(terms: LoanTerms, found: Sequence[Instalment], lang: Lang) -> RenderableType:
    """A schedule that was worked out."""
    table = _table(
        lang, ("期", "no"), ("到期日", "due"), ("本金", "principal"), ("利息", "interest"), ("合计", "total")
    )
    for one in found:
        table.add_row(str(one.no), str(one.due_on), money(one.principal), money(one.interest), money(one.total))
    interest = sum((one.interest for one in found), Decimal(0))
    table.add_section()
    table.add_row(
        "", lang.pick("合计", "all"), money(terms.principal), money(interest), money(terms.principal + interest)
    )
    head = Text(f"{lang.pick(*METHODS[terms.method])}  {percent(terms.annual_rate)}", style="bold")
    return Group(head, table)


def lines_text(lines: Sequence[Line], *, taken_back: bool) -> tuple[str, str]:
    """What a payment pays, in a sentence."""
    zh = "；".join(f"{_where(line.no)[0]}{PARTS[line.part][0]} {line.amount:,}" for line in lines)
    en = "; ".join(f"{line.amount:,} {PARTS[line.part][1]}{_where(line.no)[1]}" for line in lines)
    return (f"冲回：{zh}。", f"Taken back: {en}.") if taken_back else (f"已入账：{zh}。", f"Booked: {en}.")


def _where(no: int) -> tuple[str, str]:
    return (f"第 {no} 期", f" of instalment {no}") if no else ("", "")


def _table(lang: Lang, *columns: tuple[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_GREY)
    for index, pair in enumerate(columns):
        table.add_column(lang.pick(*pair), justify="left" if index == 1 else "right", no_wrap=True)
    return table


def _title(found: Checked, lang: Lang) -> Text:
    whose = found.named
    terms = found.book.terms
    text = Text.assemble((f"{whose.account_no}  {whose.debtor_name}", "bold"), f"  {whose.client}")
    if terms is not None:
        method, rate = lang.pick(*METHODS[terms.method]), percent(terms.annual_rate)
        months = lang.pick(f"{terms.periods} 期", f"{terms.periods} months")
        text.append(f"  {money(terms.principal)}  {rate}  {months}  {method}", _GREY)
    return text


def _stands(found: Checked, lang: Lang) -> Text:
    stands = found.stands
    parts = "  ".join(f"{lang.pick(*PARTS[part])} {money(amount)}" for part, amount in stands.due if amount)
    late = bucket_word(stands.days_past_due, lang)
    text = Text.assemble(
        (late, "red" if stands.days_past_due else "green"),
        lang.pick(f"  应还 {stands.due.total:,}", f"  due {stands.due.total:,}"),
        (f"  {parts}", _GREY),
    )
    if found.amount_due != stands.due.total:
        said = lang.pick(
            f"\n账户记载应还 {found.amount_due:,}，与还款计划相差 {found.amount_due - stands.due.total:+,}",
            f"\nThe account says {found.amount_due:,}: {found.amount_due - stands.due.total:+,} from the schedule",
        )
        text.append(said, "yellow")
    return text


def _instalments(found: Checked, lang: Lang) -> Table:
    table = _table(
        *(lang, ("期", "no"), ("到期日", "due"), ("本金", "principal"), ("利息", "interest"), ("费用", "fee")),
        *(("罚息", "penalty"), ("已还", "paid"), ("减免", "let go"), ("未还", "left"), ("逾期", "late")),
    )
    for one in found.book.owed:
        late = 0 if one.is_paid else days_late(one.due_on, found.on, found.book.grace_days)
        state = str(late) if late else (str(one.paid_on) if one.is_paid and one.paid_on else "–")
        cells = (one.due.principal, one.due.interest, one.due.fee, one.due.penalty, one.paid.total, one.waived)
        style = "red" if late else _GREY if one.is_paid else ""
        row = (str(one.no), str(one.due_on), *(money(cell) for cell in cells), money(one.left.total), state)
        table.add_row(*row, style=style)
    return table


def _check(found: Checked, lang: Lang) -> list[RenderableType]:
    if found.check is None:
        text = lang.pick(
            "来源未给出完整的贷款条件或还款计划，无法核对。", "No source told terms and schedule: nothing to compare."
        )
        return [Text(text, style=_GREY)]
    if not found.check.differences:
        return [
            Text(
                lang.pick("✓ 与计算的还款计划一致，分毫不差。", "✓ Agrees with the computed schedule to the cent."),
                "green",
            )
        ]
    real = [one for one in found.check.differences if not one.rounding]
    verdict = (
        lang.pick("仅有尾差", "rounding only") if not real else lang.pick(f"{len(real)} 处不符", f"{len(real)} differ")
    )
    head = lang.pick(f"与计算的还款计划对比：{verdict}", f"Against the computed schedule: {verdict}")
    parts: list[RenderableType] = [
        Text(head, "yellow" if real else "green"),
        _differences(found.check.differences, lang),
    ]
    terms = found.book.terms
    if real and found.check.fits and terms is not None and terms.method not in found.check.fits:
        fits = " / ".join(lang.pick(*METHODS[method]) for method in found.check.fits)
        parts.append(Text(lang.pick(f"按{fits}计算则相符。", f"It would agree as {fits}."), "yellow"))
    return parts


def _differences(differences: Sequence[Difference], lang: Lang) -> Table:
    table = _table(
        *(lang, ("期", "no"), ("项目", "what"), ("来源", "source"), ("计算", "computed"), ("差", "difference")),
        ("", ""),
    )
    for one in differences:
        note = lang.pick("尾差", "rounding") if one.rounding else ""
        by = f"{one.amount:+,.2f}" if one.amount else "–"
        row = (str(one.no or ""), lang.pick(*COMPARED[one.what]), _cell(one.said), _cell(one.computed), by, note)
        table.add_row(*row, style=_GREY if one.rounding else "")
    return table


def _cell(value: Decimal | date | None) -> str:
    return "–" if value is None else str(value) if isinstance(value, date) else f"{value:,.2f}"


def _payments(found: Checked, lang: Lang, zone: ZoneInfo) -> Table:
    table = _table(lang, ("金额", "amount"), ("日期", "on"), ("流水号", "id"), ("冲抵", "paid"))
    table.columns[2].justify = table.columns[3].justify = "left"
    table.columns[3].no_wrap = False
    for one in found.payments[-_SHOWN:]:
        lines = [
            Line(no=no, part=None if part == "surplus" else Part(part), amount=paid) for no, part, paid in one.lines
        ]
        what = "; ".join(
            f"{lang.pick(*PARTS[line.part])} {line.amount:,}" + (f" #{line.no}" if line.no else "") for line in lines
        )
        if one.reversed:
            what = lang.pick("已冲回", "taken back") + f" ({what})"
        row = (money(one.amount), str(one.at.astimezone(zone).date()), one.txn_id, what)
        table.add_row(*row, style=_GREY if one.reversed else "")
    return table
