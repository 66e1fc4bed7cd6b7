"""Assignments and owners as tables for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.caseload.assigning import Decision, Ground
from dialer.caseload.fairness import Comparable, Evenness, Load
from dialer.caseload.rules import AssignmentSettings
from dialer.caseload.sentences import GROUNDS, explained
from dialer.cli.assign_view import MEASURES, Preview
from dialer.cli.lang import Lang
from dialer.settings import AgentSettings
from dialer.store.assigned import Owned, Owner

GREY: Final = "bright_black"
Faces = dict[int, tuple[str, str]]
"""Debtor -> name and account number, as they may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The same, for people and for programs."""

    table: RenderableType
    json: JsonValue


def money(value: Decimal) -> str:
    """An amount without its cents, as tables of sums show it."""
    return f"{value:,.0f}"


def plain_table(heads: Iterable[tuple[str, str]], lang: Lang, *, numbers: Iterable[int] = ()) -> Table:
    """A table without lines.

    Args:
        heads: Chinese and English.
        lang: of its readers.
        numbers: columns that are flush right.
    """
    right = frozenset(numbers)
    table = Table(box=None, header_style=GREY, padding=(0, 2, 0, 0))
    for spot, (zh, en) in enumerate(heads):
        table.add_column(
            lang.pick(zh, en),
            justify="right" if spot in right else "left",
            no_wrap=spot in right or not spot,
            overflow="fold",
        )
    return table


def render(preview: Preview, faces: Faces, lang: Lang, width: int) -> RenderableType:
    """The whole answer of `dialer assign`."""
    parts: list[RenderableType] = [_summary(preview, lang), "", _grounds(preview, lang)]
    for group in preview.fairness.groups:
        if group.lines:
            parts += ["", _shares(group, preview, lang)]
    if preview.shown:
        parts += ["", _changes(preview, faces, lang)]
    if preview.changing > len(preview.shown):
        more = preview.changing - len(preview.shown)
        parts.append(
            Text(lang.pick(f"另有 {more:,} 户；--limit 0 全部列出", f"{more:,} more; --limit 0 shows all"), GREY)
        )
    return Group(*parts)


def _summary(preview: Preview, lang: Lang) -> Text:
    report, saved = preview.fairness, preview.saved
    zh = (
        f"{preview.total:,} 户：保留 {report.kept:,}，改分 {report.moved:,}，新分 {report.given:,}，"
        f"待分 {preview.waiting:,}"
    )
    en = (
        f"{preview.total:,} debtors: {report.kept:,} kept, {report.moved:,} moved, {report.given:,} given out, "
        f"{preview.waiting:,} waiting"
    )
    if saved is None:
        zh, en = f"{zh}（预览，未写入）", f"{en} (a preview: nothing was written)"
    elif saved.outrun:
        zh = f"{zh}；{saved.outrun:,} 户其间已由他人改分，未动"
        en = f"{en}; {saved.outrun:,} were given to somebody else meanwhile and left alone"
    return Text(lang.pick(zh, en), "bold")


def _grounds(preview: Preview, lang: Lang) -> Table:
    table = plain_table((("规则", "rule"), ("原因", "why"), ("户数", "debtors")), lang, numbers=(2,))
    for rule, ground, count in preview.grounds:
        table.add_row(Text(rule or "-"), lang.pick(*GROUNDS[ground]), f"{count:,}")
    return table


def _shares(group: Comparable, preview: Preview, lang: Lang) -> Table:
    heads = [("坐席", "agent")]
    for zh, en in MEASURES.values():
        heads += [(zh, en), ("", "")]
    table = plain_table(heads, lang, numbers=range(1, 7))
    table.title = Text(group_title(group, lang), "bold")
    table.title_justify = "left"
    for line in group.lines:
        name = preview.names.get(line.agent, "")
        who = f"{line.agent} {name}" + ("" if line.share == 1 else f" ×{line.share:g}")
        table.add_row(Text(who), *_cells(line.before, line.after))
    if len(group.lines) > 1:
        for zh, en, key in (("极差/均值", "spread", "spread"), ("基尼系数", "Gini", "gini")):
            pairs = zip(
                _evenness(group.before, key, None), _evenness(group.after, key, preview.settings.spread), strict=True
            )
            cells = [cell for pair in pairs for cell in pair]
            table.add_row(Text(lang.pick(zh, en), GREY), *cells)
    return table


def group_title(group: Comparable, lang: Lang) -> str:
    """What the agents of a group have in common."""
    teams = lang.pick("、", ", ").join(sorted({line.team for line in group.lines if line.team}))
    team = f" ({teams})" if teams else ""
    if not group.rules:
        return lang.pick("只在他人已满时分案的坐席", "Agents who only get what others have no room for") + team
    rules = lang.pick("、", ", ").join(group.rules)
    return lang.pick(f"可互换的坐席：{rules}", f"Agents for the same debtors: {rules}") + team


def _cells(before: Load, after: Load) -> list[str]:
    """Before and after, side by side for each measure."""
    return [
        *(f"{before.count:,}", f"→ {after.count:,}"),
        *(money(before.amount), f"→ {money(after.amount)}"),
        *(money(before.expected), f"→ {money(after.expected)}"),
    ]


def _evenness(found: Mapping[str, Evenness], key: str, bound: float | None) -> list[Text]:
    cells = []
    for measure in MEASURES:
        value = getattr(found[measure], key)
        style = GREY if bound is None or key != "spread" else "green" if value <= bound + 1e-9 else "yellow"
        cells.append(Text(f"{value * 100:.1f}%" if key == "spread" else f"{value:.3f}", style))
    return cells


def _changes(preview: Preview, faces: Faces, lang: Lang) -> Table:
    heads = (("账户", "account"), ("姓名", "name"), ("逾期", "days"), ("应还", "amount due"), ("风险", "risk"))
    table = plain_table((*heads, ("原", "from"), ("新", "to"), ("原因", "why")), lang, numbers=(2, 3))
    for one in preview.shown:
        name, account = faces.get(one.case.debtor_id, ("", ""))
        more = f" +{one.case.accounts - 1}" if one.case.accounts > 1 else ""
        table.add_row(
            Text(account + more),
            Text(name),
            f"{one.case.days_past_due}",
            f"{one.case.amount_due:,}",
            Text(one.case.risk),
            one.case.owner or "-",
            Text(one.agent or _team(one, lang), "" if one.agent else "yellow"),
            Text(lang.pick(*explained(one, preview.settings))),
        )
    return table


def _team(one: Decision, lang: Lang) -> str:
    return lang.pick(f"{one.team} 组", f"team {one.team}") if one.team else lang.pick("待分", "nobody")


def preview_json(preview: Preview, faces: Faces) -> JsonValue:
    """The whole answer for programs."""
    report = preview.fairness
    return {
        "debtors": preview.total,
        "kept": report.kept,
        "moved": report.moved,
        "given": report.given,
        "waiting": preview.waiting,
        "written": preview.saved is not None,
        "outrun": 0 if preview.saved is None else preview.saved.outrun,
        "grounds": [
            {"rule": rule, "ground": ground.value, "debtors": count} for rule, ground, count in preview.grounds
        ],
        "groups": [_group_json(group) for group in report.groups],
        "decisions": [_decision_json(one, preview.settings, faces) for one in preview.shown],
        "decisions_left_out": preview.changing - len(preview.shown),
    }


def _group_json(group: Comparable) -> JsonValue:
    return {
        "rules": list(group.rules),
        "agents": [
            {"agent": line.agent, "team": line.team, "before": _load_json(line.before), "after": _load_json(line.after)}
            for line in group.lines
        ],
        "before": _evenness_json(group.before),
        "after": _evenness_json(group.after),
    }


def _load_json(load: Load) -> JsonValue:
    return {"debtors": load.count, "amount_due": str(load.amount), "expected": str(load.expected)}


def _evenness_json(found: Mapping[str, Evenness]) -> JsonValue:
    return {name: {"spread": round(one.spread, 4), "gini": round(one.gini, 4)} for name, one in found.items()}


def _decision_json(one: Decision, settings: AssignmentSettings, faces: Faces) -> JsonValue:
    zh, en = explained(one, settings)
    name, account = faces.get(one.case.debtor_id, ("", ""))
    return {
        "account": account,
        "name": name,
        "accounts": one.case.accounts,
        "days_past_due": one.case.days_past_due,
        "amount_due": str(one.case.amount_due),
        "expected": str(one.case.expected),
        "risk": one.case.risk,
        "from": one.case.owner or "",
        "to": one.agent or "",
        "team": one.team,
        "rule": one.rule,
        "ground": one.ground.value,
        "why": {"zh": zh, "en": en},
    }


def loads_view(
    agents: Sequence[AgentSettings],
    loads: Sequence[tuple[str, int, int, Decimal]],
    settings: AssignmentSettings,
    lang: Lang,
) -> View:
    """What everybody looks after."""
    heads = (("坐席", "agent"), ("组", "team"), ("户数", "debtors"), ("账户", "accounts"), ("应还", "amount due"))
    table = plain_table((*heads, ("容量", "capacity")), lang, numbers=(2, 3, 4, 5))
    known = {who: (debtors, accounts, due) for who, debtors, accounts, due in loads}
    rows: list[JsonValue] = []
    for agent in agents:
        debtors, accounts, due = known.pop(agent.id, (0, 0, Decimal(0)))
        capacity = settings.capacity.of(agent.id)
        table.add_row(
            Text(f"{agent.id} {agent.name}"),
            Text(agent.team),
            f"{debtors:,}",
            f"{accounts:,}",
            money(due),
            f"{capacity:,}",
        )
        rows.append(_owned_json(agent.id, agent.team, debtors, accounts, due, capacity))
    for who, (debtors, accounts, due) in known.items():
        label = who or lang.pick("待分", "nobody yet")
        table.add_row(Text(label, "yellow"), "", f"{debtors:,}", f"{accounts:,}", money(due), "")
        rows.append(_owned_json(who, "", debtors, accounts, due, None))
    return View(table=table, json=rows)


def _owned_json(agent: str, team: str, debtors: int, accounts: int, due: Decimal, capacity: int | None) -> JsonValue:
    return {
        "agent": agent,
        "team": team,
        "debtors": debtors,
        "accounts": accounts,
        "amount_due": str(due),
        "capacity": capacity,
    }


def owned_view(owned: Sequence[Owned], faces: Faces, lang: Lang, zone: tzinfo) -> View:
    """One agent's debtors."""
    heads = (("账户", "account"), ("姓名", "name"), ("账户数", "accounts"), ("逾期", "days"), ("应还", "amount due"))
    table = plain_table((*heads, ("自", "since"), ("规则", "rule"), ("原因", "why")), lang, numbers=(2, 3, 4))
    rows: list[JsonValue] = []
    for one in owned:
        name, account = faces[one.debtor_id]
        since = f"{one.since.astimezone(zone):%Y-%m-%d}"
        why = lang.pick(*GROUNDS[Ground(one.ground)]) if one.ground in set(Ground) else ""
        table.add_row(
            Text(account),
            Text(name),
            f"{one.accounts}",
            f"{one.days_past_due}",
            f"{one.amount_due:,}",
            since,
            Text(one.rule),
            why,
        )
        rows.append(
            {
                "account": account,
                "name": name,
                "accounts": one.accounts,
                "days_past_due": one.days_past_due,
                "amount_due": str(one.amount_due),
                "since": one.since.isoformat(),
                "rule": one.rule,
                "ground": one.ground,
            }
        )
    nobody = Text(lang.pick("名下没有债务人。", "No debtors."))
    return View(table=table if rows else nobody, json=rows)


def owner_view(account: str, owners: Sequence[Owner | None], lang: Lang, zone: tzinfo) -> View:
    """Who looks after the debtor of an account."""
    lines: list[RenderableType] = []
    rows: list[JsonValue] = []
    for one in owners:
        if one is None:
            lines.append(Text(lang.pick(f"{account}：尚未分案。", f"{account}: not assigned yet.")))
            rows.append({"account": account, "agent": None})
            continue
        since = f"{one.since.astimezone(zone):%Y-%m-%d %H:%M}"
        who = one.agent or lang.pick(f"{one.team} 组待分", f"team {one.team}, nobody yet")
        lines.append(Text(f"{account}: {who}  ({lang.pick('自', 'since')} {since}, {one.given_by})", "bold"))
        lines.append(Text(f"  {one.reason}"))
        rows.append(
            {
                "account": account,
                "agent": one.agent,
                "team": one.team,
                "rule": one.rule,
                "reason": one.reason,
                "since": one.since.isoformat(),
                "given_by": one.given_by,
                "skill": one.skill,
                "level": one.level,
            }
        )
    return View(table=Group(*lines), json=rows)
