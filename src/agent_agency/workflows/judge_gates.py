"""Ask the judges that the law names, and list each as a gate: it advises, or blocks where its card lets it.

A judge is never the only thing between a change and its approval: what can be counted is counted by other gates. One
that gave no verdict has not run; it neither passes nor fails the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agent_agency.errors import AgencyError
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from agent_agency.gates.mode import binding_of
from agent_agency.gates.outcome import concluded, not_run
from agent_agency.judge_settings import JudgesAsked
from agent_agency.spec.model import Policy, Spec

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals
    from agent_agency.git import Repository
    from agent_agency.judging.answer import Answer
    from agent_agency.judging.subject import Subject
    from agent_agency.workflows.record import Record

VERDICT = "judge.verdict"
SUGGESTION = "judge.partial"
_LONGEST = 300
"""Characters of a judge's words that a finding repeats."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one judge said of one subject.

    Args:
        answer: its answer.
        version: the digest of what answered: prompt, model, backend, parameters.
        engine: the engine's name.
        language_model: false for engines that are none.
        card_passes: whether this version has a passing judge card.
        card: why it has, or has not, in one clause.
        evidence: digest of the stored record of the whole call.
        problem: of an abstention for a reason, a sentence that says what was wrong.
        prompt_tokens: of the prompts that were sent, and ``computed_tokens`` those of them that the engine had to
            compute; 0 where it does not count.
        kept: whether the answer was there from an earlier review of the same change.
    """

    answer: Answer
    version: str
    engine: str
    language_model: bool
    card_passes: bool
    card: str
    evidence: str
    problem: str = ""
    prompt_tokens: int = 0
    computed_tokens: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Sitting:
    """What judges of one review are opened with.

    ``record`` keeps what they said and knows their cards; ``principals`` are those at the base; ``names`` are the
    authors', to be blinded; ``judges`` are those that the law names.
    """

    repo: Repository
    record: Record
    principals: Principals
    names: tuple[str, ...]
    judges: tuple[str, ...] = ()


class AskJudge(Protocol):
    """Has one judge look at one subject."""

    def __call__(self, judge: str, subject: Subject) -> Opinion:
        """Ask.

        Raises:
            AgencyError: no engine is set up, or it could not answer; the judge has not run then.
        """
        ...

    def may_block(self, judge: str) -> bool:
        """Whether the version that would answer has a passing card; any version, where it cannot be told."""
        ...


def judge_gates(
    asked: JudgesAsked, policy: Policy, subject: Callable[[], Subject], ask: AskJudge | None, *, withheld: str = ""
) -> tuple[GateResult, ...]:
    """One result for each judge that is asked, in the order of the shipped judges.

    Args:
        asked: what ``[judges]`` of the base says.
        policy: it may let a judge advise only, or leave it out.
        subject: makes what the judges look at, when the first of them is asked.
        ask: asks one judge; ``None`` where judges are not to be asked at all.
        withheld: why the change must be shown to no engine, where it must not; then no judge has run.
    """
    results, made = [], None
    for name in asked.names:
        gate = f"judge_{name}"
        binding = binding_of(gate, policy) if gate in policy.gates else None
        if binding is not None and not binding.applicable:
            results.append(left_out(gate, binding.reason))
            continue
        if ask is None:
            results.append(not_run(gate, GateMode.WARN, "judges were not asked"))
            continue
        blocks = name in asked.block and not (binding and binding.mode is GateMode.WARN)
        if withheld:
            mode = GateMode.BLOCK if blocks and ask.may_block(name) else GateMode.WARN
            results.append(not_run(gate, mode, f"the judge was not asked: {withheld}"))
            continue
        made = made or subject()
        results.append(_asked(gate, name, made, ask, blocks=blocks))
    return tuple(results)


def left_out(gate: str, reason: str) -> GateResult:
    """A judge that policy or circumstances leave out."""
    return GateResult(gate, GateStatus.NOT_RUN, GateMode.SKIP, reason=reason, applicable=False)


def task_of(spec: Spec | None) -> str:
    """What was asked of the author, as the working spec says it; empty without one."""
    if spec is None:
        return ""
    document = spec.document
    told = [spec.title]
    for key in ("acceptance", "acceptance_criteria", "invariants"):
        value = document.get(key)
        told += [_said(entry) for entry in value] if isinstance(value, list) else []
    paths = ", ".join(spec.scope.inside)
    return "\n".join([*filter(None, told), *([f"Paths: {paths}"] if paths else [])])


def _said(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, Mapping):
        return "; ".join(f"{key} {value}" for key, value in entry.items() if isinstance(value, str))
    return ""


def _asked(gate: str, name: str, subject: Subject, ask: AskJudge, *, blocks: bool) -> GateResult:
    try:
        opinion = ask(name, subject)
    except AgencyError as error:
        may_block = blocks and ask.may_block(name)
        mode = GateMode.BLOCK if may_block else GateMode.WARN
        return not_run(gate, mode, f"the judge gave no verdict: {error.message}", mendable=False)
    return _heard(gate, opinion, blocks=blocks and opinion.card_passes, named=blocks)


def _heard(gate: str, opinion: Opinion, *, blocks: bool, named: bool) -> GateResult:
    mode = GateMode.BLOCK if blocks else GateMode.WARN
    answer, facts = opinion.answer, _facts(opinion)
    why = "" if blocks else f" (it advises: {opinion.card})" if named else ""
    if answer.abstained:
        because = f": {answer.abstained_because}" if answer.abstained_because else ""
        because += f", {_short(opinion.problem)}" if because and opinion.problem else ""
        return not_run(gate, mode, f"the judge abstained{because}{why}", facts=facts, mendable=False)
    found = {"pass": (), "partial": (_finding(SUGGESTION, opinion, Severity.ADVICE),)}.get(
        answer.verdict, (_finding(VERDICT, opinion, Severity.MAJOR if blocks else Severity.ADVICE),)
    )
    figures = _told("score", answer.score) + _told("confidence", answer.confidence)
    reason = f"{answer.verdict}, {figures}by {_by(opinion)}{why}"
    result = concluded(gate, mode, found, reason=reason, facts=facts)
    if answer.verdict != "fail" or result.status is GateStatus.FAIL:
        return result
    return GateResult(gate, GateStatus.FAIL, mode, result.findings, reason, facts=result.facts)


def _told(name: str, value: float | None) -> str:
    return "" if value is None else f"{name} {value:.2f}, "


def _by(opinion: Opinion) -> str:
    return opinion.engine if opinion.language_model else f"{opinion.engine}, which is no language model"


def _facts(opinion: Opinion) -> dict[str, Any]:
    answer = opinion.answer
    return {
        "verdict": answer.verdict,
        "score": answer.score,
        "confidence": answer.confidence,
        "judge_version": opinion.version,
        "engine": opinion.engine,
        "language_model": opinion.language_model,
        "card": opinion.card,
        "evidence": [{"digest": opinion.evidence}],
        "prompt_tokens": opinion.prompt_tokens,
        "computed_tokens": opinion.computed_tokens,
        "kept": opinion.kept,
    }


def _finding(rule: str, opinion: Opinion, severity: Severity) -> Finding:
    answer = opinion.answer
    quote = f" It quotes: {_short(answer.evidence[0])}" if answer.evidence else ""
    remedy = _short(answer.suggestions[0]) if answer.suggestions else "Read what the judge quotes, and mend or appeal."
    return Finding(rule, severity, f"{_short(answer.reasoning)}{quote}", remedy, Place())


def _short(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
