"""One debtor's page as sections of words: what a terminal, a browser and JSON show of the store's `AccountPage`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from dialer.cli.account_words import COLUMNS, FACTS, SECTIONS, SOURCES, WORDS
from dialer.cli.lang import Lang, outcome_word
from dialer.cli.loan_words import bucket_word
from dialer.known_facts import IDENTIFYING, Fact, Known, Said
from dialer.masking import mask_about, mask_account, mask_name, mask_number
from dialer.store.account_page import AccountPage, Row

SHOWN: Final = 15
"""Of calls, payments and events the last ones, on a terminal."""
_MONEY: Final = "_cents"
_MOMENTS: Final = frozenset(
    {"at", "until_at", "next_at", "reversed_at", "proposed_at", "as_of", "file_at", "owner_since"}
)
_NUMBER: Final = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?(?: [%s])?")
_NEWEST: Final = frozenset({"payments", "calls", "events", "scores"})
_FREE: Final = frozenset({"note", "remark", "next_reason", "reason", "payload", "owner_reason"})

_ELSEWHERE: Final = {"plans": frozenset({"reason"})}
"""By section, columns that have a page of their own: `dialer plans show` says why a plan was proposed."""

Cell = Callable[[str, object], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of the page."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    earlier: int = 0
    """Rows that are left out, being older."""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each column, whether it holds nothing but numbers."""
        columns = zip(*self.rows, strict=True)
        return tuple(any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells if cell) for cells in columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """The page in the language and with the rights of who looks."""

    page: AccountPage
    lang: Lang
    zone: ZoneInfo
    unmasked: bool = False

    @property
    def title(self) -> str:
        """Account, debtor, lender, list."""
        account = self.page.account
        shown = [self.cell(name, account[name]) for name in ("account_no", "debtor", "client", "list")]
        return " · ".join(filter(None, shown))

    @property
    def conflicts(self) -> int:
        """Facts on which sources disagree."""
        known = (*self.page.facts.values(), *self.page.account_facts.values())
        return sum(bool(one.conflicts) for one in known)

    def head(self) -> tuple[tuple[str, str], ...]:
        """What matters most: label and text."""
        account, pick = self.page.account, self.lang.pick
        days = int(account["days_past_due"] or 0)
        owner = " ".join(str(account[name]) for name in ("owner", "owner_team") if account[name])
        return (
            (pick("欠款", "due"), self.cell("amount_due_cents", account["amount_due_cents"])),
            (pick("逾期", "past due"), bucket_word(days, self.lang)),
            (pick("风险等级", "grade"), str(account["grade"] or "–")),
            (pick("状态", "state"), self._state()),
            (pick("负责人", "owner"), owner or "–"),
            (pick("冲突", "conflicts"), str(self.conflicts)),
        )

    def sections(self, *, most: int | None = SHOWN) -> Iterator[Section]:
        """The tables that have anything in them, in the order of the page; `most`: rows of those that grow."""
        yield from self._facts()
        for key, rows in self.page.tables.items():
            if rows:
                yield self._section(key, rows, most if key in _NEWEST else None)

    def _state(self) -> str:
        account = self.page.account
        reason = self.text(str(account["next_reason"] or ""))
        zh, _, en = reason.partition(" · ")
        told = self.lang.pick(zh, en or zh)
        state = self.cell("state", account["state"])
        return f"{state}: {told}" if told else state

    def _section(self, key: str, rows: Sequence[Row], most: int | None) -> Section:
        shown = rows if most is None else rows[-most:]
        told = [name for name in rows[0] if name in COLUMNS and name not in _ELSEWHERE.get(key, ())]
        names = [name for name in told if any(row[name] not in (None, "", 0, "[]", "{}") for row in shown)]
        return Section(
            key=key,
            title=self.lang.pick(*SECTIONS[key]),
            heads=tuple(self.lang.pick(*COLUMNS[name]) for name in names),
            rows=tuple(tuple(self.cell(name, row[name]) for name in names) for row in shown),
            earlier=len(rows) - len(shown),
        )

    def _facts(self) -> Iterator[Section]:
        known = {**self.page.facts, **self.page.account_facts}
        if not known:
            return
        heads = (
            ("项目", "fact"),
            ("采信", "believed"),
            ("来源", "source"),
            ("时间", "since"),
            ("不同说法", "conflicts"),
        )
        yield Section(
            key="facts",
            title=self.lang.pick(*SECTIONS["facts"]),
            heads=tuple(self.lang.pick(*head) for head in heads),
            rows=tuple(self._fact(one) for one in known.values()),
        )

    def _fact(self, known: Known) -> tuple[str, ...]:
        others = "; ".join(f"{self.fact(known.field, one)} ({self._said(one)})" for one in known.conflicts)
        name = FACTS.get(known.field)
        return (
            self.lang.pick(*name) if name else known.field,
            self.fact(known.field, known.believed),
            self._said(known.believed),
            self.moment(known.believed.at),
            others,
        )

    def _said(self, said: Said) -> str:
        source = self.lang.pick(*SOURCES.get(said.source, (said.source, said.source)))
        return " ".join(filter(None, (source, said.file, said.said_by)))

    def fact(self, field: str, said: Said) -> str:
        """What somebody said, as it may be shown."""
        if self.unmasked or field not in IDENTIFYING:
            return self.text(said.value)
        return mask_name(said.value) if field == Fact.NAME else "****"

    # --- cells ------------------------------------------------------------------------------------------

    def cell(self, name: str, value: object) -> str:
        """One cell in words, masked as it has to be."""
        if value is None or value == "":
            return ""
        text = str(value)
        if name.endswith(_MONEY):
            return f"{int(text) / 100:,.2f}"
        if name in _MOMENTS:
            return self.moment(datetime.fromisoformat(text))
        if name in ("outcome", "last_outcome"):
            return outcome_word(text, self.lang)
        if name == "lines":
            return self._lines(text)
        if name in ("annual_rate", "penalty_rate"):
            return f"{float(text) * 100:g} %"
        if name == "talk_s":
            return f"{float(text):.0f} s"
        if name in ("payload", "reasons"):
            return self.text(_flat(text))
        if name == "forbidden":
            return self.lang.pick("禁呼", "never") if value else ""
        if (pair := WORDS.get(text)) is not None and name not in _FREE:
            return self.lang.pick(*pair)
        return self.private(name, text)

    def private(self, name: str, text: str) -> str:
        """A text as it may be shown: names, numbers and account numbers masked."""
        if self.unmasked:
            return text
        match name:
            case "account_no":
                return mask_account(text)
            case "debtor" | "contact_name":
                return mask_name(text)
            case "number":
                return mask_number(text)
            case _:
                return self.text(text)

    def text(self, text: str) -> str:
        """A text of people: somebody may have noted a name or a number in it."""
        account = self.page.account
        if self.unmasked:
            return text
        return mask_about(text, name=str(account["debtor"]), account_no=str(account["account_no"]))

    def moment(self, at: datetime) -> str:
        """A moment to the minute; midnight is a day that somebody told."""
        local = at.astimezone(self.zone)
        return f"{local:%Y-%m-%d}" if local.time() == time(0) else f"{local:%Y-%m-%d %H:%M}"

    def _lines(self, text: str) -> str:
        told = []
        for line in text.split():
            no, part, cents = line.split(":")
            told.append(f"{no}. {self.lang.pick(*WORDS.get(part, (part, part)))} {int(cents) / 100:,.2f}")
        return ", ".join(told)


def _flat(text: str) -> str:
    """JSON as words."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={one}" for key, one in value.items() if one not in (None, "", []))
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
