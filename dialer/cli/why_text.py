"""The answer of `dialer why` on a terminal: one sentence for each campaign, then everything behind it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.lang import Lang, outcome_word
from dialer.cli.promise_words import STATUSES
from dialer.cli.why import Told, hindrances
from dialer.compliance.sentences import STOPS
from dialer.explanation import Answer, Block
from dialer.masking import mask_number
from dialer.store.why import KnownCall
from dialer.types import StopFlag
from dialer.waterfall import GATE, words

_SHOWN: Final = 12
"""Of calls and of refusals, the last ones."""
_GREY: Final = "bright_black"
_QUIET: Final = ("stop_flags", "prefix", "third_party", "closed_dates", "hours", "closing_margin", "zone ", "profile ")
"""What every permit lists without a counter."""
_COUNTERS: Final = {
    "attempts_per_number_per_day": ("号码/日", "number/day"),
    "attempts_per_debtor_per_day": ("债务人/日", "debtor/day"),
    "conversations_per_debtor_per_day": ("通话/日", "talks/day"),
    "min_gap": ("间隔", "gap"),
}
"""The campaign's own limits, short; those of profiles are short as they are."""
_STATES: Final = {
    "open": ("待拨", "open"),
    "waiting": ("等待", "waiting"),
    "hold": ("搁置", "on hold"),
    "closed": ("已结案", "closed"),
    "never": ("不再外呼", "never"),
}
_NEXT: Final = {
    "retry": ("再拨", "retry"),
    "other_number": ("换号", "other number"),
    "callback": ("回拨", "call-back"),
    "team": ("转组", "to a team"),
    "hold": ("搁置", "hold"),
    "closed": ("结案", "closed"),
    "never": ("不再外呼", "never"),
}


def render(told: Told, lang: Lang, zone: ZoneInfo, width: int, *, unmasked: bool) -> RenderableType:
    """One account."""
    page = _Page(told, lang, zone, unmasked=unmasked)
    parts: list[RenderableType] = [page.title(), *page.sentences()]
    if told.known.promises:
        parts += [page.heading("承诺还款", "promises"), page.promises()]
    if told.known.calls:
        parts += [
            page.heading("通话记录，每次拨打前的计数", "calls, with what was counted before each"),
            page.calls(width),
        ]
    if told.known.refusals:
        parts += [page.heading("被拒记录", "refusals"), page.refusals()]
    return Group(*parts)


def sentences(told: Told, lang: Lang, zone: ZoneInfo, *, unmasked: bool) -> list[Text]:
    """What each campaign may do with one account, and why."""
    return _Page(told, lang, zone, unmasked=unmasked).sentences()


class _Page:
    def __init__(self, told: Told, lang: Lang, zone: ZoneInfo, *, unmasked: bool) -> None:
        self._told = told
        self._lang = lang
        self._zone = zone
        self._unmasked = unmasked

    def _pick(self, pair: tuple[str, str]) -> str:
        return self._lang.pick(*pair)

    def _moment(self, at: datetime | None) -> str:
        if at is None:
            return "–"
        local, today = at.astimezone(self._zone), self._told.at.astimezone(self._zone)
        return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%m-%d}\N{NO-BREAK SPACE}{local:%H:%M}"

    def _number(self, number: str) -> str:
        return number if self._unmasked else mask_number(number)

    def heading(self, zh: str, en: str) -> Text:
        return Text("\n" + self._lang.pick(zh, en), style="bold cyan")

    def title(self) -> Text:
        known = self._told.known
        state = self._pick(_STATES[known.state])
        rest = [self._told.debtor_name, known.client, known.list_name, state]
        return Text.assemble((self._told.account_no, "bold"), (" · " + " · ".join(filter(None, rest)), _GREY))

    # --- the answers -----------------------------------------------------------------------------------

    def sentences(self) -> list[Text]:
        if not self._told.answers:
            name = self._told.known.list_name
            return [
                Text(self._lang.pick(f"没有活动拨打名单 {name}。", f"No campaign dials the list {name}."), "yellow")
            ]
        return [line for answer in self._told.answers for line in self._answer(answer)]

    def _answer(self, answer: Answer) -> list[Text]:
        lines = [self._sentence(answer)]
        lines += [self._detail(block) for block in answer.blocks]
        if counters := self._counters(answer.checked):
            lines.append(Text(self._lang.pick("  已用／上限：", "  used / limit: ") + counters, _GREY))
        for zh, en in hindrances(self._told, answer):
            lines.append(Text("  " + self._lang.pick(f"另外：{zh}。", f"Besides: {en}."), "yellow"))
        running = self._told.running.get(answer.campaign)
        if running is not None and running.on_shift:
            ready = len(running.ready)
            zh = f"  在班可接的坐席 {len(running.on_shift)} 名，其中空闲 {ready} 名"
            en = f"  {len(running.on_shift)} agents on shift may take it, {ready} of them free"
            lines.append(Text(self._lang.pick(zh, en), _GREY))
        return lines

    def _sentence(self, answer: Answer) -> Text:
        number = self._number(answer.number) if answer.number else ""
        if answer.may:
            zh, en = f"{answer.campaign}：现在可以拨打 {number}。", f"{answer.campaign} may dial {number} now."
            return Text(self._lang.pick(zh, en), "bold green")
        first = answer.blocks[0]
        reason = self._told.plain(self._pick((first.zh, first.en)))
        target = f" {number}" if number else self._lang.pick("", " it")
        zh = f"{answer.campaign}：现在不能拨打{target}：{reason}{self._since(first, '，自 {} 起')}。"
        en = f"{answer.campaign} may not dial{target} now: {reason}{self._since(first, ', since {}')}. "
        return Text(
            self._lang.pick(zh, en) + self._next(answer), "bold red" if answer.next_at is None else "bold yellow"
        )

    def _since(self, block: Block, text: str) -> str:
        return "" if block.since is None else text.format(self._moment(block.since))

    def _next(self, answer: Answer) -> str:
        if answer.next_at is not None:
            at = self._moment(answer.next_at)
            return self._lang.pick(f"最早 {at} 可以拨打。", f"It may be dialled from {at} on.")
        if not any(block.lasts for block in answer.blocks):
            return self._lang.pick("何时可以拨打尚不可知。", "When it may is not known yet.")
        return self._lang.pick("时间不会使它可以拨打，须有人处理。", "Time alone changes nothing; somebody has to.")

    def _detail(self, block: Block) -> Text:
        source = " ".join(filter(None, (block.profile, _short(block.rule))))
        cited = f" [{block.cite}]" if block.cite else ""
        tag = f" ({block.tag})" if block.tag else ""
        text = Text.assemble(
            ("  ✗ ", "red"), self._told.plain(self._pick((block.zh, block.en))), (f"  {source}{cited}{tag}", "cyan")
        )
        if block.since is not None:
            text.append(
                self._lang.pick(f"  自 {self._moment(block.since)}", f"  since {self._moment(block.since)}"), _GREY
            )
        if block.until is not None:
            text.append(
                self._lang.pick(f"  至 {self._moment(block.until)}", f"  until {self._moment(block.until)}"), _GREY
            )
        return text

    def _counters(self, checked: Iterable[str]) -> str:
        """Limits and what was used of them, out of what a permit lists."""
        found = []
        for one in checked:
            name, _, used = one.rpartition(" ")
            if "/" in used and not one.startswith(_QUIET):
                found.append(f"{self._pick(_COUNTERS.get(name, (name, name)))} {used}")
        return ", ".join(found)

    # --- history ---------------------------------------------------------------------------------------

    def _table(self, *heads: tuple[str, str]) -> Table:
        table = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
        for head in heads:
            table.add_column(self._pick(head), overflow="fold")
        return table

    def calls(self, width: int) -> Table:
        table = self._table(
            ("时间", "at"), ("号码", "number"), ("拨打前 已用/上限", "used/limit before"), ("结果", "outcome"),
            ("处置", "disposition"), ("随后决定", "decided next"),
        )  # fmt: skip
        calls = self._told.known.calls
        for call in calls[-_SHOWN:]:
            outcome = (
                outcome_word(call.outcome, self._lang) if call.outcome else self._lang.pick("进行中", "in progress")
            )
            table.add_row(
                self._moment(call.at),
                self._number(call.number),
                Text(self._counters(call.rules) or "–", _GREY),
                outcome,
                " ".join(filter(None, (call.code, call.agent_id))) or "–",
                self._decided(call),
            )
        if len(calls) > _SHOWN:
            hidden = len(calls) - _SHOWN
            table.caption = self._lang.pick(f"更早还有 {hidden} 次，见 --json", f"{hidden} earlier ones: see --json")
        return table

    def promises(self) -> Table:
        table = self._table(
            ("状态", "status"), ("到期", "due"), ("金额", "amount"), ("已还", "paid"), ("原因", "reason")
        )
        for one in self._told.known.promises[-_SHOWN:]:
            zh, en, style = STATUSES[one.status]
            reason_zh, _, reason_en = one.reason.partition(" · ")
            reason = Text(self._told.plain(self._pick((reason_zh, reason_en or reason_zh))), _GREY)
            table.add_row(
                Text(self._pick((zh, en)), style),
                one.due_on.isoformat(),
                f"{one.amount:,.2f}",
                f"{one.paid:,.2f}",
                reason,
            )
        if reminders := self._told.known.reminders:
            times = ", ".join(self._moment(at) for at in reminders)
            table.caption = self._lang.pick(f"已提醒：{times}", f"reminded: {times}")
        return table

    def _decided(self, call: KnownCall) -> Text:
        if not call.next_kind:
            return Text("–")
        said = self._pick(_NEXT.get(call.next_kind, (call.next_kind, call.next_kind)))
        at = f" {self._moment(call.next_at)}" if call.next_at is not None else ""
        return Text.assemble(f"{said}{at}", (f"  {_short(call.next_rule)}", _GREY))

    def refusals(self) -> Table:
        table = self._table(("时间", "at"), ("活动", "campaign"), ("规则", "rule"), ("原因", "reason"), ("至", "until"))
        for one in self._told.known.refusals[-_SHOWN:]:
            zh = words(GATE + one.rule)[0]  # the gate's own words are kept in English
            reason = Text(self._told.plain(self._pick((f"{zh}：{one.reason}", one.reason))), _GREY)
            table.add_row(self._moment(one.at), one.campaign, self._rule(one.rule), reason, self._moment(one.until_at))
        return table

    def _rule(self, rule: str) -> str:
        flag = rule.removeprefix("stop:")
        return self._pick(STOPS[StopFlag(flag)]) if flag != rule and flag in set(StopFlag) else rule


def _short(rule: str) -> str:
    """A rule without the file and line in which it stands."""
    return rule.partition(" (")[0]
