"""The script reaches the agent's phone while they talk, and nothing of the person reaches the log."""

from __future__ import annotations

from pathlib import Path

from dialer.pbx.carrier import Fixed
from dialer.phones.people import Language, sentence
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phones
from dialer.scripts.brief import BETWEEN
from dialer.types import AgentState
from tests.asterisk.campaigns import EngineProcess, Ledger, floor, passwords, prepare, until


def test_the_phone_shows_reason_and_opening_while_they_talk_and_it_is_on_record(
    asterisk_tools: object, tmp_path: Path
) -> None:
    with floor(tmp_path, fixed_talk_s=4.0) as stage:
        settings = stage.settings
        with (
            Phones(f"127.0.0.1:{settings.servers[0].sip_port}") as phones,
            EngineProcess(settings) as engine,
        ):
            (phone,) = phones.add(passwords(settings, "agent01"), dial="*10", stay=True)
            engine.until_state("agent01", AgentState.READY, within_s=20)
            mark = phone.mark()
            (number,) = prepare(settings, "scripted", [Fixed.TALKATIVE], agents=["agent01"])
            engine.launch("scripted")
            shown = until(
                lambda: next(
                    (one for one in phone.events[mark:] if one.name is EventName.DISPLAY and BETWEEN in str(one.data)),
                    None,
                ),
                "the script on the display",
                within_s=30,
            )
            name = str(shown.data["name"])
            parts = name.split(BETWEEN)
            assert parts[0] == "欧阳* 0000"
            assert parts[1] == "还款提醒 v1"
            assert parts[2].startswith("因：")
            assert parts[3].startswith("1 您好，我是示例银行")
            assert parts[4].startswith("2 为保护您的个人信息")
            assert "1,000" not in name
            assert shown.data["number"] == f"+86199****{Fixed.TALKATIVE}"
            assert sentence(shown, Language.ZH).count("\n") == len(parts) - 1
            events = until(
                lambda: Ledger(settings).rows("SELECT * FROM account_events WHERE kind = 'script.shown'"), "the event"
            )
            assert [(one["actor"], one["source"]) for one in events] == [("agent01", "softphone")]
            (logged,) = engine.log("script.shown")
            assert (logged["script"], logged["version"], logged["agent"]) == ("reminder", 1, "agent01")
            log = settings.log_path.read_text(encoding="utf-8") if settings.log_path else ""
            assert "欧阳" not in log
            assert "示例银行" not in log
            assert number not in log
