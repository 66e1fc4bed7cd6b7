"""The calling rules once more, as naive as can be: every dial is kept, and every check walks over all of them.

Nothing of `dialer.compliance` or of the store's SQL is used here. A dial is only compared with what the texts of the
profiles say: CN-BANK, US-REGF and UK, in March of 2026, when none of the holidays falls on a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MARGIN = timedelta(minutes=10)
HOURS = {  # (opens, closes) by weekday
    "cn": dict.fromkeys(range(7), (time(8), time(22))),
    "us": dict.fromkeys(range(7), (time(8), time(21))),
    "uk": dict.fromkeys(range(6), (time(8), time(21))) | {6: (time(10), time(20))},
}
PREFIXES = {"cn": "+86139", "us": "+1212", "uk": "+4420"}
GAPS = {"cn": timedelta(hours=2), "us": timedelta(hours=4), "uk": timedelta(0)}

# What became of a dial.
NOT_REACHED = {"busy", "invalid", "congestion"}
UNANSWERED = {"no_answer", "unknown"}


@dataclass(eq=False)
class Dial:
    """One INVITE."""

    at: datetime
    law: str
    """cn, us or uk."""
    number: str
    debtor: str
    account: str
    own: bool
    """To a number of the debtor's own."""
    reserved: bool
    """An agent was kept for it."""
    fate: str = "unknown"
    """busy, invalid, congestion, no_answer, unknown, human, talk or abandoned."""
    conversation: bool = False
    ended: bool = False


@dataclass
class NaiveRules:
    """All that was dialled, and all that forbids a dial."""

    dials: list[Dial] = field(default_factory=list)
    of_number: dict[str, list[Dial]] = field(default_factory=lambda: defaultdict(list))
    of_debtor: dict[str, list[Dial]] = field(default_factory=lambda: defaultdict(list))
    zones: dict[tuple[str, str], str] = field(default_factory=dict)
    """Debtor and number -> zones, with commas."""
    own: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Debtor -> the debtor's own numbers."""
    gone: set[tuple[str, str]] = field(default_factory=set)
    """Debtor and number: it does not exist, or is not the debtor's."""
    flags: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Debtor -> stop flags."""
    forbidden: set[str] = field(default_factory=set)
    """Numbers nobody may call."""
    consents: dict[str, datetime] = field(default_factory=dict)

    def add(self, dial: Dial) -> None:
        """Note a dial that was made."""
        self.dials.append(dial)
        self.of_number[dial.number].append(dial)
        self.of_debtor[dial.debtor].append(dial)

    def violations(self, new: Dial) -> Iterator[str]:
        """What a dial that is about to be made would break."""
        yield from self._stops(new)
        yield from self._hours(new)
        if any(not one.ended for one in (*self.of_number[new.number], *self.of_debtor[new.debtor])):
            yield "the number or the debtor is in a call"
        if not new.number.startswith(PREFIXES[new.law]):
            yield "a number that begins as nobody may dial"
        if any(new.at - GAPS[new.law] < one.at for one in self.of_debtor[new.debtor]) and GAPS[new.law]:
            yield "less than the gap after another dial to the debtor"
        yield from {"cn": self._china, "us": self._states, "uk": self._kingdom}[new.law](new)

    def _stops(self, new: Dial) -> Iterator[str]:
        if self.flags[new.debtor]:
            yield f"the debtor has the flags {self.flags[new.debtor]}"
        if new.number in self.forbidden:
            yield "the number is forbidden"
        if (new.debtor, new.number) in self.gone:
            yield "the number is invalid, or somebody else's"

    def _hours(self, new: Dial) -> Iterator[str]:
        if new.law == "cn" and new.at < self.consents.get(new.debtor, new.at):
            return
        for name in self.zones[new.debtor, new.number].split(","):
            local = new.at.astimezone(ZoneInfo(name))
            opens, closes = HOURS[new.law][local.weekday()]
            last = datetime.combine(local.date(), closes) - MARGIN
            if not opens <= local.time() < last.time():
                yield f"{local:%a %H:%M:%S} in {name} is outside hours"

    def _days(self, new: Dial, dial: Dial) -> list[int]:
        """How many local days after `dial` the new one is, in every zone that the debtor may be in."""

        def on(at: datetime, zone: str) -> date:
            return at.astimezone(ZoneInfo(zone)).date()

        zones = self.zones[new.debtor, new.number].split(",")
        return [(on(new.at, zone) - on(dial.at, zone)).days for zone in zones]

    def _today(self, new: Dial, dial: Dial) -> bool:
        return 0 in self._days(new, dial)

    def _china(self, new: Dial) -> Iterator[str]:
        rung = [one for one in self.of_number[new.number] if one.fate in UNANSWERED and self._today(new, one)]
        if len(rung) >= 6:
            yield "six unanswered dials to the number today"
        if len([one for one in self.of_debtor[new.debtor] if one.fate == "talk" and self._today(new, one)]) >= 3:
            yield "three talks with the debtor today"
        if not new.own and not self._third_party_may_be_called(new.debtor):
            yield "a contact whose turn has not come"

    def _third_party_may_be_called(self, debtor: str) -> bool:
        if all((debtor, number) in self.gone for number in self.own[debtor]):
            return True
        last = [one for one in sorted(self.of_debtor[debtor], key=lambda one: one.at) if one.own][-3:]
        return len(last) == 3 and not any(one.fate in ("human", "talk", "abandoned") for one in last)

    def _states(self, new: Dial) -> Iterator[str]:
        about = [one for one in self.of_debtor[new.debtor] if one.account == new.account]
        within = [one for one in about if any(0 <= days < 7 for days in self._days(new, one))]
        if len([one for one in within if one.fate not in NOT_REACHED]) >= 7:
            yield "seven connected dials about the debt in seven days"
        if any(one.conversation for one in within):
            yield "a conversation about the debt within seven days"
        if len([one for one in self.of_number[new.number] if self._today(new, one)]) >= 3:
            yield "three dials to the number today"
        if not new.own:
            yield "a contact"

    def _kingdom(self, new: Dial) -> Iterator[str]:
        dialled = self.of_number[new.number]
        if not new.reserved and any(
            one.fate == "abandoned" and timedelta(0) <= new.at - one.at < timedelta(hours=72) for one in dialled
        ):
            yield "abandoned within 72 hours"
        if len([one for one in dialled if self._today(new, one)]) >= 3:
            yield "three dials to the number today"
        if [one for one in self.of_debtor[new.debtor] if one.fate == "talk" and self._today(new, one)]:
            yield "a talk with the debtor today"
        if not new.own:
            yield "a contact"
