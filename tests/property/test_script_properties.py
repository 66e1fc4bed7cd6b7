"""Whatever is put between the characters it is found; whoever is on the line hears only what is theirs to hear."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.experiments import CHAMPION, HOLD_OUT, Arm, Experiment
from dialer.scripts.arms import PLACES, arm_of, place_of
from dialer.scripts.lexicon import GAP, scan
from dialer.scripts.model import Language, Person
from dialer.scripts.person import VALUES
from dialer.types import ContactRole, DebtorId
from tests.unit.script_cases import playbook, said

FORBIDDEN = ("坐牢", "上门催收", "以贷还贷", "通知您的家人", "我们是公安")
between = st.lists(st.text(alphabet=" 　。，、！-_*·.~xyz019\n\u200b🙂（）", max_size=GAP), min_size=8, max_size=8)
around = st.text(alphabet="好的请问您方便吗 ，。", max_size=12)


@settings(deadline=None)  # the first example reads the shipped files
@given(forbidden=st.sampled_from(FORBIDDEN), signs=between, before=around, after=around)
def test_nothing_that_is_put_between_the_characters_hides_it(
    forbidden: str, signs: list[str], before: str, after: str
) -> None:
    dressed = "".join(letter + sign for letter, sign in zip(forbidden, [*signs, ""], strict=False))
    text = before + dressed + after
    hits = scan(playbook().lexicon, text)
    assert hits
    for hit in hits:
        assert text[hit.begin : hit.end] == hit.found
        assert hit.found.strip() == hit.found


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for hit in scan(playbook().lexicon, text, debt=True):
        assert 0 <= hit.begin < hit.end <= len(text)


persons = st.builds(
    Person,
    name=st.sampled_from(["欧阳晓明", "王芳", "John Smith", "李"]),
    party=st.sampled_from(ContactRole),
    days_past_due=st.integers(0, 900),
    amount_due=st.decimals("0.01", "9999999.99", places=2),
    product=st.sampled_from(["消费贷", "信用卡", ""]),
    monthly_income=st.none() | st.decimals("0", "99999", places=2),
    monthly_due=st.none() | st.decimals("0", "99999", places=2),
    promises_kept=st.integers(0, 5),
    promises_broken=st.integers(0, 5),
    promise_open=st.booleans(),
    paid_on_time=st.integers(0, 40),
    paid_late=st.integers(0, 40),
    last_disposition=st.sampled_from(["", "promise", "refuses", "hardship", "dispute"]),
    told=st.dictionaries(st.sampled_from(["reason", "ability", "willingness"]), st.sampled_from(
        [*VALUES["reason"], *VALUES["ability"], *VALUES["willingness"]]), max_size=3),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(person=persons, language=st.sampled_from(Language))
def test_everybody_gets_a_script_of_their_own_kind_and_hears_nothing_before_their_identity_is_checked(
    person: Person, language: Language
) -> None:
    shown = said(person, language)
    assert shown.party is person.party
    assert shown.reason
    lexicon = playbook().lexicon
    assert not [hit for text in shown.texts() for hit in scan(lexicon, text)]
    quiet = [step.say for step in shown.opening] + [one.answer for one in shown.answers if one.early]
    if person.party is ContactRole.CONTACT:
        quiet += [one.answer for one in shown.answers]
        assert len(shown.opening) == len(shown.steps)
    else:
        assert shown.opening[-1].identity
    assert not [hit for text in quiet for hit in scan(lexicon, text, debt=True)]
    sums = {f"{amount:,.2f}" for amount in (person.amount_due, person.monthly_due or Decimal(0)) if amount >= 1}
    assert not [text for text in quiet for amount in sums if amount in text]
    if len(person.name) > 2:
        assert not [text for text in shown.texts() if person.name in text]


shares = st.lists(st.integers(1, 3_000), min_size=1, max_size=3)


@given(shares=shares, salt=st.text(max_size=8), debtor=st.integers(1, 2**62))
def test_everybody_is_in_exactly_one_arm_and_always_in_the_same(shares: list[int], salt: str, debtor: int) -> None:
    names = [HOLD_OUT, "a", "b"][: len(shares)]
    arms = [Arm(name=name, share=share) for name, share in zip(names, shares, strict=True)]
    rest = PLACES - sum(shares)
    day = date(2026, 1, 1)
    experiment = Experiment(
        name="x", salt=salt, when="true", begins_on=day, ends_on=day, arms=(*arms, Arm(name=CHAMPION, share=rest))
    )
    place, end = place_of("x", salt, DebtorId(debtor)), 0
    for arm in experiment.arms:
        inside = end <= place < end + arm.share
        end += arm.share
        assert inside is (arm_of(experiment, DebtorId(debtor)) == arm)
    assert end == PLACES
