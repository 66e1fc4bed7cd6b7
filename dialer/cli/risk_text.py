"""Scorecards and scorings on a terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.campaigns.wording import spelled
from dialer.cli.charts import bar
from dialer.cli.lang import Lang
from dialer.cli.risk_words import ROLES, SIGNS, VERDICTS, bin_word, feature_word
from dialer.masking import mask_account
from dialer.risk.evaluating import Comparison, Evaluation, evaluation_json
from dialer.risk.features import FEATURES, usable
from dialer.risk.grades import ORDER
from dialer.risk.measures import Interval
from dialer.risk.scorecard import Card
from dialer.risk.settings import RiskSettings
from dialer.risk.training import Trained
from dialer.store.grading import Scoring
from dialer.store.modelling import Model

_GREY: Final = "bright_black"
_HASH: Final = 8


def table(*heads: str, fixed: bool = False) -> Table:
    """A plain table; `fixed`: the first column is names that must not be broken."""
    made = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    for number, head in enumerate(heads):
        made.add_column(head, overflow="fold", no_wrap=number == 0 and fixed)
    return made


def heading(text: str) -> Text:
    """Of a part."""
    return Text("\n" + text, style="bold cyan")


def interval_text(one: Interval, digits: int = 3) -> str:
    """A value with its 95 % interval."""
    return f"{one.value:.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"


def day_text(at_s: float, zone: tzinfo) -> str:
    """A day of observation."""
    return f"{datetime.fromtimestamp(at_s, tz=zone):%Y-%m-%d}"


# --- settings ------------------------------------------------------------------------------------------


def settings_text(settings: RiskSettings, lang: Lang) -> RenderableType:
    """What risk.yaml means."""
    pick = lang.pick
    excluded = lang.pick("、", ", ").join(feature_word(name, lang) for name in sorted(settings.excluded))
    used = usable(settings.excluded)
    parts: list[RenderableType] = [
        Text(settings.source, _GREY),
        Text(
            pick(
                f"任何评分卡都不使用：{excluded or '（无排除）'}；从不使用年龄。",
                f"No card looks at: {excluded or '(nothing is excluded)'}; and never at age.",
            ),
            "bold" if excluded else "bold red",
        ),
        heading(pick("可用特征", "features")),
        _features(settings, lang),
        heading(pick("规则评分卡（有历史之前）", "the card of rules, before there is history")),
        card_text(settings.rules, lang),
        heading(pick("预警规则", "early warning")),
        _warnings(settings, lang),
    ]
    parts[2:3] = [heading(pick(f"可用特征 {len(used)} 个", f"{len(used)} features that cards may use"))]
    return Group(*parts)


def _features(settings: RiskSettings, lang: Lang) -> Table:
    used = {one.name for one in usable(settings.excluded)}
    made = table("", lang.pick("特征", "feature"), lang.pick("含义", "what it is"))
    for one in FEATURES.values():
        sign = Text("✓", "green") if one.name in used else Text("✗", "red")
        made.add_row(sign, one.name, lang.pick(one.zh, one.en))
    return made


def card_text(card: Card, lang: Lang) -> Table:
    """Every line of a card."""
    pick = lang.pick
    made = table(
        pick("特征", "feature"),
        pick("取值", "value"),
        pick("扣分", "costs"),
        pick("来源", "source"),
        pick("占比", "share"),
    )
    for one in card.features:
        best = min(one.weights)
        for index in range(one.bins.count):
            made.add_row(
                feature_word(one.name, lang) if index == 0 else "",
                bin_word(one.name, one.bins.label(index), lang),
                f"{card.factor * (one.weights[index] - best):.0f}",
                one.sources[index] if one.sources else "",
                f"{one.shares[index]:.0%}" if one.shares else "",
            )
    return made


def _warnings(settings: RiskSettings, lang: Lang) -> Table:
    pick = lang.pick
    made = table(
        *(pick("规则", "rule"), pick("信号", "sign"), pick("至少", "at least"), pick("窗口", "within")),
        *(pick("加重", "steps"), pick("持续", "lasts"), pick("须确认", "answer"), pick("优先级", "priority")),
    )
    for one in settings.warnings:
        made.add_row(
            one.id,
            one.named or pick(*SIGNS[one.sign]),
            f"{one.at_least:g}",
            spelled(one.within_s),
            f"+{one.steps}",
            spelled(one.lasts_s),
            spelled(one.answer_within_s),
            str(one.priority),
        )
    return made


def settings_json(settings: RiskSettings) -> JsonValue:
    """The same for programs."""
    return {
        "source": settings.source,
        "excluded": [*sorted(settings.excluded)],
        "features": [one.name for one in usable(settings.excluded)],
        "card": list(settings.rules.names),
        "warnings": [
            {
                "id": one.id,
                "sign": one.sign.value,
                "at_least": one.at_least,
                "within_s": one.within_s,
                "steps": one.steps,
                "lasts_s": one.lasts_s,
                "answer_within_s": one.answer_within_s,
                "priority": one.priority,
                "source": one.source,
            }
            for one in settings.warnings
        ],
    }


# --- training ------------------------------------------------------------------------------------------


def trained_text(told: Trained, name: str, lang: Lang, zone: tzinfo) -> RenderableType:
    """What was learned, and how it does on what it has not seen."""
    pick = lang.pick
    first, last = day_text(told.learned_first_s, zone), day_text(told.learned_last_s, zone)
    kept = (
        pick(f"已登记为 {name}（挑战者）。", f"Kept as {name}, a challenger. ")
        if name
        else pick("试运行，未保存。", "A dry run; nothing was kept. ")
    )
    excluded = pick("、", ", ").join(feature_word(one, lang) for one in told.excluded)
    left_out = pick("、", ", ").join(feature_word(one, lang) for one in told.left_out)
    lines = [
        Text(kept, "bold green" if name else "yellow"),
        Text(
            pick(
                f"学习：{first} 至 {last} 的观察日，{told.learned_rows:,} 行，其中未还 {told.learned_bad:,}；"
                f"结果截至 {day_text(told.known_until_s, zone)}。",
                f"Learned from {told.learned_rows:,} rows of days {first} to {last}, {told.learned_bad:,} did not pay; "
                f"outcomes until {day_text(told.known_until_s, zone)}.",
            )
        ),
        *evaluation_lines(told.evaluation, lang, zone),
        Text(pick(f"按设置排除：{excluded or '无'}。", f"Excluded by the settings: {excluded or 'nothing'}."), "bold"),
        Text(pick(f"未入选：{left_out or '无'}。", f"Left out, they say nothing more: {left_out or 'none'}."), _GREY),
    ]
    return Group(
        *lines, heading(pick("评分卡", "the card")), card_text(told.card, lang), *_calibration(told.evaluation, lang)
    )


def evaluation_lines(one: Evaluation, lang: Lang, zone: tzinfo) -> list[Text]:
    """How a card did, in two lines."""
    pick = lang.pick
    first, last = day_text(one.first_s, zone), day_text(one.last_s, zone)
    brier = "–" if one.brier is None else f"{one.brier:.4f}"
    return [
        Text(
            pick(
                f"检验：{first} 至 {last}，{one.rows:,} 行（{one.debtors:,} 人），其中未还 {one.bad:,}，均未参与学习。",
                f"Tested on {one.rows:,} rows of {one.debtors:,} debtors, days {first} to {last}, "
                f"{one.bad:,} did not pay; it has seen none of them.",
            )
        ),
        Text(
            f"AUC {interval_text(one.separation.auc)}   KS {interval_text(one.separation.ks)}   "
            + pick(
                f"Brier {brier}（均值预测 {one.brier_of_mean:.4f}）",
                f"Brier {brier} (of the mean {one.brier_of_mean:.4f})",
            ),
            "bold",
        ),
    ]


def _calibration(one: Evaluation, lang: Lang) -> Iterable[RenderableType]:
    if not one.calibration:
        return
    pick = lang.pick
    yield heading(pick("校准（检验集）", "calibration, on the test"))
    made = table(pick("行", "rows"), pick("预测", "predicted"), pick("实际", "observed"), "95 %", "")
    for row in one.calibration:
        made.add_row(
            f"{row.rows:,}",
            f"{row.predicted:.1%}",
            f"{row.observed:.1%}",
            f"{row.low:.1%} – {row.high:.1%}",
            Text(bar(row.observed, 20), "cyan"),
        )
    yield made


def trained_json(told: Trained, name: str) -> JsonValue:
    """The same for programs."""
    return {
        "model": name or None,
        "features": list(told.card.names),
        "left_out": list(told.left_out),
        "excluded": list(told.excluded),
        "learned": {"rows": told.learned_rows, "bad": told.learned_bad, "known_until_s": told.known_until_s},
        "test": evaluation_json(told.evaluation),
    }


# --- the register --------------------------------------------------------------------------------------


def models_table(found: Sequence[Model], grading: str, lang: Lang, zone: tzinfo) -> RenderableType:
    """Every card."""
    pick = lang.pick
    made = table(
        *(pick("评分卡", "card"), pick("角色", "role"), "AUC", "KS", pick("建立", "made"), ""),
        *(pick("账户", "accounts"), "SHA-256"),
        fixed=True,
    )
    for one in found:
        test, mine = one.record.get("test"), one.name == grading
        made.add_row(
            Text(one.name, "bold" if mine else ""),
            Text(pick(*ROLES["champion" if mine else one.role]), "green" if mine else ""),
            "–" if test is None else _plus_minus(Interval(**test["auc"])),
            "–" if test is None else f"{test['ks']['value']:.3f}",
            f"{one.made_at.astimezone(zone):%Y-%m-%d}",
            one.made_by,
            f"{one.graded:,}",
            one.sha256[:_HASH],
        )
    return made


def _plus_minus(one: Interval) -> str:
    return f"{one.value:.3f} ±{(one.high - one.low) / 2:.3f}"


def model_json(one: Model, *, grades: bool) -> JsonValue:
    """One card."""
    return {
        "model": one.name,
        "kind": one.kind.value,
        "role": "champion" if grades else one.role or None,
        "made_at": one.made_at.isoformat(),
        "made_by": one.made_by,
        "known_until": None if one.known_until is None else one.known_until.isoformat(),
        "sha256": one.sha256,
        "features": list(one.card.names),
        "accounts": one.graded,
        "record": dict(one.record),
    }


def comparison_text(told: Comparison, one: str, other: str, lang: Lang) -> RenderableType:
    """Two cards on the same rows."""
    pick = lang.pick
    made = table(pick("评分卡", "card"), "AUC", "KS", "Brier")
    for name, each in ((one, told.champion), (other, told.challenger)):
        brier = "–" if each.brier is None else f"{each.brier:.4f}"
        made.add_row(name, interval_text(each.separation.auc), interval_text(each.separation.ks), brier)
    style = {"better": "bold green", "worse": "bold red"}.get(told.verdict, "bold yellow")
    rows, people = told.champion.rows, told.champion.debtors
    said = pick(
        f"{other} {VERDICTS[told.verdict][0]}：AUC 差 {interval_text(told.gain)}"
        f"（同样的 {rows:,} 行、{people:,} 人，配对）。",
        f"{other} is {VERDICTS[told.verdict][1]}: AUC differs by {interval_text(told.gain)} "
        f"(the same {rows:,} rows of {people:,} debtors, in pairs).",
    )
    return Group(made, Text("\n" + said, style))


def comparison_json(told: Comparison, one: str, other: str) -> JsonValue:
    """The same for programs."""
    return {
        "champion": one,
        "challenger": other,
        "verdict": told.verdict,
        "gain": {"value": told.gain.value, "low": told.gain.low, "high": told.gain.high},
        "champion_test": evaluation_json(told.champion),
        "challenger_test": evaluation_json(told.challenger),
    }


# --- scoring -------------------------------------------------------------------------------------------


def scoring_text(told: Scoring, card: Model, lang: Lang, *, dry_run: bool, took_s: float) -> RenderableType:
    """How many accounts have which grade now."""
    pick = lang.pick
    counts = Counter(str(grade) for grade in told.scored.grades[told.owes])
    total = max(1, int(told.owes.sum()))
    moved = Counter((one.risk_before, one.risk) for one in told.changed if one.risk_before != one.risk)
    made = table(pick("等级", "grade"), pick("账户", "accounts"), "", "")
    for grade in ORDER:
        share = counts[grade.value] / total
        made.add_row(grade.value, f"{counts[grade.value]:,}", f"{share:.1%}", Text(bar(share, 30), "cyan"))
    head = pick(
        f"{card.name} 评分 {int(told.owes.sum()):,} 个账户（另有 {int((~told.owes).sum()):,} 个已结清），"
        f"用时 {took_s:.1f} 秒；"
        f"{'将有' if dry_run else '有'}变化 {len(told.changed):,} 个，等级变化 {sum(moved.values()):,} 个。",
        f"{card.name} has scored {int(told.owes.sum()):,} accounts in {took_s:.1f} s "
        f"({int((~told.owes).sum()):,} more are paid off); {len(told.changed):,} "
        f"{'would change' if dry_run else 'changed'}, {sum(moved.values()):,} of them their grade.",
    )
    return Group(Text(head, "yellow" if dry_run else "green"), made, *_moves(moved, lang))


def _moves(moved: Counter[tuple[str, str]], lang: Lang) -> Iterable[Text]:
    if moved:
        said = ", ".join(f"{before or '–'} → {after} {count:,}" for (before, after), count in moved.most_common(8))
        yield Text(lang.pick(f"变化最多：{said}", f"Most of them: {said}"), _GREY)


def scoring_json(told: Scoring, card: Model, *, dry_run: bool) -> JsonValue:
    """The grades in all; each account that has changed by its id."""
    counts = Counter(str(grade) for grade in told.scored.grades[told.owes])
    return {
        "model": card.name,
        "dry_run": dry_run,
        "accounts": int(told.owes.sum()),
        "paid_off": int((~told.owes).sum()),
        "grades": {grade.value: counts[grade.value] for grade in ORDER},
        "changed": [
            {
                "account_id": one.account_id,
                "score": int(one.score),
                "grade": one.grade.value,
                "risk": one.risk,
                "risk_before": one.risk_before or None,
                "reasons": [
                    {"feature": each.feature, "bin": each.label, "points": -each.points} for each in one.reasons
                ],
            }
            for one in told.changed
        ],
    }


def account_word(account_no: str, *, unmasked: bool) -> str:
    """An account's number as this reader may see it."""
    return account_no if unmasked else mask_account(account_no)
