"""A script as a page: to read while talking, or to print."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from dialer.cli.lang import Lang
from dialer.cli.page import heading, page, table
from dialer.cli.script_text import PARTIES, TIERS
from dialer.scripts.person import LABELS
from dialer.scripts.rendering import Rendered, RenderedStep

_STYLE: Final = """
.why { border-left: 4px solid var(--blue); background: #f3f7fe; padding: 8px 14px; margin: 14px 0; }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 10px; padding: 0 10px; margin-left: 8px;
  font-size: 12.5px; color: var(--muted); } .tag.firm { color: var(--red); } .tag.hardship { color: var(--green); }
ol.steps { list-style: none; padding: 0; margin: 0; counter-reset: step; }
ol.steps li { counter-increment: step; position: relative; padding: 6px 0 12px 42px; }
ol.steps li::before { content: counter(step); position: absolute; left: 0; top: 8px; width: 26px; height: 26px;
  border-radius: 50%; background: var(--blue); color: #fff; text-align: center; line-height: 26px; font-size: 13px; }
ol.steps li.identity { background: #fff8e8; border-radius: 6px; padding-right: 12px; }
ol.steps li.identity::before { background: var(--amber); left: 8px; } ol.steps li.identity { padding-left: 50px; }
.step { font-weight: 600; } .say { font-size: 17px; margin: 2px 0 4px; }
.ask { color: var(--blue); } .ask::before { content: "? "; font-weight: 700; }
.tip { color: var(--muted); font-size: 13px; } .option { border: 1px solid var(--green); border-radius: 6px;
  padding: 6px 12px; margin: 4px 0; color: var(--green); } .gate { color: var(--amber); font-size: 13px; }
ol.steps li.identity { margin: 0 0 10px; }
td { vertical-align: top; } .heard th { text-align: left; } .heard td:first-child { width: 28%; color: var(--muted); }
"""


def render_html(shown: Rendered, account_no: str, lang: Lang) -> str:
    """The page.

    Args:
        shown: the script for one person.
        account_no: as it may be shown.
        lang: of the labels.
    """
    return page(
        f"{shown.title} · {account_no}", f"<style>{_STYLE}</style>{''.join(_body(shown, account_no, lang))}", lang
    )


def _body(shown: Rendered, account_no: str, lang: Lang) -> Iterator[str]:
    tier = f'<span class="tag {escape(shown.tier)}">{escape(lang.pick(*TIERS[shown.tier]))}</span>'
    party = f'<span class="tag">{escape(lang.pick(*PARTIES[shown.party]))}</span>'
    yield f"<h1>{escape(shown.title)}{tier}{party}</h1>"
    arm = f" · {shown.experiment}: {shown.arm}" if shown.experiment else ""
    yield f'<div class="muted">{escape(f"{account_no} · {shown.script} v{shown.version} · {shown.digest}{arm}")}</div>'
    yield f'<div class="why"><b>{escape(lang.pick("为什么用这一份", "Why this one"))}</b><br>{escape(shown.reason)}'
    facts = "; ".join(
        f"{lang.pick(*LABELS[one.name]) if one.name in LABELS else one.name} = {one.value}"
        + (f" ({one.how})" if one.how else "")
        for one in shown.facts
    )
    yield f'<div class="tip">{escape(shown.strategy)}{escape(" · " + facts if facts else "")}</div></div>'
    yield '<ol class="steps">' + "".join(_step(step, lang) for step in shown.steps) + "</ol>"
    if shown.answers:
        rows = [(one.heard, one.answer + _early(lang, early=one.early)) for one in shown.answers]
        yield heading(lang.pick("应答", "Answers"))
        yield '<div class="words heard">' + table(
            (lang.pick("对方说", "Heard"), lang.pick("可以这样答", "Answer")), rows
        )
        yield "</div>"


def _early(lang: Lang, *, early: bool) -> str:
    return lang.pick("（核实身份前可用）", " (before the identity check too)") if early else ""


def _step(step: RenderedStep, lang: Lang) -> str:
    gate = lang.pick("核实之前不谈事由", "say nothing of the matter before this is done")
    parts = [f'<div class="step">{escape(step.title)}</div>', f'<div class="say">{escape(step.say)}</div>']
    parts += [f'<div class="option">{escape(option)}</div>' for option in step.options]
    parts += [f'<div class="ask">{escape(ask)}</div>' for ask, _ in step.questions]
    parts += [f'<div class="tip">{escape(step.tip)}</div>'] if step.tip else []
    parts += [f'<div class="gate">{escape(gate)}</div>'] if step.identity else []
    return f'<li class="{"identity" if step.identity else ""}">{"".join(parts)}</li>'
