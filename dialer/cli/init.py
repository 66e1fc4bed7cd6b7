"""`dialer init`: a folder with everything a first campaign needs; what is there already is never touched."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from dialer.cli.session import session_of
from dialer.errors import SettingsError

_SECRET_FILE: Final = re.compile(r"^[^#\n]*!file\s+(secrets/[A-Za-z0-9_.-]+)", re.MULTILINE)
_SECRET_BYTES: Final = 18  # 24 characters of base64, none of which needs quoting in Asterisk's files

_SAMPLE_PATH: Final = Path("lists/sample.csv")
_SAMPLE: Final = """\
合同号,姓名,手机号,逾期金额,逾期天数,产品,省份,风险等级
DEMO-0001,王小明,15400000001,1280.50,5,消费贷,上海,low
DEMO-0002,李晓红,15400000002,860.00,12,信用卡,浙江,low
DEMO-0003,张建国,15400000003,15300.00,45,经营贷,江苏,medium
DEMO-0004,刘洋,15400000004,4200.00,33,消费贷,广东,medium
DEMO-0005,陈思,15400000005,990.00,8,信用卡,北京,low
DEMO-0006,杨柳,15400000006,26800.00,95,经营贷,四川,high
DEMO-0007,黄海,15400000007,3150.75,21,消费贷,湖北,low
DEMO-0008,欧阳雪,15400000008,7600.00,64,信用卡,福建,high
"""

_NEXT_STEPS_PATH: Final = Path("README.md")
_NEXT_STEPS: Final = """\
# 外呼 / Dialer

| 步骤 | 命令 | Step |
|---|---|---|
| 1 | `dialer asterisk install` | 下载 Asterisk，无需 root（已有则跳过）/ fetch Asterisk, without root |
| 2 | `dialer carrier up` | 启动本机的模拟运营商 / start the simulated telephone network |
| 3 | `dialer asterisk up` | 启动 Asterisk / start Asterisk |
| 4 | `dialer import lists/sample.csv --list demo` | 导入示例名单 / import the sample list |
| 5 | `dialer campaign check demo` | 用文字说明活动会做什么 / say what the campaign would do |
| 6 | `dialer doctor` | 检查一切 / check everything |
| 7 | `dialer run demo` | 拨打 / dial |
| 8 | `dialer softphone agent05` | 在另一个终端：坐席话机 / in another terminal: an agent's phone |
| 9 | `dialer report demo --html report.html` | 报告 / report |
| 10 | `dialer asterisk down`, `dialer carrier down` | 结束 / end both |

`config/dialer.yaml` 是服务器、线路和坐席；`config/campaigns/` 每个文件是一个活动；`config/secrets/` 是随机生成的
密码（0600，勿提交到版本库）。

`config/dialer.yaml` holds servers, trunks and agents; each file in `config/campaigns/` is a campaign;
`config/secrets/` holds random passwords (mode 0600, keep them out of version control).

**示例中的人和号码是虚构的；示例线路通往本机的模拟运营商，号码末四位决定通话结果（0001 有人接听，0002 忙线……）。
活动 demo 昼夜拨打、间隔极短，只能用于模拟运营商。接入真实线路之前，请删除示例名单和 demo 活动。**
**The people and numbers of the sample are made up, and its trunk leads to a simulated carrier on this machine, where
the last four digits of a number decide what becomes of a call (0001 somebody answers, 0002 busy, ...). The campaign
`demo` dials around the clock and at short intervals, which is for the simulated carrier only. Delete the sample list
and that campaign before you put in a real trunk.**
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    text: str
    secret: bool = False


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer init my-dialer")(init)


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where; default here.")] = Path(),
) -> None:
    """Write settings, random secrets, a sample list and the next steps; nothing is ever overwritten."""
    session = session_of(context)
    made: list[str] = []
    kept: list[str] = []
    for file in _files(folder):
        (made if _write(file) else kept).append(str(file.path))
    if session.json:
        session.emit({"made": list(made), "kept": list(kept)})
        return
    for path in made:
        session.out.print(Text.assemble(("+ ", "green"), path))
    for path in kept:
        session.out.print(
            Text.assemble(("= ", "bright_black"), path, (session.pick(" 已存在", " was there"), "bright_black"))
        )
    where = folder / _NEXT_STEPS_PATH
    if str(where) in made:
        session.say(f"接下来的步骤见 {where}。", f"The next steps are in {where}.", "bold")


def example_folder() -> Path:
    """The shipped settings: beside the package in a checkout, inside it in an installed wheel.

    Raises:
        SettingsError: they were not installed.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "config", package / "_config"):
        if (folder / "dialer.yaml").is_file():
            return folder
    raise SettingsError(f"The example settings are missing beside {package}. Install the dialer again.")


def _files(folder: Path) -> Iterator[_File]:
    examples = example_folder()
    config = folder / "config"
    main = config / "dialer.yaml"
    text = (examples / "dialer.yaml").read_text(encoding="utf-8")
    yield _File(path=main, text=text)
    for path in sorted(examples.rglob("*.yaml")):
        if path.name != main.name:
            yield _File(path=config / path.relative_to(examples), text=path.read_text(encoding="utf-8"))
    # The secrets are those of the settings that will be in force, which may have been there before.
    names = _SECRET_FILE.findall(main.read_text(encoding="utf-8") if main.exists() else text)
    for name in sorted(set(names)):
        yield _File(path=config / name, text=secrets.token_urlsafe(_SECRET_BYTES) + "\n", secret=True)
    yield _File(path=folder / _SAMPLE_PATH, text=_SAMPLE)
    yield _File(path=folder / _NEXT_STEPS_PATH, text=_NEXT_STEPS)


def _write(file: _File) -> bool:
    """Write a new file; False when there was one."""
    file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if file.secret else 0o777)
    try:
        handle = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if file.secret else 0o666)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(file.text)
    return True
