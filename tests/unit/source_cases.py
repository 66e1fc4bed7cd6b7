"""A folder in which files of several sources are imported, and the same people in three of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from typer.testing import CliRunner, Result

from dialer.cli.main import app

WANG = {
    "合同号": "HT-1",
    "客户姓名": "王小明",
    "证件号": "990000199001010017",
    "本人手机": "15400000001",
    "省份": "浙江",
    "职业": "司机",
    "月收入": "1.2万",
    "产品名称": "消费贷",
    "贷款金额": "¥12,000.00",
    "利率": "18%",
    "期数": "3",
    "还款方式": "等额本金",
    "放款时间": "45931",
    "首次还款日": "2025/11/1",
    "申请日期": "2025年9月28日",
}
"""Somebody's application; 45931 is 2025-10-01 to a spreadsheet."""
LISTED = {
    "合同号": "HT-1",
    "委托方": "",
    "客户姓名": "王小明",
    "本人手机": "15400000001",
    "逾期金额": "4,120元",
    "逾期天数": "20",
    "省份": "江苏",
}
REPAID = (
    {"合同号": "HT-1", "期数": "1", "应还款时间": "2025-11-01", "应还本金": "4000", "应还利息": "180.00",
     "实还金额": "4,180.00", "实际还款时间": "2025-11-03", "流水号": "T-1"},
    {"合同号": "HT-1", "期数": "2", "应还款时间": "2025-12-01", "应还本金": "4000", "应还利息": "120.00",
     "实还金额": "", "实际还款时间": "", "流水号": ""},
    {"合同号": "HT-1", "期数": "3", "应还款时间": "2026-01-01", "应还本金": "4000", "应还利息": "60.00",
     "实还金额": "", "实际还款时间": "", "流水号": ""},
)  # fmt: skip
SCORED = {"contract_no": "HT-1", "model": "b-card", "score": "588", "grade": "C", "scored_on": "2026-01-05"}
NAMED = {"合同号": "HT-1", "联系人姓名": "李四", "关系": "同事", "联系人电话": "15400000077", "号码状态": ""}


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with settings."""

    folder: Path

    def run(self, *words: str) -> Result:
        config = str(self.folder / "config" / "dialer.yaml")
        return CliRunner().invoke(app, ["--config", config, "--lang", "en", *words], env={"COLUMNS": "200"})

    def told(self, *words: str) -> Any:
        done = self.run("--json", *words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def file(self, name: str, rows: Sequence[Mapping[str, str]], encoding: str = "utf-8") -> str:
        path = self.folder / name
        if name.endswith(".xlsx"):
            book = openpyxl.Workbook()
            assert book.active is not None
            for row in (list(rows[0]), *(list(row.values()) for row in rows)):
                book.active.append(row)
            book.save(path)
        else:
            with path.open("w", encoding=encoding, newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        return str(path)

    def counts(self, kind: str, file: str, *more: str) -> tuple[int, int, int, int]:
        """(added, updated, unchanged, rejected) of an import."""
        told = self.told("import", kind, file, *more)
        done = told["imported"]
        return done["added"], done["updated"], done["unchanged"], len({one["row"] for one in told["rejected"]})


def made(folder: Path) -> Place:
    place = Place(folder)
    assert CliRunner().invoke(app, ["init", str(folder)]).exit_code == 0
    return place
