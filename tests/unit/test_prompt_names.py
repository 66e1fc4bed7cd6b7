"""The floor names prompts, another room records them: no name may be without a sound."""

from __future__ import annotations

from dialer.floor.prompts import Prompt, number_in_words
from dialer.pbx.prompts import PROMPTS


def test_every_prompt_that_the_floor_can_ask_for_is_recorded_in_both_languages() -> None:
    asked_for = {*Prompt, *number_in_words("0123456789")}
    assert asked_for <= PROMPTS.keys()
    assert all(chinese and english for chinese, english in PROMPTS.values())
