"""Is this machine fit for the engine? Settings, store, disk space, log, control socket."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dialer.cli.checks import Check, Health, Text2, bad, ok, skipped
from dialer.cli.session import Session
from dialer.errors import ControlError, DialerError, StoreError
from dialer.settings import DialerSettings

_GIB: Final = 1024**3
FULL_BYTES: Final = 1 * _GIB
NEARLY_FULL_BYTES: Final = 10 * _GIB
"""About 170 hours of two 8 kHz 16-bit legs."""


def check_campaigns(session: Session) -> Iterator[Check]:
    """Every campaign file by itself."""
    names = session.campaign_names()
    if not names:
        folder = session.campaigns_folder
        yield bad(
            "campaigns",
            Text2(zh=f"{folder} 中没有活动", en=f"no campaign in {folder}"),
            Text2(zh="运行 dialer init，或写一个活动文件。", en="Run `dialer init`, or write a campaign file."),
            health=Health.WARNING,
        )
    for name in names:
        try:
            session.campaign(name)
        except DialerError as error:
            first = str(error).splitlines()[0]
            advice = Text2(
                zh=f"修改后运行 dialer campaign check {name}。", en=f"Mend it; `dialer campaign check {name}`."
            )
            yield bad(f"campaign.{name}", Text2(zh=first, en=first), advice)
        else:
            yield ok(f"campaign.{name}", f"活动 {name} 没有问题", f"campaign {name} is sound")


def check_machine(settings: DialerSettings, session: Session) -> Iterator[Check]:
    """The store, the disk, the log and the control socket."""
    yield _store(settings)
    yield _encryption(settings)
    for name, folder in (("disk.store", settings.store_path.parent), ("disk.recordings", settings.recordings_path)):
        yield _disk(name, folder)
    if settings.log_path is not None:
        yield _writable("log", settings.log_path.parent)
    yield _control(session)


def _store(settings: DialerSettings) -> Check:
    from dialer.store.sqlite import SqliteStore

    path = settings.store_path
    if not path.exists():
        said = Text2(zh=f"还没有数据文件 {path}", en=f"there is no store yet at {path}")
        advice = Text2(zh="用 dialer import 导入名单时会创建。", en="`dialer import` makes it with the first list.")
        return bad("store", said, advice, health=Health.WARNING)
    try:
        SqliteStore.open(path, key=settings.store_key).close()
    except StoreError as error:
        said = Text2(zh=str(error), en=str(error))
        return bad("store", said, Text2(zh="恢复备份，或移走该文件。", en="Restore a backup, or move the file away."))
    return ok("store", f"数据文件 {path} 可用", f"the store {path} opens")


def _encryption(settings: DialerSettings) -> Check:
    """Whether the store is unreadable for whoever carries its disk away."""
    if settings.store_key:
        return ok("store.key", "数据文件已加密", "the store is encrypted")
    return skipped(
        "store.key",
        "数据文件未加密；需要时设置 store.key 并运行 dialer store encrypt",
        "the store is not encrypted; if it should be, set store.key and `dialer store encrypt`",
    )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _disk(name: str, folder: Path) -> Check:
    free = shutil.disk_usage(_existing(folder)).free
    said = Text2(zh=f"{folder} 剩余 {free / _GIB:.1f} GiB", en=f"{free / _GIB:.1f} GiB free for {folder}")
    advice = Text2(zh="清理旧录音，或换一个分区。", en="Remove old recordings, or use another disk.")
    if free < FULL_BYTES:
        return bad(name, said, advice)
    if free < NEARLY_FULL_BYTES:
        return bad(name, said, advice, health=Health.WARNING)
    return ok(name, said.zh, said.en)


def _writable(name: str, folder: Path) -> Check:
    if os.access(_existing(folder), os.W_OK):
        return ok(name, f"{folder} 可写", f"{folder} can be written")
    said = Text2(zh=f"{folder} 不可写", en=f"{folder} cannot be written")
    return bad(
        name, said, Text2(zh="修改权限或 dialer.yaml 中的路径。", en="Change its mode, or the path in dialer.yaml.")
    )


def _control(session: Session) -> Check:
    path = session.settings.control_path
    try:
        running = session.client(timeout_s=3.0).is_running()
    except ControlError as error:
        said = Text2(zh=str(error), en=str(error))
        return bad("control", said, Text2(zh="以同一用户运行命令和引擎。", en="Run commands as the engine's user."))
    if running:
        return ok("control", f"引擎正在 {path} 上运行", f"an engine runs on {path}")
    if not os.access(_existing(path.parent), os.W_OK):
        return _writable("control", path.parent)
    return ok("control", "没有引擎在运行", "no engine is running")
