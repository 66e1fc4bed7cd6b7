"""Every mistake in strategies.yaml, lexicon.yaml and scripts/ is told with its line, before anybody says it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.cli.main import app
from dialer.config import SettingsFileError, load_campaign, load_dialer
from dialer.config.experiments import load_hold_outs
from dialer.config.playbook import as_problem, load_playbook, survey
from dialer.config.script_file import load_script
from dialer.scripts.checking import check_script
from dialer.scripts.model import Language
from dialer.scripts.rendering import ForbiddenTextError
from tests.unit.script_cases import NOWHERE, SEGMENTS, SHIPPED, playbook, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("strategies.yaml", "lexicon.yaml"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    shutil.copytree(SHIPPED / "scripts", tmp_path / "scripts")
    return tmp_path


def edit(path: Path, old: str, new: str) -> int:
    """Replace a text that is there once; returns the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (text.count(old), old)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def told(folder: Path) -> str:
    with pytest.raises(SettingsFileError) as error:
        load_playbook(folder, SHIPPED, {})
    return str(error.value)


def test_what_is_shipped_is_sound_with_and_without_files_of_ones_own(folder: Path) -> None:
    assert load_playbook(NOWHERE, SHIPPED, {}).scripts.keys() == load_playbook(folder, SHIPPED, {}).scripts.keys()


PURPOSE = "可能是您事忙忘记了，特地提醒您一下。"
APPROVED = "approved: {by: 合规部与消保部（示例，请换成贵行的审批）, on: 2026-01-12}\n"
GREET = "请问是{{ surname }}先生/女士吗？本次通话会录音。"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("reminder", PURPOSE, "再不还就去你单位找你。", "threat: `去你单位找`: a threat"),
        ("reminder", PURPOSE, "您可以找朋友借一点先还上。", "borrowing: `找朋友借`"),
        ("reminder", PURPOSE, "我们是法院的。", "impersonation: `我们是法院`"),
        ("reminder", PURPOSE, "我们会通知您的家人。", "disclosure: `通知您的家人`"),
        ("reminder", PURPOSE, "坐{% if days_past_due > 3 %}。{% endif %}牢", "threat: "),
        ("reminder", GREET, "您的贷款逾期了，请问是您吗？", "identity: `贷`: a word that tells of a debt"),
        ("reminder", GREET, "您{{ days_past_due }}天了", "`days_past_due` tells of a debt, and identity"),
        ("reminder", "identity: true", "identity: false", "one step must check identity"),
        ("reminder", PURPOSE, "{{ nickname }}", "`nickname` is not known."),
        ("reminder", PURPOSE, "{{ amount_due | money(2) }}", "the filter `money` is not known"),
        ("reminder", PURPOSE, "{{ amount_due | upper }}", "the filter `upper` is not known"),
        ("reminder", PURPOSE, "{% include 'x' %}", "`Include` is not allowed"),
        ("reminder", PURPOSE, "{{ amount_due.__class__ }}", "`Getattr` is not allowed"),
        ("reminder", PURPOSE, "{{ '坐' ~ '牢' }}", "text within {{ }} is not printed"),
        ("reminder", PURPOSE, "{% for x in range(9) %}{% endfor %}", "`for` goes over `options` only"),
        ("reminder", PURPOSE, "{% if %}", "not a template: Expected an expression"),
        ("third-party", "想联系{{ surname }}先生/女士本人", "{{ surname }}欠款了", "third_party: `欠`"),
        ("third-party", "想联系{{ surname }}先生/女士本人", "{{ product }}", "`product` tells of a debt, and whoever"),
        ("third-party", "tier: neutral", "tier: neutral\nidentity: x", "identity: this key is not known"),
        ("message-call-back", "我们有一件个人业务需要与您确认", "您的账单到期", "third_party: `账单`"),
        ("firm", APPROVED, "", "a firm script needs an approval"),
        ("standard", "script: standard", "script: standrad", 'the file is named "standard.yaml"'),
        ("standard", "version: 1", "version: one", '"one" is not a whole number'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_script_is_told_with_its_line(tmp_path: Path, file: str, old: str, new: str, says: str) -> None:
    path = tmp_path / f"{file}.yaml"
    shutil.copy(SHIPPED / f"scripts/{file}.yaml", path)
    line = edit(path, old, new)
    try:
        problems = [as_problem(one) for one in check_script(load_script(path, {}), playbook().lexicon)]
    except SettingsFileError as error:
        problems = list(error.problems)
    found = [str(one) for one in problems if says in str(one)]
    assert found, problems
    expected = (1,) if "one step must" in says or "a firm script" in says else (line, line + 1)
    assert any(one.startswith(f"{path}:{n}: ") for one in found for n in expected), found


def test_the_line_within_a_text_of_several_lines_is_named(folder: Path) -> None:
    path = folder / "scripts/standard.yaml"
    edit(
        path,
        "      zh: 谢谢。您尾号{{ tail }}的",
        "      zh: |\n        谢谢。\n        请坐。\n        再不还就坐牢。您尾号{{ tail }}的",
    )
    line = path.read_text(encoding="utf-8").splitlines().index("        请坐。") + 2
    assert f"{path}:{line}: steps[3].say.zh: threat: `坐牢`" in told(folder)


def test_every_finding_of_every_file_is_told_at_once(folder: Path) -> None:
    edit(folder / "scripts/reminder.yaml", PURPOSE, "再不还就坐牢。")
    edit(folder / "scripts/standard.yaml", "tier: standard", "tier: nice")
    edit(folder / "strategies.yaml", "when: promise_open", "when: promise_oppen")
    text = told(folder)
    assert "坐牢" in text
    assert '"nice" is not one of neutral, reminder' in text
    assert "'promise_oppen' is not a known fact. Did you mean promise_open?" in text
    seen = survey(folder, SHIPPED, {})
    assert seen.playbook is None
    assert len(seen.findings) >= 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("script: hardship-quiet", "script: hardship-quite", 'no sound script "hardship-quite". Did you mean'),
        ("ability == 'able' and willingness == 'unwilling'", "ability == 'abel'", "ability is never 'abel'."),
        ("when: promise_open\n", "when: days_past_due\n", "it is a value, not a condition"),
        ("    when: party == 'debtor'\n", "    when: days_past_due > 3\n", "no strategy always holds for a debtor"),
        ("habit == 'breaks_promises' and ability == 'able'", "willingness == 'willing'", "'willingness' is not a"),
        ("- value: punctual", "- value: punctuel", '"punctuel" is no habit'),
        ("office: {zh: 客户服务中心,", "office: {zh: 贷款催收部,", "third_party: `贷`"),
        ("    why:\n      zh: 接听的是担保人", "    why:\n      zh: 让他坐牢", "threat: `坐牢`"),
        ("share: 5%, for: 7d", "share: 0.005%, for: 7d", "a share is a whole number of hundredths"),
        ("share: 5%, for: 7d", "share: 90%, for: 7d", "the shares leave nothing for the champion"),
        ("when: days_past_due <= 15 and", "when: attempts <= 15 and", "'attempts' is not a known fact here"),
        ("ends_on: 2026-12-31", "ends_on: 2025-12-31", "it ends before it begins"),
        ("{reminder: reminder-brief}", "{reminder: firm}", '"firm" is for another party or of another tier'),
        ("      brief: {share", "      champion: {share", "`champion` has a meaning of its own"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_strategies_is_told_with_its_line(folder: Path, old: str, new: str, says: str) -> None:
    path = folder / "strategies.yaml"
    edit(path, old, new)
    found = [one for one in told(folder).splitlines() if says in one]
    assert found, told(folder)
    assert found[0].startswith(f"{path}:")
    assert int(found[0].removeprefix(f"{path}:").partition(":")[0]) > 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("category: borrowing\n    language: zh", "category: insult\n    language: zh", ""),
        ("[坐牢, ", '["坐(牢", ', "`坐(牢` is no regular expression"),
        ("[坐牢, ", '["坐?牢?", ', "is found in every text"),
        ("[deadbeat, ", "[Deadbeat, ", "must be written in ordinary small characters"),
        ("- id: zh-insult", "- id: zh-jail", '"zh-jail" is already the id of entry 1'),
        ("category: deceit\n    language: zh", "category: deciet\n    language: zh", '"deciet" is no category'),
    ],
)
def test_a_mistake_in_the_lexicon_is_told_with_its_line(folder: Path, old: str, new: str, says: str) -> None:
    path = folder / "lexicon.yaml"
    edit(path, old, new)
    if not says:
        assert load_playbook(folder, SHIPPED, {}).lexicon, "another language still has the category"
        return
    assert any(says in one and one.startswith(f"{path}:") for one in told(folder).splitlines()), told(folder)


def test_a_lexicon_without_a_category_that_every_one_must_have_is_refused(folder: Path) -> None:
    path = folder / "lexicon.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("category: borrowing", "category: insult"), encoding="utf-8"
    )
    assert "nothing is of the category `borrowing`, which every lexicon must have" in told(folder)


def test_a_value_that_makes_a_text_say_what_may_not_be_said_is_not_shown(folder: Path) -> None:
    with pytest.raises(ForbiddenTextError) as error:
        said(replace(SEGMENTS["everybody else"], product="不还就坐牢贷"), Language.ZH)
    assert error.value.categories == ("threat",)
    assert "坐牢" not in str(error.value), "the sentence may be about somebody"


def test_experiments_that_hold_anybody_out_reach_the_campaigns_when_they_are_active(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    settings = load_dialer(tmp_path / "config/dialer.yaml")
    campaign = tmp_path / "config/campaigns/demo.yaml"
    assert load_campaign(campaign, settings).hold_outs == ()
    edit(tmp_path / "config/strategies.yaml", "active: false\n    salt", "active: true\n    salt")
    (experiment,) = load_campaign(campaign, settings).hold_outs
    assert (experiment.name, experiment.hold_share, experiment.hold_days) == ("brief-reminder", 500, 7)
    assert [(arm.name, arm.share) for arm in experiment.arms] == [
        ("hold_out", 500),
        ("brief", 2000),
        ("champion", 7500),
    ]
    edit(tmp_path / "config/strategies.yaml", 'salt: "1"', 'salt: "1"\n    salz: x')
    with pytest.raises(SettingsFileError, match=r"strategies.yaml:\d+: experiments\[1\].salz: this key is not known"):
        load_campaign(campaign, settings)


def test_without_a_file_of_ones_own_nobody_is_experimented_on() -> None:
    assert load_hold_outs(NOWHERE, {}) == ()
    assert load_hold_outs(SHIPPED, {}) == ()
