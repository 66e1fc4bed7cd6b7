"""The states of promises in both languages, and how they look."""

from __future__ import annotations

from typing import Final

from dialer.promises.terms import PromiseStatus

STATUSES: Final = {
    PromiseStatus.PROPOSED: ("待审批", "proposed", "yellow"),
    PromiseStatus.OPEN: ("未到期", "open", "cyan"),
    PromiseStatus.DUE: ("已到期", "due", "bold cyan"),
    PromiseStatus.KEPT: ("已兑现", "kept", "green"),
    PromiseStatus.PARTLY_KEPT: ("部分兑现", "partly kept", "yellow"),
    PromiseStatus.BROKEN: ("违约", "broken", "red"),
    PromiseStatus.RENEGOTIATED: ("已重议", "renegotiated", "bright_black"),
    PromiseStatus.CANCELLED: ("已取消", "cancelled", "bright_black"),
}
