"""A scorecard as a page: how well it separates, whether its chances come true, what has drifted, every point of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from html import escape
from typing import Final

from dialer.cli.lang import Lang
from dialer.cli.page import figure, heading, page, table
from dialer.cli.risk_report import Report, excluded_text, no_test_text, title, waiting_text
from dialer.cli.risk_text import day_text
from dialer.cli.risk_words import VERDICTS, bin_word, feature_word
from dialer.cli.simulate_svg import Dot, Line, key_html, lines_svg
from dialer.risk.evaluating import Drift, Evaluation
from dialer.risk.measures import Interval
from dialer.risk.scorecard import Card

_SHARES: Final = tuple(number / 10 for number in range(0, 11, 2))
_CLASSES: Final = {"steady": "good", "watch": "", "alarm": "off"}
_COLOURS: Final = {"steady": "--green", "watch": "--amber", "alarm": "--red"}
_BAR: Final = 900
_MOST_DRIFTED: Final = 6


def render_html(told: Report, lang: Lang, zone: tzinfo) -> str:
    """The page of a report; nothing is fetched, and it names nobody."""
    head = lang.pick("风险评分卡", "Risk scorecard")
    return page(f"{head} · {told.model.name}", "".join(_body(told, lang, zone)), lang)


def _body(told: Report, lang: Lang, zone: tzinfo) -> Iterator[str]:
    pick = lang.pick
    at = f"{told.at.astimezone(zone):%Y-%m-%d %H:%M}"
    yield f"<h1>{escape(pick('风险评分卡', 'Risk scorecard'))} {escape(told.model.name)}</h1>"
    yield f'<div class="muted">{escape(title(told, lang, zone))} · {escape(at)}</div>'
    yield f'<div class="figures">{"".join(_tiles(told, lang))}</div>'
    yield f'<p class="note">{escape(excluded_text(told, lang))}</p>'
    if told.test is None:
        yield f'<p class="note">{escape(no_test_text(lang))}</p>'
    else:
        yield from _test(told.test, lang, zone)
    yield heading(pick("等级", "Grades")) + _grades(told, lang)
    if told.drift:
        yield from _drifted(told, lang)
    yield heading(pick("评分卡的每一分", "Every point of the card")) + _card(told.model.card, lang)
    yield f'<div class="key">{escape(waiting_text(told, lang))} SHA-256 {escape(told.model.sha256)}</div>'


def _tiles(told: Report, lang: Lang) -> Iterator[str]:
    pick, test = lang.pick, told.test
    if test is not None:
        yield figure("AUC", f"{test.separation.auc.value:.3f}", _range(test.separation.auc), "")
        yield figure("KS", f"{test.separation.ks.value:.3f}", _range(test.separation.ks), "")
        if test.brier is not None:
            note = pick(f"均值 {test.brier_of_mean:.4f}", f"of the mean {test.brier_of_mean:.4f}")
            yield figure("Brier", f"{test.brier:.4f}", note, "good" if test.brier < test.brier_of_mean else "bad")
        yield figure(
            pick("检验", "tested"), f"{test.rows:,}", pick(f"未还 {test.bad:,}", f"{test.bad:,} did not pay"), ""
        )
    alarms = sum(one.verdict == "alarm" for one in told.drift)
    if told.drift:
        yield figure(
            pick("漂移告警", "drift alarms"),
            str(alarms),
            f"PSI ≥ {told.settings.drift.alarm:g}",
            "bad" if alarms else "good",
        )
    escalated = pick(f"已升级 {told.waiting.escalated}", f"{told.waiting.escalated} escalated")
    yield figure(
        pick("待确认预警", "alerts waiting"), str(told.waiting.open), escalated, "bad" if told.waiting.escalated else ""
    )


def _range(one: Interval) -> str:
    return f"{one.low:.3f} – {one.high:.3f}"


def _test(test: Evaluation, lang: Lang, zone: tzinfo) -> Iterator[str]:
    pick = lang.pick
    first, last = day_text(test.first_s, zone), day_text(test.last_s, zone)
    yield heading(pick("区分能力：ROC", "Separation: ROC"))
    yield _roc(test, lang)
    yield heading(pick("区分能力：KS", "Separation: KS"))
    yield _ks(test, lang)
    said = pick(
        f"检验用 {first} 至 {last} 的 {test.rows:,} 行（{test.debtors:,} 人），均在学习之后。"
        "区间为按债务人自助抽样的 95 %。",
        f"Tested on {test.rows:,} rows of {test.debtors:,} debtors, days {first} to {last}, all after what it learned "
        "from. Intervals: bootstrap over debtors, 95 %.",
    )
    yield f'<div class="key">{escape(said)}</div>'
    if test.calibration:
        yield heading(pick("校准：预测与实际", "Calibration: predicted against observed"))
        yield _reliability(test, lang)
        rows = (
            (f"{one.rows:,}", f"{one.predicted:.1%}", f"{one.observed:.1%}", f"{one.low:.1%} – {one.high:.1%}")
            for one in test.calibration
        )
        yield table((pick("行", "rows"), pick("预测", "predicted"), pick("实际", "observed"), "95 % (Wilson)"), rows)


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _diagonal(lang: Lang) -> Line:
    return Line(name=lang.pick("随机／完全准确", "chance / exact"), dots=(Dot(x=0.0, y=0.0), Dot(x=1.0, y=1.0)))


def _roc(test: Evaluation, lang: Lang) -> str:
    """From the worst scores on: of the good, and of the bad, how many are caught."""
    dots = tuple(Dot(x=good, y=bad) for good, bad in zip(test.curve.goods, test.curve.bads, strict=True))
    lines = [Line(name="ROC", dots=dots), Line(name=lang.pick("随机", "chance"), dots=_diagonal(lang).dots)]
    drawn = lines_svg(
        lines,
        x_text=_percent,
        y_text=_percent,
        x_label=lang.pick("按时还款者中被误判", "of those who paid, taken for bad"),
        top=1.0,
        ticks=_SHARES,
        dotted=False,
    )
    return drawn + key_html(lines)


def _ks(test: Evaluation, lang: Lang) -> str:
    curve, pick = test.curve, lang.pick
    scores = curve.scores
    lines = [
        Line(
            name=pick("未还者累计", "of those who did not pay"),
            dots=tuple(Dot(x=score, y=share) for score, share in zip(scores, curve.bads, strict=True)),
        ),
        Line(
            name=pick("还款者累计", "of those who paid"),
            dots=tuple(Dot(x=score, y=share) for score, share in zip(scores, curve.goods, strict=True)),
        ),
    ]
    low, high = min(scores), max(scores)
    ticks = [low + (high - low) * step / 6 for step in range(7)]
    drawn = lines_svg(
        lines, x_text=lambda value: f"{value:.0f}", y_text=_percent, x_label=pick("评分", "score"), top=1.0,
        ticks=ticks, dotted=False,
    )  # fmt: skip
    return drawn + key_html(lines)


def _reliability(test: Evaluation, lang: Lang) -> str:
    dots = tuple(Dot(x=one.predicted, y=one.observed, low=one.low, high=one.high) for one in test.calibration)
    lines = [
        Line(name=lang.pick("实际（95 %）", "observed (95 %)"), dots=dots),
        Line(name=lang.pick("完全准确", "exact"), dots=_diagonal(lang).dots),
    ]
    drawn = lines_svg(
        lines,
        x_text=_percent,
        y_text=_percent,
        x_label=lang.pick("预测的不还概率", "predicted chance of not paying"),
        top=1.0,
        ticks=_SHARES,
    )
    return drawn + key_html(lines)


def _grades(told: Report, lang: Lang) -> str:
    pick = lang.pick
    scored = dict(told.scored)
    rows = [
        (grade or "–", f"{count:,}", f"{due / 100:,.2f}", f"{scored.pop(grade, 0):,}")
        for grade, count, due in told.grades
    ]
    rows += [(grade, "0", "0.00", f"{count:,}") for grade, count in scored.items() if count]
    return table(
        (
            pick("等级", "grade"),
            pick("未结账户", "accounts not closed"),
            pick("应还", "due"),
            pick("此卡现评", "by this card now"),
        ),
        rows,
    )


def _drifted(told: Report, lang: Lang) -> Iterator[str]:
    pick = lang.pick
    ranked = sorted(told.drift, key=lambda one: -one.psi)
    yield heading(pick("漂移：与学习时相比（PSI）", "Drift: against what it learned from (PSI)"))
    rows = [(feature_word(one.name, lang), pick(*VERDICTS[one.verdict]), f"{one.psi:.3f}") for one in ranked]
    yield table(
        (pick("特征", "feature"), pick("判断", "verdict"), "PSI"), rows, [_CLASSES[one.verdict] for one in ranked]
    )
    for one in [each for each in ranked if each.name in told.model.card.names][:_MOST_DRIFTED]:
        labels = next(
            [bin_word(each.name, each.bins.label(index), lang) for index in range(each.bins.count)]
            for each in told.model.card.features
            if each.name == one.name
        )
        yield f'<div class="key"><b>{escape(feature_word(one.name, lang))}</b> PSI {one.psi:.3f}</div>'
        yield _pairs(one, labels, lang)


def _pairs(one: Drift, labels: list[str], lang: Lang) -> str:
    """Of each bin the share then (pale) and now."""
    row, label, room = 24, 170, 560
    top = max(*one.before, *one.now, 1e-9)
    shown = [index for index in range(len(labels)) if one.before[index] or one.now[index]]
    parts = []
    for line, index in enumerate(shown):
        y = line * row
        then, now = (max(1.0, room * share / top) for share in (one.before[index], one.now[index]))
        tip = f"{one.before[index]:.1%} → {one.now[index]:.1%}"
        parts.append(
            f'<text class="label" x="{label - 8}" y="{y + 15}" text-anchor="end">{escape(labels[index])}</text>'
            f'<rect fill="var(--pale)" x="{label}" y="{y + 2}" width="{then:.1f}" height="8" rx="2"/>'
            f'<rect fill="var({_COLOURS[one.verdict]})" x="{label}" y="{y + 11}" width="{now:.1f}" height="8" rx="2"/>'
            f'<text class="muted" x="{label + max(then, now) + 8:.1f}" y="{y + 15}">{escape(tip)}</text>'
        )
    said = lang.pick("上：学习时；下：现在", "above: when it learned; below: now")
    return (
        f'<svg viewBox="0 0 {_BAR} {len(shown) * row + 4}" role="img">{"".join(parts)}</svg>'
        f'<div class="key">{escape(said)}</div>'
    )


def _card(card: Card, lang: Lang) -> str:
    pick = lang.pick
    rows = []
    for one in card.features:
        best = min(one.weights)
        for index in range(one.bins.count):
            if one.shares and not one.shares[index]:
                continue
            rows.append(
                (
                    feature_word(one.name, lang),
                    bin_word(one.name, one.bins.label(index), lang),
                    f"{card.factor * (one.weights[index] - best):.0f}",
                    f"{one.shares[index]:.1%}" if one.shares else "",
                    f"{one.bad_shares[index]:.1%}" if one.bad_shares else (one.sources[index] if one.sources else ""),
                )
            )
    last = pick("未还／来源", "did not pay / source")
    heads = (pick("特征", "feature"), pick("取值", "value"), pick("扣分", "costs"), pick("占比", "share"), last)
    return f'<div class="wide">{table(heads, rows)}</div>'
