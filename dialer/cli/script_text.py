"""Scripts on a terminal and in JSON."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dialer.cli.lang import Lang
from dialer.config.playbook import Survey, as_problem
from dialer.scripts.choosing import Choice
from dialer.scripts.model import Script
from dialer.scripts.person import LABELS, Known
from dialer.scripts.playbook import Playbook
from dialer.scripts.rendering import Rendered, RenderedStep

_GREY: Final = "bright_black"
TIERS: Final = {
    "neutral": ("中性", "neutral"),
    "reminder": ("提醒", "reminder"),
    "standard": ("标准", "standard"),
    "hardship": ("帮扶", "hardship"),
    "firm": ("强硬", "firm"),
    "care": ("关怀", "care"),
}
PARTIES: Final = {
    "debtor": ("本人", "debtor"),
    "guarantor": ("担保人", "guarantor"),
    "contact": ("第三方", "third party"),
}


def render_text(shown: Rendered, account_no: str, lang: Lang) -> RenderableType:
    """A script for one person."""
    parts: list[RenderableType] = [_title(shown, account_no, lang), *_reason(shown, lang)]
    for number, step in enumerate(shown.steps, start=1):
        parts += _step(number, step, shown, lang)
    if shown.answers:
        parts += [Text("\n" + lang.pick("应答", "Answers"), style="bold cyan"), _answers(shown, lang)]
    return Group(*parts)


def _title(shown: Rendered, account_no: str, lang: Lang) -> Text:
    rest = [f"{shown.script} v{shown.version}", lang.pick(*TIERS[shown.tier]), lang.pick(*PARTIES[shown.party])]
    if account_no:
        rest.insert(0, account_no)
    return Text.assemble((shown.title, "bold"), (" · " + " · ".join(rest), _GREY))


def _reason(shown: Rendered, lang: Lang) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Text.assemble((lang.pick("为什么：", "Why: "), "bold"), shown.reason),
        Text(f"  {lang.pick('策略', 'strategy')} “{shown.strategy}” {shown.rule}", _GREY),
    ]
    if shown.experiment:
        instead = (
            lang.pick(f"，代替 {shown.instead_of}", f", instead of {shown.instead_of}") if shown.instead_of else ""
        )
        lines.append(Text(f"  {lang.pick('试验', 'experiment')} {shown.experiment}: {shown.arm}{instead}", _GREY))
    for fact in shown.facts:
        label = lang.pick(*LABELS[fact.name]) if fact.name in LABELS else fact.name
        how = f"  ({fact.how})" if fact.how else ""
        lines.append(Text(f"  · {label}: {fact.value}{how}", _GREY))
    return lines


def _step(number: int, step: RenderedStep, shown: Rendered, lang: Lang) -> list[RenderableType]:
    mark = lang.pick("  ← 核实身份之前不谈事由", "  <- say nothing of the matter before this") if step.identity else ""
    lines: list[RenderableType] = [
        Text.assemble((f"\n{number}. {step.title}", "bold cyan"), (mark, "yellow")),
        Padding(Text(step.say), (0, 0, 0, 3), expand=False),
    ]
    for option in step.options:
        lines.append(Padding(Text(f"◆ {option}", "green"), (0, 0, 0, 3), expand=False))
    for ask, fact in step.questions:
        lines.append(
            Padding(Text.assemble(f"? {ask}", (f"  → {fact}" if fact else "", _GREY)), (0, 0, 0, 3), expand=False)
        )
    if step.tip:
        lines.append(
            Padding(
                Text(f"{lang.pick('注意：', 'Mind: ')}{step.tip}", "italic bright_black"), (0, 0, 0, 3), expand=False
            )
        )
    return lines


def _answers(shown: Rendered, lang: Lang) -> Table:
    table = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    table.add_column(lang.pick("对方说", "heard"), overflow="fold", ratio=2)
    table.add_column(lang.pick("可以这样答", "answer"), overflow="fold", ratio=5)
    for one in shown.answers:
        early = lang.pick("（核实前可用）", " (before the identity check too)") if one.early else ""
        table.add_row(Text(one.heard), Text.assemble(one.answer, (early, _GREY)))
    return table


# --- what was found ------------------------------------------------------------------------------------


def findings_table(seen: Survey, lang: Lang) -> RenderableType:
    """Everything that must be mended."""
    table = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    for zh, en in (("位置", "place"), ("规则", "rule"), ("问题", "what is wrong")):
        table.add_column(lang.pick(zh, en), overflow="fold")
    for problem in seen.problems:
        place = f"{problem.path}:{problem.line}" if problem.line else str(problem.path)
        table.add_row(Text(place, "cyan"), "–", Text(f"{problem.key}: {problem.text}" if problem.key else problem.text))
    for one in seen.findings:
        cited = Text(f"  [{one.source}]" if one.source else "", _GREY)
        said = Text.assemble(Text(f"{one.key}: {lang.pick(one.zh, one.en)}", "red"), cited)
        table.add_row(Text(str(one.place), "cyan"), one.rule, said)
    return table


def findings_json(seen: Survey) -> JsonValue:
    """The same for programs."""
    problems = [(one, "settings", "") for one in seen.problems]
    problems += [(as_problem(one), one.rule, one.entry) for one in seen.findings]
    return {
        "sound": seen.playbook is not None,
        "scripts": [one.name for one in seen.scripts],
        "findings": [
            {"file": str(one.path), "line": one.line, "key": one.key, "rule": rule, "entry": entry, "text": one.text}
            for one, rule, entry in problems
        ],
    }


# --- what there is -------------------------------------------------------------------------------------


def scripts_text(playbook: Playbook, lang: Lang) -> RenderableType:
    """Scripts, strategies, experiments."""
    table = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    for zh, en in (("话术", "script"), ("版本", "version"), ("标题", "title"), ("档位", "tier"), ("对象", "for"),
                   ("摘要", "digest")):  # fmt: skip
        table.add_column(lang.pick(zh, en))
    for one in sorted(playbook.scripts.values(), key=lambda each: each.name):
        table.add_row(one.name, str(one.version), Text(_titled(one, lang)), lang.pick(*TIERS[one.tier]),
                      lang.pick(*PARTIES[one.party]), Text(one.digest, _GREY))  # fmt: skip
    rules = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    for zh, en in (("", ""), ("策略", "strategy"), ("话术", "script"), ("条件", "when")):
        rules.add_column(lang.pick(zh, en), overflow="fold")
    for number, rule in enumerate(playbook.strategies, start=1):
        rules.add_row(str(number), Text(rule.name), rule.script, Text(rule.when, _GREY))
    return Group(table, Text(), rules, *_experiments(playbook, lang))


def _titled(one: Script, lang: Lang) -> str:
    return lang.pick(one.title.zh.text, one.title.en.text)


def _experiments(playbook: Playbook, lang: Lang) -> list[Text]:
    return [
        Text(
            f"\n{lang.pick('试验', 'experiment')} {one.name} {one.begins_on}–{one.ends_on}: "
            + ", ".join(f"{arm.name} {arm.share / 100:g}%" for arm in one.arms)
        )
        for one in playbook.experiments
    ]


def scripts_json(playbook: Playbook) -> JsonValue:
    """The same for programs."""
    return {
        "version": playbook.version,
        "scripts": [
            {
                "script": one.name,
                "version": one.version,
                "digest": one.digest,
                "tier": one.tier.value,
                "party": one.party.value,
                "kind": one.kind.value,
                "title": {"zh": one.title.zh.text, "en": one.title.en.text},
                "file": one.place.path,
            }
            for one in playbook.scripts.values()
        ],
        "strategies": [
            {"name": one.name, "when": one.when, "script": one.script, "rule": str(one.place)}
            for one in playbook.strategies
        ],
        "experiments": [
            {
                "name": one.name,
                "begins_on": one.begins_on.isoformat(),
                "ends_on": one.ends_on.isoformat(),
                "arms": {arm.name: arm.share for arm in one.arms},
            }
            for one in playbook.experiments
        ],
    }


# --- one for somebody ----------------------------------------------------------------------------------


def shown_json(shown: Rendered, account_no: str) -> dict[str, JsonValue]:
    """A script for one person, for programs."""
    return {
        "account": account_no or None,
        "script": shown.script,
        "version": shown.version,
        "digest": shown.digest,
        "tier": shown.tier,
        "party": shown.party.value,
        "language": shown.language.value,
        "title": shown.title,
        "reason": shown.reason,
        "strategy": shown.strategy,
        "rule": shown.rule,
        "facts": [{"fact": one.name, "value": one.value, "how": one.how} for one in shown.facts],
        "experiment": shown.experiment or None,
        "arm": shown.arm or None,
        "instead_of": shown.instead_of or None,
        "steps": [
            {
                "id": step.id,
                "title": step.title,
                "say": step.say,
                "identity": step.identity,
                "tip": step.tip or None,
                "questions": [{"ask": ask, "fact": fact or None} for ask, fact in step.questions],
                "options": list(step.options),
            }
            for step in shown.steps
        ],
        "answers": [{"heard": one.heard, "answer": one.answer, "early": one.early} for one in shown.answers],
    }


def tried_text(known: Known, choice: Choice, shown: Rendered, lang: Lang) -> RenderableType:
    """Which strategies were asked, and what came of it."""
    lines: list[RenderableType] = []
    for one in known.derived:
        label, value = lang.pick(*LABELS[one.field]), lang.pick(*LABELS[one.value]) if one.value else "–"
        how = lang.pick("告知", "told") if one.told else "" if one.why is None else _why(one.why, lang)
        lines.append(Text.assemble(f"{label}: ", (value, "bold"), (f"  {how} {one.rule}".rstrip(), _GREY)))
    for number, tried in enumerate(choice.tried, start=1):
        mark, style = ("✓", "green") if tried.held and tried.fits else ("·", _GREY)
        skipped = lang.pick("（话术不适用于此人）", " (its script is for somebody else)") if not tried.fits else ""
        lines.append(Text(f"{mark} {number}. {tried.strategy.name}: {tried.strategy.when}{skipped}", style))
    return Group(*lines, _title(shown, "", lang), *_reason(shown, lang)[:2])


def _why(said: object, lang: Lang) -> str:
    return str(getattr(said, lang.value).text)


def tried_json(known: Known, choice: Choice) -> dict[str, JsonValue]:
    """The same for programs."""
    return {
        "derived": [
            {"fact": one.field, "value": one.value, "told": one.told, "rule": one.rule or None} for one in known.derived
        ],
        "tried": [{"strategy": one.strategy.name, "held": one.held, "fits": one.fits} for one in choice.tried],
    }
