"""Which prompts are there, and what do they say?

The engine names them `dialer/zh/<name>`, `dialer/en/<name>` and `dialer/tone-<name>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from dialer.pbx.install import AsteriskTools
from dialer.pbx.sounds import Sound, Speech, Tone, build_sounds

# name -> (Chinese in numbered pinyin, English)
PROMPTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # the state of the agent
        "login-ok": ("deng1 lu4 cheng2 gong1", "You are logged in."),
        "logged-out": ("yi3 tui4 chu1", "You are logged out."),
        "ready": ("yi3 jiu4 xu4", "Ready."),
        "paused": ("yi3 zan4 ting2", "Paused."),
        "wrap-up": ("qing3 shu1 ru4 jie2 guo3 dai4 ma3", "Please key in the result."),
        # answers to what the agent keys in
        "saved": ("yi3 bao3 cun2", "Saved."),
        "wrong-code": ("dai4 ma3 cuo4 wu4, qing3 chong2 xin1 shu1 ru4", "Wrong code. Please try again."),
        "not-now": ("xian4 zai4 bu4 neng2 zhe4 yang4 zuo4", "That is not possible now."),
        "amount": (
            "qing3 shu1 ru4 jin1 e2, an4 jing3 hao4 jie2 shu4",
            "Please key in the amount, then pound.",
        ),
        "date": ("qing3 shu1 ru4 ri4 qi1, an4 jing3 hao4 jie2 shu4", "Please key in the date, then pound."),
        "moment": (
            "qing3 shu1 ru4 hui2 dian4 shi2 jian1, an4 jing3 hao4",
            "Please key in the time to call back, then pound.",
        ),
        "confirm": (
            "que4 ren4 qing3 an4 yi1, chong2 xin1 shu1 ru4 qing3 an4 er4",
            "Press 1 to confirm, 2 to redo.",
        ),
        "preview": ("xin1 ke4 hu4, bo1 hao4 qing3 an4 yi1", "New customer. Press 1 to dial."),
        "customer-gone": ("ke4 hu4 yi3 gua4 duan4", "The customer has hung up."),
        # numbers and what stands between them
        "0": ("ling2", "zero"),
        "1": ("yi1", "one"),
        "2": ("er4", "two"),
        "3": ("san1", "three"),
        "4": ("si4", "four"),
        "5": ("wu3", "five"),
        "6": ("liu4", "six"),
        "7": ("qi1", "seven"),
        "8": ("ba1", "eight"),
        "9": ("jiu3", "nine"),
        "point": ("dian3", "point"),
        "yuan": ("yuan2", "yuan"),
        "month": ("yue4", "month"),
        "day": ("ri4", "day"),
    }
)

TONES: Mapping[str, Tone] = MappingProxyType(
    {
        "tone-ok": Tone(notes=((880, 0.12),)),
        "tone-error": Tone(notes=((300, 0.2), (0, 0.08), (300, 0.2))),
        "tone-call": Tone(notes=((880, 0.08),)),  # covers the customer's voice while it plays, hence so short
    }
)

# What a person hears who was called and for whom nobody was free. A floor puts its own name and number here.
IDENTIFY: Mapping[str, str] = MappingProxyType(
    {
        "zh": (
            "nin2 hao3, gang1 cai2 shi4 wo3 men5 gong1 si1 gei3 nin2 da3 de5 dian4 hua4, "
            "xian4 zai4 zuo4 xi2 quan2 mang2, wo3 men5 hui4 zai4 yu3 nin2 lian2 xi4, dui4 bu5 qi3."
        ),
        "en": (
            "Hello. This was a call from our company. All our agents are busy now. "
            "We will call you again. We are sorry for the trouble."
        ),
    }
)


def build_prompts(
    tools: AsteriskTools,
    folder: Path,
    progress: Callable[[str], None],
    identify: Mapping[str, str] = IDENTIFY,
) -> Path:
    """Make every prompt, tone and the identification message below `folder`; return the folder.

    Args:
        tools: From `ensure_asterisk`.
        folder: Given to `AsteriskInstance` as `sounds`.
        progress: Is told one sentence if anything has to be made.
        identify: Language -> text of the identification message, in characters, numbered pinyin or English.
    """
    sounds: dict[str, Sound] = dict(TONES)
    for name, (chinese, english) in PROMPTS.items():
        sounds[f"zh/{name}"] = Speech(text=chinese, language="zh")
        sounds[f"en/{name}"] = Speech(text=english, language="en")
    for language, text in identify.items():
        sounds[f"{language}/identify"] = Speech(text=text, language=language, words_per_minute=160)
    build_sounds(tools, folder, sounds, progress)
    return folder
