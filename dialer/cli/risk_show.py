"""One account's score explained: every feature, what it cost, what alerts add, and how it went before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.text import Text

from dialer.cli.charts import bar
from dialer.cli.lang import Lang
from dialer.cli.risk_text import account_word, heading, table
from dialer.cli.risk_words import bin_word, feature_word, reason_text, sign_text
from dialer.masking import mask_name
from dialer.risk.features import FEATURES, Column, Kind
from dialer.risk.scorecard import CardKind, Reason, chances, reasons
from dialer.risk.settings import RiskSettings
from dialer.store import alerts, modelling
from dialer.store.grading import Earlier, earlier_scores, known_accounts, score_accounts
from dialer.store.sqlite import SqliteStore

_GREY: Final = "bright_black"
_HISTORY: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One feature of one account."""

    feature: str
    value: float | str | None
    """None: unknown."""
    label: str
    points: int
    """What it costs against the best bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that is said of one account."""

    account_no: str
    client: str
    debtor_name: str
    risk: str
    """As it stands in the store now."""
    model: str
    owes: bool
    """False: it is paid off, and not graded."""
    score: int
    grade: str
    chance: float | None
    reasons: tuple[Reason, ...]
    lines: tuple[Line, ...]
    excluded: tuple[str, ...]
    alerts: tuple[alerts.Alert, ...]
    earlier: tuple[Earlier, ...]


def explained(
    store: SqliteStore, settings: RiskSettings, account_no: str, debtor_id: int, *, by: str, at: datetime
) -> tuple[Shown, ...]:
    """The accounts of this number, scored as of now; nothing is kept but the card of rules."""
    with store.writing() as connection:
        model = modelling.champion(connection, settings.rules, by=by, at=at)
    with store.reading() as database:
        told = score_accounts(database.conn, model, at, debtor_id=debtor_id)
        places = {int(account_id): place for place, account_id in enumerate(told.accounts.account_ids)}
        in_force = tuple(
            one
            for one in alerts.alerts(database.conn, debtor_id=debtor_id, open_only=False)
            if one.over_at is None and one.lasts_until > at
        )
        found = []
        for one in known_accounts(database.conn, account_no):
            place = places[one.account_id]
            found.append(
                Shown(
                    account_no=one.account_no,
                    client=one.client,
                    debtor_name=one.debtor_name,
                    risk=one.risk,
                    model=model.name,
                    owes=bool(told.owes[place]),
                    score=int(told.scored.scores[place]),
                    grade=str(told.scored.grades[place]),
                    chance=float(chances(model.card, told.scored)[place]) if model.kind is CardKind.TRAINED else None,
                    reasons=reasons(model.card, told.scored, place),
                    lines=tuple(
                        Line(
                            feature=each.name,
                            value=_value(each.name, told.columns[each.name], place),
                            label=each.bins.label(int(told.scored.bins[index][place])),
                            points=round(float(told.scored.costs[place, index])),
                        )
                        for index, each in enumerate(model.card.features)
                    ),
                    excluded=tuple(sorted(settings.excluded)),
                    alerts=in_force,
                    earlier=earlier_scores(database.conn, one.account_id, most=_HISTORY),
                )
            )
    return tuple(found)


def _value(name: str, column: Column, place: int) -> float | str | None:
    value = column[place]
    if FEATURES[name].kind is Kind.CATEGORY:
        return str(value) or None
    return None if value != value else float(value)


# --- for people ----------------------------------------------------------------------------------------


def shown_text(one: Shown, lang: Lang, zone: tzinfo, *, unmasked: bool) -> RenderableType:
    """One account."""
    return Group(*_parts(one, lang, zone, unmasked=unmasked))


def _parts(one: Shown, lang: Lang, zone: tzinfo, *, unmasked: bool) -> Iterator[RenderableType]:
    pick = lang.pick
    name = one.debtor_name if unmasked else mask_name(one.debtor_name)
    yield Text.assemble(
        (account_word(one.account_no, unmasked=unmasked), "bold"),
        (" · " + " · ".join(filter(None, (name, one.client))), _GREY),
    )
    chance = (
        "" if one.chance is None else pick(f"，不还的可能 {one.chance:.1%}", f", chance of not paying {one.chance:.1%}")
    )
    yield Text(
        pick(
            f"评分 {one.score}，等级 {one.grade}{chance}（{one.model}）",
            f"Score {one.score}, grade {one.grade}{chance} ({one.model})",
        ),
        "bold",
    )
    yield _standing(one, lang)
    yield heading(pick("主要原因", "main reasons"))
    for reason in one.reasons:
        yield Text(f"  -{reason.points:<4} {reason_text(reason, lang)}", "yellow")
    if not one.reasons:
        yield Text(pick("  没有扣分项", "  nothing costs anything"), "green")
    yield heading(pick("全部特征", "every feature"))
    yield _lines(one, lang)
    words = pick("、", ", ").join(feature_word(each, lang) for each in one.excluded)
    yield Text(pick(f"不使用：{words or '无'}、年龄", f"Not looked at: {words or 'nothing'}, age"), _GREY)
    if one.alerts:
        yield heading(pick("生效中的预警", "alerts in force"))
        for alert in one.alerts:
            until = f"{alert.lasts_until.astimezone(zone):%m-%d}"
            yield Text(
                f"  +{alert.steps} {sign_text(alert.facts, lang)} "
                + pick(
                    f"（{alert.rule}，至 {until}，预警 {alert.alert_id}）",
                    f"({alert.rule}, until {until}, alert {alert.alert_id})",
                ),
                "red",
            )
    if one.earlier:
        yield heading(pick("此前", "before"))
        yield _earlier(one, lang, zone)


def _standing(one: Shown, lang: Lang) -> Text:
    if not one.owes:
        return Text(lang.pick("已结清：不评级。", "It is paid off, and not graded."), "green")
    if one.risk == one.grade:
        return Text(lang.pick("与账户现有等级一致。", "The account has this grade."), _GREY)
    if one.alerts:
        return Text(
            lang.pick(
                f"账户等级 {one.risk}：预警使其更差。", f"The account is graded {one.risk}: alerts make it worse."
            ),
            "red",
        )
    return Text(
        lang.pick(
            f"账户现为 {one.risk or '（无）'}；dialer risk score 会更新它。",
            f"The account is graded {one.risk or '(nothing)'}; `dialer risk score` brings it up to date.",
        ),
        "yellow",
    )


def _lines(one: Shown, lang: Lang) -> RenderableType:
    pick = lang.pick
    made = table(pick("特征", "feature"), pick("数值", "value"), pick("区间", "bin"), pick("扣分", "costs"), "")
    most = max((line.points for line in one.lines), default=0) or 1
    for line in one.lines:
        made.add_row(
            feature_word(line.feature, lang),
            value_text(line.feature, line.value),
            bin_word(line.feature, line.label, lang),
            str(line.points),
            Text(bar(line.points / most, 16), "yellow"),
        )
    return made


def value_text(name: str, value: float | str | None) -> str:
    """A feature's value in its unit."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:.0%}" if FEATURES[name].unit == "%" else f"{value:g}"


def _earlier(one: Shown, lang: Lang, zone: tzinfo) -> RenderableType:
    pick = lang.pick
    made = table(
        pick("时间", "at"), pick("来源", "by"), pick("评分", "score"), pick("等级", "grade"), pick("原因", "reasons")
    )
    for each in one.earlier:
        why = pick("；", "; ").join(reason_text(reason, lang) for reason in each.reasons)
        made.add_row(
            f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}", each.model, f"{each.score:g}", each.grade, Text(why, _GREY)
        )
    return made


# --- for programs --------------------------------------------------------------------------------------


def shown_json(one: Shown, *, unmasked: bool) -> JsonValue:
    """One account."""
    return {
        "account": account_word(one.account_no, unmasked=unmasked),
        "client": one.client or None,
        "debtor": one.debtor_name if unmasked else mask_name(one.debtor_name),
        "risk": one.risk or None,
        "model": one.model,
        "score": one.score,
        "grade": one.grade,
        "paid_off": not one.owes,
        "chance": one.chance,
        "reasons": [_reason_json(each) for each in one.reasons],
        "features": [
            {"feature": line.feature, "value": line.value, "bin": line.label, "points": -line.points}
            for line in one.lines
        ],
        "excluded": list(one.excluded),
        "alerts": [{"alert": each.alert_id, "rule": each.rule, "steps": each.steps} for each in one.alerts],
        "before": [
            {"at": each.at.isoformat(), "model": each.model, "score": each.score, "grade": each.grade or None}
            for each in one.earlier
        ],
    }


def _reason_json(one: Reason) -> JsonValue:
    return {
        "feature": one.feature,
        "bin": one.label,
        "points": -one.points,
        "zh": reason_text(one, Lang.ZH),
        "en": reason_text(one, Lang.EN),
    }
