"""Made-up people: names, numbers, work and income. No such people and no such numbers exist.

Numbers begin with `DEMO_PREFIX`, which no Chinese operator has been given. Of a few people the number is dead or a
machine answers: theirs end as the simulated network knows it (`dialer.pbx.carrier.Fixed`); no other number ends so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from dialer.accounts.demo_data import DEMO_PREFIX

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈"
)
_DOUBLE_SURNAMES: Final = ("欧阳", "司马", "诸葛", "上官")
_GIVEN_MALE: Final = (
    "伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "明", "超", "平", "刚", "建国", "志强", "晓东", "国庆", "文博",
    "浩然", "俊杰", "思远", "立新", "永康", "振宇", "世杰", "嘉豪", "德胜", "小龙", "凯", "鑫",
)  # fmt: skip
_GIVEN_FEMALE: Final = (
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "桂英", "秀兰", "海燕", "雪梅", "子涵", "雨欣", "梓萱", "佳怡",
    "春华", "美玲", "红梅", "婉清", "玉兰",
)  # fmt: skip
_FOREIGN: Final = ("Alex Sample", "Maria Example", "John Demo", "Li Na Specimen", "Tom Muster", "Anna Placeholder")

REGIONS: Final = {
    "广东": (12, 0.95), "江苏": (9, 0.85), "山东": (9, 0.95), "浙江": (8, 0.85), "河南": (8, 1.15),
    "四川": (7, 1.05), "湖北": (6, 1.0), "湖南": (6, 1.05), "河北": (6, 1.05), "福建": (4, 0.95),
    "安徽": (5, 1.0), "辽宁": (4, 1.2), "江西": (4, 1.0), "陕西": (4, 1.0), "广西": (4, 1.15),
    "新疆": (2, 1.1), "上海": (3, 0.8), "北京": (3, 0.8), "重庆": (3, 1.05), "云南": (3, 1.15),
}  # fmt: skip
"""Province -> share of the people, and how much likelier than elsewhere they fall behind."""


class Industry(NamedTuple):
    """What somebody works in."""

    weight: int
    risk: float
    """How much likelier than elsewhere they fall behind."""
    income: int
    """Usual yuan a month."""
    occupations: tuple[str, ...]
    evening: float
    """How much likelier than by day they answer in the evening."""


INDUSTRIES: Final = {
    "建筑业": Industry(12, 1.5, 6500, ("木工", "电工", "造价员", "项目经理", "塔吊司机"), 1.7),
    "制造业": Industry(16, 1.0, 6000, ("操作工", "质检员", "车间主任", "仓管员"), 1.5),
    "餐饮": Industry(9, 1.35, 5000, ("服务员", "厨师", "店长", "外卖员"), 0.7),
    "零售": Industry(11, 1.1, 5200, ("店员", "导购", "采购", "店主"), 0.9),
    "物流运输": Industry(10, 1.15, 7500, ("货车司机", "快递员", "调度员", "装卸工"), 1.0),
    "教育": Industry(7, 0.6, 7800, ("教师", "教务", "培训师"), 1.8),
    "信息技术": Industry(8, 0.55, 15000, ("程序员", "测试工程师", "产品经理", "运维"), 2.0),
    "农业": Industry(6, 1.2, 4000, ("种植户", "养殖户", "农机手"), 1.2),
    "服务业": Industry(12, 1.1, 5000, ("美容师", "保安", "家政员", "客服"), 1.1),
    "个体经营": Industry(9, 1.3, 8000, ("小店老板", "摊主", "网店店主"), 0.9),
}
_CLIENTS: Final = ("演示银行", "示例消费金融", "样本小贷")
_EDUCATION: Final = (("初中", 20), ("高中", 30), ("大专", 28), ("本科", 19), ("硕士", 3))
_MARITAL: Final = (("已婚", 62), ("未婚", 27), ("离异", 9), ("丧偶", 2))
_RELATIONS: Final = (("配偶", 40), ("父母", 20), ("兄弟姐妹", 18), ("朋友", 14), ("同事", 8))

INVALID_ENDING, MACHINE_ENDING, OFF_ENDING = "0004", "0007", "0009"
_TAKEN: Final = frozenset(range(1, 12))  # the endings of `Fixed`


class Person(NamedTuple):
    """Somebody who owes. A tuple, because millions are made."""

    key: str
    name: str
    sex: str
    birth_year: int
    birth_month: int
    birth_day: int
    id_no: str
    phones: tuple[str, ...]
    region: str
    industry: str
    occupation: str
    employer: str
    income: int
    education: str
    marital: str
    language: str
    client: str
    contacts: tuple[tuple[str, str, str], ...]
    """(name, relation, number)."""
    reachable: float
    """Hidden: how likely they pick up, 1 is usual; 0: nobody does."""


class Numbers:
    """Numbers that were not given before: ordinary ones, and dead ones while there are any."""

    def __init__(self) -> None:
        self._next = 0
        self._special = dict.fromkeys((INVALID_ENDING, MACHINE_ENDING, OFF_ENDING), 0)

    def ordinary(self) -> str:
        """One that nothing is known of."""
        while True:
            # A step without a common factor meets none of the 100 million twice.
            digits = self._next * 7_368_787 % 100_000_000
            self._next += 1
            if digits % 10_000 not in _TAKEN:
                return f"{DEMO_PREFIX}{digits:08d}"

    def ending(self, ending: str) -> str:
        """One with this ending; there are ten thousand of each, then it is an ordinary one."""
        count = self._special[ending]
        if count >= 10_000:
            return self.ordinary()
        self._special[ending] = count + 1
        return f"{DEMO_PREFIX}{count * 7919 % 10_000:04d}{ending}"


class _Choice:
    """A weighted choice that takes one number of chance."""

    def __init__(self, weighted: Sequence[tuple[str, int]]) -> None:
        self._sums = list(accumulate(weight for _, weight in weighted))
        self._values = [value for value, weight in weighted for _ in range(weight)]

    def of(self, draw: float) -> str:
        return self._values[int(draw * self._sums[-1])]


_region = _Choice([(name, weight) for name, (weight, _) in REGIONS.items()])
_industry = _Choice([(name, one.weight) for name, one in INDUSTRIES.items()])
_education = _Choice(_EDUCATION)
_marital = _Choice(_MARITAL)
_relation = _Choice(_RELATIONS)
_CHECK: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def make_person(chance: Random, number: int, numbers: Numbers) -> Person:
    """Make one up.

    Args:
        chance: seeded.
        number: counts people, from 0.
        numbers: hands out telephone numbers.
    """
    draw = chance.random
    female = draw() < 0.4
    foreign = draw() < 0.01
    industry = _industry.of(draw())
    work = INDUSTRIES[industry]
    year, month, day = 1960 + int(draw() * 45), 1 + int(draw() * 12), 1 + int(draw() * 28)
    dead = draw()
    own = _own_numbers(dead, draw() < 0.3, numbers)
    return Person(
        key=f"KH{number:08d}",
        name=_FOREIGN[number % len(_FOREIGN)] + f" {number % 997}" if foreign else _name(draw(), draw(), female=female),
        sex="女" if female else "男",
        birth_year=year,
        birth_month=month,
        birth_day=day,
        id_no=_id_no(number, year, month, day, female=female),
        phones=own,
        region=_region.of(draw()),
        industry=industry,
        occupation=work.occupations[int(draw() * len(work.occupations))],
        employer=f"示例{industry}第{1 + int(draw() * 300)}公司",
        income=max(2000, round(work.income * (0.55 + draw() + 0.6 * draw() ** 4) / 100) * 100),
        education=_education.of(draw()),
        marital=_marital.of(draw()),
        language="en" if foreign else "zh",
        client=_CLIENTS[int(draw() * len(_CLIENTS))],
        contacts=tuple(_contact(draw, numbers) for _ in range(int(draw() * 3))),
        reachable=0.0 if dead < 0.05 else 0.5 + draw(),
    )


def _own_numbers(dead: float, second: bool, numbers: Numbers) -> tuple[str, ...]:
    if dead < 0.025:
        first = numbers.ending(INVALID_ENDING)
    elif dead < 0.05:
        first = numbers.ending(OFF_ENDING)
    elif dead < 0.07:
        first = numbers.ending(MACHINE_ENDING)
    else:
        first = numbers.ordinary()
    return (first, numbers.ordinary()) if second else (first,)


def _name(first: float, second: float, *, female: bool) -> str:
    given = _GIVEN_FEMALE if female else _GIVEN_MALE
    surname = _DOUBLE_SURNAMES[int(first * 400)] if first < 0.01 else _SURNAMES[int(first * len(_SURNAMES))]
    return surname + given[int(second * len(given))]


def _contact(draw: Callable[[], float], numbers: Numbers) -> tuple[str, str, str]:
    return _name(draw(), draw(), female=draw() < 0.5), _relation.of(draw()), numbers.ordinary()


def _id_no(number: int, year: int, month: int, day: int, *, female: bool) -> str:
    """In the form of a resident's number, of region 99, which there is not; the check digit is right.

    Source: GB 11643-1999, check digit by ISO 7064 MOD 11-2.
    """
    order = number % 500 * 2 + (0 if female else 1)
    body = f"99{number // 500 % 10_000:04d}{year:04d}{month:02d}{day:02d}{order:03d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, _CHECK, strict=True)) % 11
    return body + "10X98765432"[rest]
