"""What is written on the command line of `dialer simulate`, and the hours in which a day is simulated."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import floor_world as fw
from dialer.cli.ranges import MOST_STEPS, Kind, RangeError, parse
from dialer.cli.simulate_plan import Base, Key, points_of, swept, with_channels
from dialer.compliance.hours import before_margin, open_interval
from dialer.settings import CallingRules, Window
from dialer.sim.behaviour import Behaviour
from dialer.sim.window import Closed, Span, Why, next_day_open, span_on
from dialer.types import Mode, TrunkName

AGENTS = Kind(low=1, high=2000, is_whole=True, example="5..40:5")
RATE = Kind(low=0.001, high=1.0, example="10%..50%:10%")
SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = date(2026, 11, 24)

# --- ranges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("12", [12]),
        ("20,5, 10", [5, 10, 20]),
        ("5，10", [5, 10]),
        ("5..20:5", [5, 10, 15, 20]),
        ("5..18:5", [5, 10, 15]),
        ("5..40", [5, 10, 15, 20, 25, 30, 35, 40]),
        ("3..12", [3, 4, 6, 8, 10, 12]),
        ("7..7", [7]),
        ("5..10:5,40", [5, 10, 40]),
        ("1..2000", [1, 500, 1000, 1500, 2000]),
    ],
)
def test_whole_numbers_are_written_as_lists_and_spans(text: str, values: list[int]) -> None:
    assert parse(text, AGENTS) == tuple(values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("25%", [0.25]),
        ("0.01,0.03", [0.01, 0.03]),
        ("0.1..0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("10%..30%:10%", [0.1, 0.2, 0.3]),
        ("10%..50%", [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]),
    ],
)
def test_ratios_are_written_as_numbers_or_per_cent_and_stay_exact(text: str, values: list[float]) -> None:
    assert parse(text, RATE) == tuple(values)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("many", AGENTS, "cannot be read; write 5..40:5"),
        ("", AGENTS, "cannot be read"),
        ("5..", AGENTS, "cannot be read"),
        ("2.5", AGENTS, "give whole numbers"),
        ("0", AGENTS, "not within 1..2000"),
        ("40..5", AGENTS, "begins above its end"),
        ("5:5", AGENTS, "a step needs a span"),
        ("5..40:0", AGENTS, "a step is above 0"),
        ("5..40:2.5", AGENTS, "give a whole step"),
        ("1..2000:1", AGENTS, "take longer steps"),
        ("150%", RATE, "not within 0.001..1"),
        ("-5", AGENTS, "cannot be read"),
    ],
)
def test_a_range_that_cannot_be_says_what_to_write(text: str, kind: Kind, says: str) -> None:
    with pytest.raises(RangeError, match=says) as caught:
        parse(text, kind)
    assert caught.value.zh


@given(low=st.integers(1, 1999), width=st.integers(1, 500))
def test_steps_of_ones_own_are_few_and_hold_both_ends(low: int, width: int) -> None:
    high = min(2000, low + width)
    values = parse(f"{low}..{high}", AGENTS)
    assert (values[0], values[-1]) == (low, high)
    assert list(values) == sorted(set(values))
    assert 2 <= len(values) <= MOST_STEPS + 2


# --- hours ---------------------------------------------------------------------------------------------


def hours(*windows: tuple[str, str], **more: object) -> CallingRules:
    days = tuple(
        Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes)) for opens, closes in windows
    )
    return replace(fw.RULES, windows=dict.fromkeys(range(5), days), close_margin_s=600.0, **more)  # type: ignore[arg-type]


LUNCH = hours(("14:00", "21:30"), ("08:00", "12:00"))


def local(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%H:%M}"


def test_a_day_lasts_from_the_opening_to_the_last_dial_and_lunch_is_a_break_of_everybody() -> None:
    span = span_on(LUNCH, SHANGHAI, TUESDAY)
    assert isinstance(span, Span)
    assert (local(span.start_at), local(span.end_at), span.is_cut) == ("08:00", "21:20", False)
    assert [(local(since), local(until)) for since, until in span.gaps] == [("11:50", "14:00")]
    (lunch,) = span.breaks
    assert 11.75 * 3600 < 8 * 3600 + lunch.at_s < 12 * 3600
    assert 8 * 3600 + lunch.at_s + lunch.length_s == 14 * 3600


def test_what_is_asked_for_beyond_the_hours_is_cut_and_said() -> None:
    span = span_on(LUNCH, SHANGHAI, TUESDAY, since=time(6), until=time(13))
    assert isinstance(span, Span)
    assert (local(span.start_at), local(span.end_at), span.is_cut, span.gaps) == ("08:00", "11:50", True, ())
    inside = span_on(LUNCH, SHANGHAI, TUESDAY, since=time(9), until=time(10))
    assert isinstance(inside, Span)
    assert (inside.hours, inside.is_cut) == (1.0, False)
    assert inside.shortened(0.5).hours == 0.5


@pytest.mark.parametrize(
    ("rules", "day", "since", "why"),
    [
        (LUNCH, date(2026, 11, 29), None, Why.WEEKDAY),
        (hours(("08:00", "12:00"), closed_dates=frozenset({TUESDAY})), TUESDAY, None, Why.DATE),
        (LUNCH, TUESDAY, time(22), Why.OUTSIDE),
        (hours(("08:00", "08:05")), TUESDAY, None, Why.MARGIN),
    ],
)
def test_a_day_without_hours_says_why(rules: CallingRules, day: date, since: time | None, why: Why) -> None:
    found = span_on(rules, SHANGHAI, day, since=since)
    assert isinstance(found, Closed)
    assert found.why is why


def test_around_the_clock_there_is_no_margin_at_midnight() -> None:
    span = span_on(replace(fw.RULES, close_margin_s=600.0), SHANGHAI, TUESDAY)
    assert isinstance(span, Span)
    assert span.hours == 24.0


@given(
    st.lists(st.integers(0, 95), min_size=2, max_size=6, unique=True).map(sorted),
    st.sampled_from([0.0, 600.0, 1800.0]),
)
def test_the_gate_lets_calls_start_within_a_day_and_never_outside(quarters: list[int], margin_s: float) -> None:
    edges = [f"{one // 4:02}:{one % 4 * 15:02}" for one in quarters[: len(quarters) // 2 * 2]]
    rules = replace(hours(*zip(edges[::2], edges[1::2], strict=True)), close_margin_s=margin_s)
    span = span_on(rules, SHANGHAI, TUESDAY)
    for minute in range(0, 24 * 60, 5):
        at = datetime.combine(TUESDAY, time(minute // 60, minute % 60), SHANGHAI).astimezone(UTC)
        interval = open_interval(rules, (SHANGHAI,), at)
        may = interval is not None and before_margin(rules, interval, at)
        said = (
            isinstance(span, Span)
            and span.start_at <= at < span.end_at
            and not any(since <= at < until for since, until in span.gaps)
        )
        assert said == may


def test_the_next_day_is_today_while_calls_may_still_start() -> None:
    def on(clock: str) -> date | None:
        return next_day_open(LUNCH, SHANGHAI, datetime.combine(TUESDAY, time.fromisoformat(clock), SHANGHAI))

    assert on("06:00") == on("21:19") == TUESDAY
    assert on("21:20") == date(2026, 11, 25)
    friday = datetime(2026, 11, 27, 23, 0, tzinfo=SHANGHAI)
    assert next_day_open(LUNCH, SHANGHAI, friday) == date(2026, 11, 30)
    assert next_day_open(replace(LUNCH, windows={}), SHANGHAI, friday) is None


# --- the grid ------------------------------------------------------------------------------------------


def base() -> Base:
    span = span_on(LUNCH, SHANGHAI, TUESDAY)
    assert isinstance(span, Span)
    dialer = fw.settings(fw.crowd(4), trunks=[fw.trunk(channels=10)])
    return Base(dialer=dialer, campaign=fw.campaign(), behaviour=Behaviour(), accounts=None, span=span)


def test_a_grid_is_every_combination_and_only_what_varies_is_swept() -> None:
    points = points_of(base(), {Key.AGENTS: (5, 10), Key.TARGET: (0.01, 0.03), Key.TRUNKS: (7,)})
    asked = [(one.settings[Key.TARGET], one.settings[Key.AGENTS]) for one in points]
    assert asked == [(0.01, 5), (0.01, 10), (0.03, 5), (0.03, 10)]
    assert swept(points) == (Key.TARGET, Key.AGENTS)
    first = points[0].case
    assert (first.agents, first.campaign.pacing.target_abandonment_ratio) == (5, 0.01)
    assert first.dialer.trunks[0].channels == 7


def test_without_options_the_campaign_is_simulated_as_it_is() -> None:
    (only,) = points_of(base(), {})
    whole = base()
    assert (only.case.dialer, only.case.campaign, only.case.behaviour) == (
        whole.dialer,
        whole.campaign,
        whole.behaviour,
    )
    assert only.settings[Key.AGENTS] == 4


def test_a_ratio_belongs_to_mode_power() -> None:
    points = points_of(base(), {Key.MODE: (Mode.POWER.value,), Key.RATIO: (1.5, 2.0)})
    assert [one.case.campaign.pacing.ratio for one in points] == [1.5, 2.0]
    assert Key.RATIO not in points_of(base(), {})[0].settings


@given(st.lists(st.integers(1, 200), min_size=1, max_size=4), st.integers(0, 500))
def test_channels_are_shared_out_in_proportion_and_to_the_last_one(widths: list[int], channels: int) -> None:
    names = [TrunkName(f"t{number}") for number in range(len(widths))]
    trunks = [fw.trunk(name, channels=width) for name, width in zip(names, widths, strict=True)]
    other = fw.trunk(TrunkName("other"), channels=9)
    found = with_channels(fw.settings(trunks=[*trunks, other]), names, channels)
    shared = [one.channels for one in found.trunks]
    assert shared[-1] == 9
    assert sum(shared[:-1]) == channels
    for width, share in zip(widths, shared[:-1], strict=True):
        assert abs(share - channels * width / sum(widths)) <= 1.0
