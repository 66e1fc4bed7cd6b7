"""A made-up portfolio for demonstrations and tests: no such people, loans or numbers exist.

Names are common surnames and given names put together by chance. Numbers begin with +86 154, a prefix that no
Chinese operator has been given, so that they are possible by length and reach nobody. The last four digits are
free for whoever simulates the network.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

DEMO_PREFIX = "+86154"
"""Unassigned, and invalid by the library's table of Chinese mobile prefixes."""

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
_DOUBLE_SURNAMES = ("欧阳", "司马", "诸葛", "上官")
_GIVEN = (
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "霞", "平",
    "刚", "桂英", "秀兰", "建国", "志强", "海燕", "晓东", "雪梅", "国庆", "文博", "子涵", "雨欣", "浩然", "梓萱",
    "俊杰", "思远", "佳怡", "立新", "春华", "永康", "美玲", "振宇", "红梅", "世杰",
    "嘉豪", "婉清", "德胜", "小龙", "玉兰", "凯", "鑫",
)  # fmt: skip
_REGIONS = (
    ("广东", 12), ("江苏", 9), ("山东", 9), ("浙江", 8), ("河南", 8), ("四川", 7), ("湖北", 6), ("湖南", 6),
    ("河北", 6), ("福建", 4), ("安徽", 5), ("辽宁", 4), ("江西", 4), ("陕西", 4), ("广西", 4), ("新疆", 2),
    ("上海", 3), ("北京", 3), ("重庆", 3), ("云南", 3),
)  # fmt: skip
_INDUSTRIES = ("建筑业", "制造业", "餐饮", "零售", "物流运输", "教育", "信息技术", "农业", "服务业", "个体经营")
_CLIENTS = ("演示银行", "示例消费金融", "样本小贷")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Product:
    name: str
    least: int
    """Smallest principal, in yuan."""
    most: int
    months: int
    rate: Decimal
    """Per year."""


_PRODUCTS = (
    _Product(name="消费贷", least=3_000, most=50_000, months=12, rate=Decimal("0.18")),
    _Product(name="现金贷", least=1_000, most=10_000, months=6, rate=Decimal("0.24")),
    _Product(name="信用卡", least=2_000, most=80_000, months=12, rate=Decimal("0.1825")),
    _Product(name="车贷", least=40_000, most=200_000, months=36, rate=Decimal("0.085")),
    _Product(name="经营贷", least=50_000, most=500_000, months=24, rate=Decimal("0.12")),
)
# Days past due (from, to), weight, and the grades that go with them, likeliest first.
_BUCKETS = ((1, 30, 55, "ABBC"), (31, 60, 20, "BCCD"), (61, 90, 12, "CCDD"), (91, 180, 13, "DDE"))
_REMARKS = ("", "", "", "", "曾承诺还款", "工资日为每月10日", "上次通话未接", "希望分期")

DEMO_HEADERS = {
    "account_no": "合同号",
    "client": "委托方",
    "debtor_key": "客户号",
    "debtor_name": "客户姓名",
    "phone": "本人手机",
    "phone2": "备用电话",
    "amount_due": "逾期金额",
    "principal": "贷款金额",
    "days_past_due": "逾期天数",
    "risk": "风险等级",
    "region": "省份",
    "product": "产品名称",
    "industry": "行业",
    "remark": "备注",
}
"""Field -> the Chinese header under which `write_demo_csv` writes it."""


def make_portfolio(n: int, seed: int) -> list[dict[str, str]]:
    """Make up accounts that hang together.

    The amount due grows with the days past due and the instalment, a risk grade fits the days, and about one
    debtor in twelve has two accounts. The same `n` and `seed` give the same accounts.

    Args:
        n: how many accounts, 0 or more and at most 10 million.
        seed: of the chance.

    Returns:
        One dict per account; the keys are those of `DEMO_HEADERS`.
    """
    # Made-up data is no secret and must be the same for the same seed.
    chance = random.Random(seed)
    accounts: list[dict[str, str]] = []
    debtor = _debtor(chance, 0)
    for number in range(n):
        if number == 0 or chance.random() >= 1 / 12:
            debtor = _debtor(chance, number)
        accounts.append({"account_no": f"HT{seed % 10_000:04d}{number:08d}", **debtor, **_loan(chance)})
    return [{name: account[name] for name in DEMO_HEADERS} for account in accounts]


def _debtor(chance: random.Random, number: int) -> dict[str, str]:
    double = chance.random() < 0.01
    surname = chance.choice(_DOUBLE_SURNAMES) if double else chance.choice(_SURNAMES)
    regions, weights = zip(*_REGIONS, strict=True)
    # Two numbers per debtor out of 100 million; a step without a common factor never meets one twice.
    first, second = ((2 * number + which) * 7_368_787 % 100_000_000 for which in (0, 1))
    return {
        "debtor_key": f"KH{number:08d}",
        "debtor_name": surname + chance.choice(_GIVEN),
        "phone": f"{DEMO_PREFIX}{first:08d}",
        "phone2": f"{DEMO_PREFIX}{second:08d}" if chance.random() < 0.3 else "",
        "region": chance.choices(regions, weights)[0],
        "industry": chance.choice(_INDUSTRIES),
        "client": chance.choice(_CLIENTS),
    }


def _loan(chance: random.Random) -> dict[str, str]:
    product = chance.choice(_PRODUCTS)
    principal = chance.randrange(product.least, product.most + 1, 100)
    first, last, _, grades = chance.choices(_BUCKETS, [weight for *_, weight, _ in _BUCKETS])[0]
    days = chance.randint(first, last)
    return {
        "product": product.name,
        "principal": f"{principal}.00",
        "days_past_due": str(days),
        "amount_due": str(_amount_due(product, principal, days)),
        "risk": chance.choice(grades),
        "remark": chance.choice(_REMARKS),
    }


def _amount_due(product: _Product, principal: int, days: int) -> Decimal:
    """Overdue instalments with interest, and a penalty of half the rate on top for the days past due."""
    instalment = principal / Decimal(product.months) + principal * product.rate / 12
    overdue = instalment * min(1 + days // 30, product.months)
    penalty = overdue * product.rate * Decimal("0.5") * days / 365
    return (overdue + penalty).quantize(Decimal("0.01"), ROUND_HALF_UP)


def write_demo_csv(path: Path, n: int, seed: int, encoding: str = "utf-8-sig") -> int:
    """Write a made-up portfolio as a list with Chinese headers, as lenders send it.

    Args:
        path: the file to write; replaced when it exists.
        n: how many accounts.
        seed: of the chance.
        encoding: such as `utf-8-sig` (Excel opens it) or `gb18030`.

    Returns:
        How many accounts were written.
    """
    accounts = make_portfolio(n, seed)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, DEMO_HEADERS)
        writer.writerow(DEMO_HEADERS)
        writer.writerows(accounts)
    return len(accounts)
