"""Effects as the floor would make them, with texts of somebody's choosing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dialer.effects import Originate, Permit
from dialer.types import AccountId, AttemptId, CampaignName, Number, ServerName, TrunkName

_AT = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


def originate_of(number: str, name: str, shown_number: str, *, caller_id: str = "+862100000101") -> Originate:
    """The call of an account with these texts."""
    permit = Permit(
        campaign=CampaignName("spring"),
        account_id=AccountId(1),
        number=Number(number),
        issued_at=_AT,
        expires_at=_AT + timedelta(seconds=5),
        rules=(),
    )
    return Originate(
        permit=permit,
        attempt_id=AttemptId("att-r1-000001"),
        server=ServerName("main"),
        trunk=TrunkName("carrier"),
        caller_id=caller_id,
        display_name=name,
        display_number=shown_number,
        ring_timeout_s=30.0,
        wait_s=2.0,
        message="dialer/zh/identify",
        detect_machines=False,
        record=True,
    )
