"""What may not be said is found however it is dressed up, and what may be said passes."""

from __future__ import annotations

import unicodedata

import pytest

from dialer.scripts.checking import check_text
from dialer.scripts.lexicon import REQUIRED, PatternError, loose, scan
from dialer.scripts.model import Language
from tests.unit.script_cases import playbook

FORBIDDEN = [
    ("threat", "再不处理您就等着坐牢吧"),
    ("threat", "我们会安排人员上门催收"),
    ("threat", "不还的话后果自负"),
    ("threat", "让您的邻居都知道"),
    ("threat", "会影响您孩子上学"),
    ("threat", "这是最后一次机会"),
    ("threat", "We know where you live"),
    ("threat", "You could go to jail for this"),
    ("threat", "This is your last chance"),
    ("threat", "we will send someone to your house"),
    ("impersonation", "您好，我是公安局经侦大队的"),
    ("impersonation", "我们代表某某律所"),
    ("impersonation", "法院已经立案"),
    ("impersonation", "I am a police officer"),
    ("impersonation", "This is the court"),
    ("disclosure", "那我们只能联系您的家人了"),
    ("disclosure", "会通知您单位领导"),
    ("disclosure", "他欠了银行的钱"),
    ("disclosure", "麻烦您替他还一下"),
    ("disclosure", "we will call your employer"),
    ("disclosure", "Could you pay it for him"),
    ("disclosure", "your husband owes us money"),
    ("borrowing", "您可以找朋友借一点先还上"),
    ("borrowing", "可以以贷还贷"),
    ("borrowing", "在其他平台借一笔周转"),
    ("borrowing", "刷另一张信用卡还上"),
    ("borrowing", "you could borrow from a friend"),
    ("borrowing", "just take out another loan"),
    ("legal", "我们会向法院起诉您"),
    ("legal", "we will take you to court"),
    ("insult", "您就是个老赖"),
    ("insult", "you deadbeat"),
    ("deceit", "还清后帮您消除征信记录"),
    ("private_channel", "您加我微信转给我就行"),
]
ALLOWED = [
    "若怀疑被冒用，可以报警，并向我们提供回执。",
    "请不要以贷还贷。",
    "请不要转账到任何个人账户。",
    "我们不会联系您的家人或单位。",
    "逾期记录会按征信管理规定如实报送。",
    "Please do not borrow elsewhere for it.",
    "We will not call your employer.",
    "You may ask us to stop calling and I note it at once.",
    "The policy of the bank is on its website.",
]
TELLING = [
    "您的贷款",
    "逾期了三天",
    "还款",
    "信用卡中心",
    "欠费",
    "a payment",
    "your loan is overdue",
    "CREDIT",
    "催收部",
]
SILENT = ["您好，请问是王女士吗？", "有一件个人业务需要确认", "抱歉打扰", "a personal matter", "Please ring us back"]


@pytest.mark.parametrize(("category", "text"), FORBIDDEN)
def test_it_is_refused_and_its_kind_is_named(category: str, text: str) -> None:
    assert category in {hit.entry.category for hit in check_text(text, playbook().lexicon)}


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text)


def in_between(sign: str, text: str) -> str:
    words = text.split(" ")
    return " ".join(sign.join(word) for word in words)


DRESSES = {
    "full width": full_width,
    "capitals": str.upper,
    "spaces": lambda text: in_between(" ", text),
    "full width spaces": lambda text: in_between("\u3000", text),
    "punctuation": lambda text: in_between("·", text),
    "stars": lambda text: in_between("*", text),
    "full stops": lambda text: in_between("。", text),
    "several signs": lambda text: in_between("-_ -", text),
    "unseen characters": lambda text: in_between("\u200b\u2060", text),
    "line breaks": lambda text: in_between("\n", text),
    "emoji": lambda text: in_between("🙂", text),
    "decomposed": lambda text: unicodedata.normalize("NFKD", text),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize(("category", "text"), FORBIDDEN)
def test_dressing_it_up_does_not_help(dress: str, category: str, text: str) -> None:
    hits = check_text(DRESSES[dress](text), playbook().lexicon)
    assert category in {hit.entry.category for hit in hits}, DRESSES[dress](text)


DISGUISED = [
    *("坐x牢", "坐1牢", "坐ab牢", "通知您單位", "以貸還貸"),
    *("p0lice has filed", "the pоlice has filed", "𝐩𝐨𝐥𝐢𝐜𝐞 has filed", "ｐｏｌｉｃｅ has filed!"),
    *("you will be arrest3d", "go to ja1l", "h@ve you arrested"),
]


@pytest.mark.parametrize("text", DISGUISED)
def test_letters_among_characters_look_alikes_and_digits_for_letters_do_not_help(text: str) -> None:
    assert check_text(text, playbook().lexicon)


@pytest.mark.parametrize("text", ALLOWED)
def test_what_a_humane_bank_says_passes(text: str) -> None:
    assert check_text(text, playbook().lexicon) == ()


def test_an_exception_is_read_strictly() -> None:
    assert check_text("请不要以贷还贷", playbook().lexicon) == ()
    assert check_text("请不要以*贷*还*贷", playbook().lexicon)
    assert check_text("可以以贷还贷，请不要以贷还贷", playbook().lexicon), "one that is excused excuses no other"


@pytest.mark.parametrize("text", TELLING)
def test_a_word_that_tells_of_a_debt_is_refused_where_anybody_may_hear_it_and_nowhere_else(text: str) -> None:
    assert check_text(text, playbook().lexicon, public=True)
    assert check_text(text, playbook().lexicon) == ()


@pytest.mark.parametrize("text", SILENT)
def test_what_tells_of_nothing_may_be_said_to_anybody(text: str) -> None:
    assert check_text(text, playbook().lexicon, public=True) == ()


def test_a_hit_says_where_it_stands_in_the_text_as_it_was_given() -> None:
    text = "好的。ＷＥ　ＫＮＯＷ where you live, 您会坐 。 牢"
    for hit in scan(playbook().lexicon, text):
        assert text[hit.begin : hit.end] == hit.found
    assert {hit.found for hit in scan(playbook().lexicon, text)} == {"ＷＥ　ＫＮＯＷ where you live", "坐 。 牢"}


def test_the_shipped_lexicon_has_what_every_lexicon_must_have_and_each_entry_has_a_source() -> None:
    lexicon = playbook().lexicon
    assert set(REQUIRED) <= {entry.category for entry in lexicon.entries}
    for language in Language:
        assert set(REQUIRED) <= {entry.category for entry in lexicon.entries if entry.language is language}
    assert all(entry.source or lexicon.categories[entry.category].source for entry in lexicon.entries)


def test_a_pattern_that_cannot_be_read_is_told() -> None:
    with pytest.raises(PatternError, match="no regular expression"):
        loose("坐(牢", Language.ZH)


def test_a_long_text_of_nothing_but_signs_takes_no_time_to_speak_of() -> None:
    text = "通" + "。*- " * 5_000 + "知您" + "a.b " * 5_000
    assert {hit.entry.category for hit in scan(playbook().lexicon, text)} == set()
