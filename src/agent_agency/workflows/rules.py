"""The rules of a repository for the eyes of people: listed, shown, linted, tested, and tried on a ruling's facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from agent_agency.arbitration.constitution.default_rules import default_constitution, default_rules
from agent_agency.arbitration.constitution.evaluate import evaluate
from agent_agency.arbitration.constitution.examples import ExampleRun, run_examples
from agent_agency.arbitration.constitution.model import Category, Constitution, Rule, RuleOutcome
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.canonical_json import parse_json
from agent_agency.config import Config, read_config
from agent_agency.errors import EvidenceError, FileUnreadableError, LawError, NotARepositoryError, UsageError
from agent_agency.facts import Finding, Severity, display_path
from agent_agency.git import Repository
from agent_agency.workflows.read_file import read_at_most

RULES_FOLDER = ".agency/rules"
CONFIG_NAME = "agency.toml"
MAX_FACTS_BYTES = 16 << 20

_MAX_RULE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class RulesInView:
    """A constitution and where it was read: ``where`` in words, ``commit`` where it was a commit."""

    constitution: Constitution
    where: str
    commit: str | None = None

    def named(self, rule_id: str) -> Rule:
        """Find a rule.

        Raises:
            UsageError: there is none of that id.
        """
        for rule in self.constitution.rules:
            if rule.id == rule_id:
                return rule
        from difflib import get_close_matches

        close = get_close_matches(rule_id, [rule.id for rule in self.constitution.rules], n=1)
        fix = f"Did you mean '{close[0]}'?" if close else "'agency rules list' names the rules."
        raise UsageError(f"The law at {self.where} has no rule '{display_path(rule_id)}'", fix=fix)


@dataclass(frozen=True, slots=True)
class Linted:
    """Files of rules as they were read, and what is wrong with each, by the paths as they are shown."""

    sources: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether anything above advice was found."""
        return any(finding.severity is not Severity.ADVICE for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Play:
    """What to try on which facts: at most one of ``rule_id``, ``file`` and ``condition``."""

    repo: Path
    now: datetime
    ruling: str = "latest"
    facts: Path | None = None
    rule_id: str | None = None
    file: Path | None = None
    condition: str | None = None
    applies: str = "true"
    each: str = ""
    base: str | None = None


def rules_at_base(repo: Path, base: str | None, now: datetime) -> RulesInView:
    """Read the law of the base.

    Raises:
        LawError: the rules there cannot be read.
    """
    from agent_agency.workflows.law import constitution_at

    with Repository.discover(repo) as repository:
        ref = base if base is not None else repository.default_base()
        commit = repository.resolve_all([ref])[0]
        read = constitution_at(repository, commit, now)
    if isinstance(read, Constitution):
        return RulesInView(_with_examples(read), f"{display_path(ref)} ({commit[:12]})", commit)
    raise _broken(read)


def rules_in_working_tree(repo: Path) -> RulesInView:
    """Read the law as its files stand.

    Raises:
        LawError: the rules there cannot be read.
    """
    linted = lint(repo, ())
    if linted.broken:
        raise _broken(linted.findings)
    if not linted.sources:
        return RulesInView(_with_examples(default_constitution()), "the working tree")
    from agent_agency.arbitration.constitution.overlay import constitution_of

    read = constitution_of(linted.sources, _weaken(_root(repo)))
    if not isinstance(read, Constitution):
        raise _broken(read)
    return RulesInView(read, "the working tree")


def lint(repo: Path, files: Sequence[Path]) -> Linted:
    """Check files of rules as a review would when they stood at the base; without any, those of the working tree.

    Raises:
        FileUnreadableError: a file cannot be read.
    """
    from agent_agency.arbitration.constitution.overlay import lay_over

    root = _root_if_any(repo) if files else _root(repo)
    named = {display_path(str(file)): file for file in files} if files else _rule_files(root)
    sources = dict(_read(named))
    if not sources:
        return Linted({}, ())
    laid = lay_over(sources, _weaken(root))
    return Linted(sources, laid.findings, tuple(rule for rule in laid.rules if rule.path in sources))


def examples_of(repo: Path, files: Sequence[Path], *, defaults: bool) -> tuple[Linted, tuple[ExampleRun, ...]]:
    """Run the examples of files of rules, and of the shipped rules where asked.

    Returns:
        What is wrong with the files, and then no run; or nothing wrong, and each example as it came out.
    """
    linted = lint(repo, files) if files or _root_if_any(repo) else Linted({}, ())
    if linted.broken:
        return linted, ()
    rules = [*linted.rules, *(default_rules() if defaults else ())]
    return linted, tuple(run_examples(sorted(rules, key=lambda rule: (rule.id, rule.path))))


def play(request: Play) -> tuple[RuleOutcome, ...]:
    """Say what rules would say of a ruling's facts.

    Raises:
        UsageError: the request does not fit together, or there is no such ruling or rule.
        EvidenceError: what the ruling was decided from is not there whole.
    """
    asked = [one for one in (request.rule_id, request.file, request.condition) if one is not None]
    if len(asked) > 1:
        raise UsageError("--rule, --file and --condition ask for different things", fix="Give one of them.")
    rules = _asked_rules(request)
    facts, day = _facts_of(request)
    return evaluate(rules, facts, day)


def _with_examples(constitution: Constitution) -> Constitution:
    """The constitution with the examples of the shipped rules, which a review leaves out."""
    shipped = {rule.id: rule.examples for rule in default_rules()}
    rules = (rule if rule.path else replace(rule, examples=shipped[rule.id]) for rule in constitution.rules)
    return replace(constitution, rules=tuple(rules))


def _asked_rules(request: Play) -> Constitution:
    if request.condition is not None:
        return make_constitution([_rule_of_condition(request)])
    if request.each or request.applies != "true":
        raise UsageError("--each and --applies belong to --condition", fix="Give --condition too.")
    if request.file is not None:
        linted = lint(request.repo, (request.file,))
        if linted.broken:
            raise _broken(linted.findings)
        return make_constitution(linted.rules)
    view = rules_at_base(request.repo, request.base, request.now)
    return view.constitution if request.rule_id is None else make_constitution([view.named(request.rule_id)])


def _rule_of_condition(request: Play) -> Rule:
    from agent_agency.arbitration.constitution.check import problems_of_conditions

    rule = Rule(
        id="playground.condition",
        version=1,
        title="A condition that is tried",
        category=Category.PROCESS,
        severity=Severity.ADVICE,
        waivable=False,
        condition=request.condition or "",
        message="The condition holds where it is satisfied",
        remedy="",
        source="the command line",
        applies=request.applies,
        each=request.each,
    )
    problem = next(problems_of_conditions(rule), None)
    if problem is not None:
        raise UsageError(problem, fix="'agency rules facts' lists the facts and their types.")
    return rule


def _facts_of(request: Play) -> tuple[Mapping[str, Any], date]:
    if request.facts is None:
        return _facts_of_ruling(request.repo, request.ruling)
    shown = display_path(str(request.facts))
    data = read_at_most(request.facts, MAX_FACTS_BYTES, shown)
    if len(data) > MAX_FACTS_BYTES:
        raise FileUnreadableError("The file is too large for facts", fix="Name a smaller one.", path=shown)
    try:
        value = parse_json(data)
    except ValueError as error:
        raise FileUnreadableError(f"This is no JSON: {error}", fix="Write facts as JSON.", path=shown) from error
    if not isinstance(value, dict):
        raise FileUnreadableError("Facts are a JSON object", fix='Write {"spec": {"tier": 1}}.', path=shown)
    return value, _day_of(value, request.now)


def _day_of(facts: Mapping[str, Any], now: datetime) -> date:
    """The day that the facts name, or today."""
    review = facts.get("review")
    try:
        return date.fromisoformat(review["day"]) if isinstance(review, Mapping) else now.astimezone(UTC).date()
    except (KeyError, TypeError, ValueError):
        return now.astimezone(UTC).date()


def _facts_of_ruling(repo: Path, reference: str) -> tuple[Mapping[str, Any], date]:
    from agent_agency.arbitration.case_file import from_json
    from agent_agency.evidence import EvidenceStore
    from agent_agency.workflows.explain_ruling import find_ruling
    from agent_agency.workflows.record import EVIDENCE_FOLDER, ledger_of

    with Repository.discover(repo) as repository:
        ledger = ledger_of(repository)
    store = EvidenceStore(ledger.folder / EVIDENCE_FOLDER)
    with store.in_use():
        entry = find_ruling(ledger.entries(), reference)
        digest, law = entry.body.get("case_file"), entry.body.get("constitution")
        try:
            case = from_json(store.get(str(digest)), partial(_stored_constitution, store, law))
        except ValueError as error:
            raise EvidenceError(
                f"The facts of that ruling cannot be read: {error}", fix="Run 'agency explain' for what is left of it."
            ) from error
    return case.facts, case.day


def _stored_constitution(store: Any, law: object, _: str) -> Constitution:
    from agent_agency.arbitration.constitution.serialise import constitution_from

    return constitution_from(store.get(str(law)))


def _root(repo: Path) -> Path:
    with Repository.discover(repo) as repository:
        if repository.root is None:
            raise NotARepositoryError("A bare repository has no working tree", fix="Run it in a clone that has one.")
        return repository.root


def _root_if_any(repo: Path) -> Path | None:
    try:
        return _root(repo)
    except NotARepositoryError:
        return None


def _rule_files(root: Path | None) -> dict[str, Path]:
    """The files of rules of a working tree, by their path in it."""
    folder = root / RULES_FOLDER if root is not None else None
    if folder is None or not folder.is_dir():
        return {}
    return {f"{RULES_FOLDER}/{display_path(path.name)}": path for path in sorted(folder.glob("*.toml"))}


def _read(files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    for shown, file in files.items():
        if file.is_symlink():
            raise FileUnreadableError("This is a link, and links are no law", fix="Name the file itself.", path=shown)
        yield shown, read_at_most(file, _MAX_RULE_BYTES, shown)


def _weaken(root: Path | None) -> tuple[str, ...]:
    """The defaults that agency.toml in the working tree lets be weakened."""
    path = None if root is None else root / CONFIG_NAME
    if path is None or not path.is_file():
        return ()
    config = read_config(read_at_most(path, _MAX_RULE_BYTES, CONFIG_NAME), CONFIG_NAME)
    return config.law.weaken if isinstance(config, Config) else ()


def _broken(findings: Sequence[Finding]) -> LawError:
    first = next((one for one in findings if one.severity is not Severity.ADVICE), findings[0])
    more = len(findings) - 1
    told = f"{first.message}{f' (and {more} more)' if more else ''}"
    return LawError(
        f"The rules cannot be read: {told}",
        fix="'agency rules lint' shows each place.",
        path=first.place.path,
        line=first.place.line,
    )
