"""One file of `scripts/` to a script. What its texts say is for `dialer.scripts.checking` to judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from dialer.config.problems import Problem, SettingsFileError
from dialer.config.read import read_model
from dialer.config.script_models import AnswerSection, ScriptFile, StepSection
from dialer.config.written import Written
from dialer.config.yaml_source import KeyPath
from dialer.scripts.model import Approval, Objection, Place, Question, Script, Step


def load_script(path: Path, env: Mapping[str, str]) -> Script:
    """Read a script; its name is the file's.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    source, file = read_model(path, ScriptFile, env, made_by="dialer init")
    written = Written.of(source)
    body = "\n".join(written.lines) + "\n"
    problems = list(_problems(written, file))
    if problems:
        raise SettingsFileError(problems)
    return Script(
        name=file.script,
        version=file.version,
        digest=hashlib.sha256(body.encode()).hexdigest()[:12],
        body=body,
        place=Place(path=str(path), line=1),
        kind=file.kind,
        tier=file.tier,
        party=file.party,
        title=written.said(file.title, ("title",)),
        steps=tuple(_step(written, one, ("steps", spot)) for spot, one in enumerate(file.steps)),
        objections=tuple(_answer(written, one, ("answers", spot)) for spot, one in enumerate(file.answers)),
        approval=None if file.approved is None else Approval(by=file.approved.by, on=file.approved.on),
    )


def _problems(written: Written, file: ScriptFile) -> Iterator[Problem]:
    stem = written.source.path.stem
    if file.script != stem:
        yield written.problem(("script",), f'the file is named "{stem}.yaml"; write `script: {stem}`')
    for part, ids in (("steps", [one.id for one in file.steps]), ("answers", [one.id for one in file.answers])):
        for spot, name in enumerate(ids):
            if name in ids[:spot]:
                yield written.problem((part, spot, "id"), f'"{name}" was there before; every id is given once')


def _step(written: Written, one: StepSection, key: KeyPath) -> Step:
    return Step(
        id=one.id,
        title=written.said(one.title, (*key, "title")),
        say=written.said(one.say, (*key, "say")),
        identity=one.identity,
        tip=None if one.tip is None else written.said(one.tip, (*key, "tip")),
        questions=tuple(
            Question(ask=written.said(question, (*key, "questions", spot)), fact=question.fact or "")
            for spot, question in enumerate(one.questions)
        ),
        options=one.options,
    )


def _answer(written: Written, one: AnswerSection, key: KeyPath) -> Objection:
    return Objection(
        id=one.id,
        heard=written.said(one.heard, (*key, "heard")),
        answer=written.said(one.answer, (*key, "answer")),
        early=one.early,
    )
