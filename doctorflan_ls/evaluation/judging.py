"""A file of answers judged: each answer in a call of its own, as often as there are repeats.

The judge explains first and gives a whole number from 1 to 10 as ``[[n]]``. What cannot be read is
asked again, three times at the most.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from doctorflan_ls.answers.plain import WithoutThought
from doctorflan_ls.drafts import digest
from doctorflan_ls.engine.crew import in_parallel
from doctorflan_ls.errors import DoctorFlanError, ModelUnavailable
from doctorflan_ls.evaluation.judge_client import FATAL, Judge, Reply
from doctorflan_ls.evaluation.judge_prompts import JudgePrompts
from doctorflan_ls.evaluation.judgements import HIGHEST, LOWEST, Judgement, Key
from doctorflan_ls.evaluation.rows import Answered, key_of
from doctorflan_ls.models.base import Message, Stop
from doctorflan_ls.models.openai import estimate

AGAIN = 3
"""How often a judgement that cannot be read is asked for again."""

_SCORE = re.compile(r"\[\[\s*(.{0,20}?)\s*\]\]", re.DOTALL)
# What a judge writes for one answer, in tokens: an explanation of some sentences.
_EXPLANATION = 300
_MOST_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One judgement to ask for: ``turn`` and ``repeat`` count from 1."""

    answered: Answered
    turn: int
    repeat: int
    messages: tuple[Message, ...]
    digest: str

    @property
    def key(self) -> Key:
        """What the judgement is of."""
        return Key(key_of(self.answered.row.id), self.turn, self.repeat)


@dataclass(frozen=True, slots=True)
class JudgeOutcome:
    """What came of a question: a judgement, or why there is none yet."""

    question: Question
    judgement: Judgement | None
    failure: DoctorFlanError | None = None


class Cost(NamedTuple):
    """What questions take: calls, tokens in and out; ``estimated`` tokens are no count."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    estimated: bool

    def price(self, per_million_in: float, per_million_out: float) -> float:
        """In the currency of the prices, which are per million tokens."""
        spent = self.prompt_tokens * per_million_in + self.completion_tokens * per_million_out
        return spent / 1_000_000


def questions(
    answered: Sequence[Answered],
    prompts: JudgePrompts,
    repeats: int,
    done: Mapping[Key, Judgement],
    *,
    unreadable_again: bool = False,
) -> list[Question]:
    """What is still to be asked, the first repeat of all before the second.

    ``unreadable_again``: also what nobody could read before.
    """
    asked = []
    for each in answered:
        for turn in range(1, len(each.answers) + 1):
            said = prompts.messages(each, turn)
            asked.append((each, turn, said, digest("\0".join(part.text for part in said))[:16]))
    found = []
    for repeat in range(1, repeats + 1):
        for each, turn, said, what in asked:
            question = Question(each, turn, repeat, said, what)
            known = done.get(question.key)
            stands = known is not None and known.digest == what
            if not stands or (unreadable_again and known is not None and known.score is None):
                found.append(question)
    return found


def judge_all(
    asked: Sequence[Question],
    judge: Judge,
    hands: int,
    stop: Stop,
    keep: Callable[[Judgement], None],
) -> Iterator[JudgeOutcome]:
    """What comes of each question, as it comes; ``keep`` is called with each judgement at once.

    Ends early where no other question would be answered either.
    """

    def work(question: Question, _hand: int) -> JudgeOutcome | None:
        outcome = _judged(question, judge, stop)
        if outcome is not None and outcome.failure is not None and outcome.failure.key in FATAL:
            stop.set()
        return outcome

    def kept(outcome: JudgeOutcome | None) -> None:
        if outcome is not None and outcome.judgement is not None:
            keep(outcome.judgement)

    failures = 0
    for outcome in in_parallel(work, asked, hands, stop, kept):
        if outcome is None:
            continue
        yield outcome
        failures = failures + 1 if outcome.failure is not None else 0
        if failures >= _MOST_IN_A_ROW * hands:
            return


def score_of(text: str) -> int | None:
    """The score that a judge's answer ends with; None where it gives none.

    The last ``[[...]]`` counts, and only a whole number from 1 to 10 in it. What the judge only
    thought is no answer.
    """
    spoken = WithoutThought()
    said = unicodedata.normalize("NFKC", spoken.push(text) + spoken.finish())
    found = _SCORE.findall(said)
    if not found or not re.fullmatch(r"[0-9]{1,2}", found[-1]):
        return None
    score = int(found[-1])
    return score if LOWEST <= score <= HIGHEST else None


def estimated(asked: Sequence[Question]) -> Cost:
    """What asking takes, rather too much than too little, if every answer can be read."""
    prompt = sum(estimate.tokens(each.messages, chinese=True) for each in asked)
    return Cost(len(asked), prompt, len(asked) * _EXPLANATION, estimated=True)


def spent(judgements: Sequence[tuple[Question, Judgement]]) -> Cost:
    """What was asked took: as the server counted it, else estimated."""
    calls = prompt = completion = 0
    guessed = False
    for question, judgement in judgements:
        calls += judgement.asked
        if judgement.prompt_tokens is None or judgement.completion_tokens is None:
            guessed = True
            prompt += judgement.asked * estimate.tokens(question.messages, chinese=True)
            answer = Message("assistant", judgement.explanation)
            completion += judgement.asked * estimate.tokens([answer], chinese=True)
        else:
            prompt += judgement.prompt_tokens
            completion += judgement.completion_tokens
    return Cost(calls, prompt, completion, guessed)


def _judged(question: Question, judge: Judge, stop: Stop) -> JudgeOutcome | None:
    begun = time.monotonic()
    replies: list[Reply] = []
    score = None
    while score is None and len(replies) <= AGAIN:
        try:
            reply = judge.ask(question.messages, stop)
        except ModelUnavailable as error:
            return JudgeOutcome(question, None, error)
        if reply is None:
            return None
        replies.append(reply)
        score = score_of(reply.text)
    row = question.answered.row
    judgement = Judgement(
        id=row.id,
        turn=question.turn,
        repeat=question.repeat,
        score=score,
        explanation=replies[-1].text,
        digest=question.digest,
        form=row.form,
        category=row.category,
        task=row.task,
        asked=len(replies),
        prompt_tokens=_sum([each.prompt_tokens for each in replies]),
        completion_tokens=_sum([each.completion_tokens for each in replies]),
        seconds=round(time.monotonic() - begun, 3),
    )
    return JudgeOutcome(question, judgement)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


__all__ = [
    "AGAIN",
    "Cost",
    "JudgeOutcome",
    "Question",
    "estimated",
    "judge_all",
    "questions",
    "score_of",
    "spent",
]
