"""How a scorecard does: its test, drift since it learned, grades today, and alerts that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import bar
from dialer.cli.lang import Lang
from dialer.cli.risk_text import evaluation_lines, heading, table
from dialer.cli.risk_words import KINDS, VERDICTS, feature_word
from dialer.risk.evaluating import Drift, Evaluation, drift, evaluation_json, read_evaluation
from dialer.risk.settings import RiskSettings
from dialer.store import alerts, modelling
from dialer.store.grading import grades_now, score_accounts
from dialer.store.sqlite import SqliteStore

_GREY: Final = "bright_black"
STYLES: Final = {"steady": "green", "watch": "yellow", "alarm": "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything of one card."""

    at: datetime
    model: modelling.Model
    champion: str
    test: Evaluation | None
    """None: it was not trained."""
    drift: tuple[Drift, ...]
    grades: tuple[tuple[str, int, int], ...]
    """As the accounts stand: grade, accounts, cents due."""
    scored: tuple[tuple[str, int], ...]
    """As the card would grade them now."""
    waiting: alerts.Waiting
    excluded: tuple[str, ...]
    settings: RiskSettings


def read_report(store: SqliteStore, settings: RiskSettings, name: str, *, by: str, at: datetime) -> Report:
    """The report of a card, of the champion without a name; scores everybody as of now and keeps nothing."""
    with store.writing() as connection:
        champion = modelling.champion(connection, settings.rules, by=by, at=at)
        model = modelling.model(connection, name) if name else champion
    with store.reading() as database:
        told = score_accounts(database.conn, model, at)
        grades = grades_now(database.conn)
        waiting = alerts.waiting(database.conn)
    found = [str(grade) for grade in told.scored.grades[told.owes]]
    columns = {column: values[told.owes] for column, values in told.columns.items()}
    test = model.record.get("test")
    return Report(
        at=at,
        model=model,
        champion=champion.name,
        test=None if test is None else read_evaluation(test),
        drift=drift(model.card, columns, settings.drift) if found else (),
        grades=grades,
        scored=tuple((grade, found.count(grade)) for grade in "ABCDE"),
        waiting=waiting,
        excluded=tuple(model.record.get("excluded", sorted(settings.excluded))),
        settings=settings,
    )


def report_text(told: Report, lang: Lang, zone: tzinfo) -> RenderableType:
    """For a terminal."""
    return Group(*_parts(told, lang, zone))


def title(told: Report, lang: Lang, zone: tzinfo) -> str:
    """The card, in a line."""
    kind = lang.pick(*KINDS[told.model.kind.value])
    made = f"{told.model.made_at.astimezone(zone):%Y-%m-%d}"
    grades = lang.pick("现用于评级", "it grades now") if told.model.name == told.champion else told.model.role
    return " · ".join(filter(None, (told.model.name, kind, made, told.model.made_by, grades)))


def no_test_text(lang: Lang) -> str:
    """Of a card of rules."""
    return lang.pick(
        "规则评分卡没有经过历史检验；有历史后请运行 dialer risk train，再用 dialer risk compare 比较。",
        "A card of rules was not held against history. With history: `dialer risk train`, then `dialer risk compare`.",
    )


def excluded_text(told: Report, lang: Lang) -> str:
    """What no card looked at."""
    words = lang.pick("、", ", ").join(feature_word(one, lang) for one in told.excluded)
    return lang.pick(
        f"未使用的个人属性：{words or '无'}；从不使用年龄。", f"Not looked at: {words or 'nothing'}; never age."
    )


def _parts(told: Report, lang: Lang, zone: tzinfo) -> Iterator[RenderableType]:
    pick = lang.pick
    yield Text(title(told, lang, zone), "bold")
    if told.test is None:
        yield Text(no_test_text(lang), "yellow")
    else:
        yield from evaluation_lines(told.test, lang, zone)
    yield Text(excluded_text(told, lang), _GREY)
    yield heading(pick("等级", "grades"))
    yield _grades(told, lang)
    if told.drift:
        yield heading(pick("漂移（与学习时相比）", "drift, against what it learned from"))
        yield _drift(told, lang)
    yield Text(waiting_text(told, lang), "bold red" if told.waiting.escalated else "bold")


def waiting_text(told: Report, lang: Lang) -> str:
    """Alerts that nobody has acknowledged."""
    one = told.waiting
    return lang.pick(
        f"待确认的预警 {one.open} 条，其中已升级 {one.escalated} 条。",
        f"{one.open} alerts wait for somebody, {one.escalated} of them escalated.",
    )


def _grades(told: Report, lang: Lang) -> Table:
    pick = lang.pick
    made = table(
        pick("等级", "grade"),
        pick("未结账户", "accounts not closed"),
        pick("应还", "due"),
        pick("此卡现评", "by this card now"),
    )
    scored = dict(told.scored)
    for grade, count, due in told.grades:
        made.add_row(
            grade or "–", f"{count:,}", f"{due / 100:,.2f}", f"{scored.pop(grade):,}" if grade in scored else "–"
        )
    for grade, count in scored.items():
        made.add_row(grade, "0", "0.00", f"{count:,}")
    return made


def _drift(told: Report, lang: Lang) -> Table:
    pick = lang.pick
    made = table(pick("特征", "feature"), "PSI", pick("判断", "verdict"), "")
    top = told.settings.drift.alarm * 2
    for one in sorted(told.drift, key=lambda each: -each.psi):
        made.add_row(
            feature_word(one.name, lang),
            f"{one.psi:.3f}",
            Text(pick(*VERDICTS[one.verdict]), STYLES[one.verdict]),
            Text(bar(one.psi / top, 16), STYLES[one.verdict]),
        )
    return made


def report_json(told: Report) -> JsonValue:
    """For programs."""
    return {
        "model": told.model.name,
        "kind": told.model.kind.value,
        "champion": told.champion,
        "sha256": told.model.sha256,
        "excluded": list(told.excluded),
        "test": None if told.test is None else evaluation_json(told.test),
        "drift": [{"feature": one.name, "psi": one.psi, "verdict": one.verdict} for one in told.drift],
        "grades": [{"grade": grade or None, "accounts": count, "due_cents": due} for grade, count, due in told.grades],
        "scored": dict(told.scored),
        "alerts": {"open": told.waiting.open, "escalated": told.waiting.escalated},
    }
