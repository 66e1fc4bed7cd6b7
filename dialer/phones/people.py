"""What does the phone say to a person? One sentence per event, in Chinese or English."""

from __future__ import annotations

from enum import StrEnum

from dialer.phones.protocol import EventName, PhoneEvent


class Language(StrEnum):
    """Languages of the terminal."""

    ZH = "zh"
    EN = "en"


SCRIPT_PARTS = "｜"
"""Separates the parts of a script's line on a display (`dialer.scripts.brief`); each is shown on a line of its own."""

_HELP = {
    Language.ZH: """命令:
  dial *10      拨号 (*10 = 坐席上线)      hangup   挂断
  *21           直接输入数字即按键 (DTMF)  answer   接听
  play 文件     循环播放 WAV 作为说话声    mute     停止播放
  help          显示本帮助                 quit     退出""",
    Language.EN: """Commands:
  dial *10      dial (*10: begin the shift)   hangup   hang up
  *21           bare digits are key presses   answer   pick up
  play FILE     speak a WAV in a loop         mute     stop speaking
  help          this text                     quit     leave""",
}

_SENTENCES: dict[EventName, dict[Language, str]] = {
    EventName.REGISTERED: {Language.ZH: "已注册", Language.EN: "registered"},
    EventName.REGISTER_FAILED: {
        Language.ZH: "注册失败：{code} {reason}",
        Language.EN: "could not register: {code} {reason}",
    },
    EventName.UNREGISTERED: {Language.ZH: "已注销", Language.EN: "unregistered"},
    EventName.CALLING: {Language.ZH: "正在呼叫 {number}", Language.EN: "calling {number}"},
    EventName.INCOMING: {
        Language.ZH: "来电：{name} {number}（输入 answer 接听）",
        Language.EN: "incoming call: {name} {number} (type answer)",
    },
    EventName.CONNECTED: {Language.ZH: "已接通 {number}", Language.EN: "connected with {number}"},
    EventName.DISPLAY: {Language.ZH: "显示：{name} {number}", Language.EN: "display: {name} {number}"},
    EventName.HEARD: {
        Language.ZH: "听到 {sound}（{frequency_hz} Hz，{level_db} dB）",
        Language.EN: "heard: {sound} ({frequency_hz} Hz, {level_db} dB)",
    },
    EventName.HUSHED: {Language.ZH: "安静", Language.EN: "quiet"},
    EventName.DTMF_SENT: {Language.ZH: "已按键 {digits}", Language.EN: "keyed {digits}"},
    EventName.DTMF_RECEIVED: {Language.ZH: "收到按键 {digits}", Language.EN: "received key {digits}"},
    EventName.DISCONNECTED: {
        Language.ZH: "通话结束：{code} {reason}（{talked_s} 秒）",
        Language.EN: "call ended: {code} {reason} ({talked_s} s)",
    },
    EventName.LOST: {Language.ZH: "与服务器失去联系，通话作废", Language.EN: "lost the call: {reason}"},
    EventName.REDIALING: {Language.ZH: "将重新拨号", Language.EN: "dialing again"},
    EventName.ERROR: {Language.ZH: "错误：{reason}", Language.EN: "error: {reason}"},
}


def help_text(language: Language) -> str:
    """Return the list of commands."""
    return _HELP[language]


def sentence(event: PhoneEvent, language: Language) -> str:
    """Return what a person is told; empty for what only programs care about."""
    sentences = _SENTENCES.get(event.name)
    if sentences is None:
        return ""
    said = f"{event.phone}: {sentences[language].format(**event.data)}"
    return said.replace(SCRIPT_PARTS, "\n  ") if event.name is EventName.DISPLAY else said
