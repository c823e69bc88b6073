"""Judges a working spec: loads it, tells its profile, applies that profile's rules and the stricter layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from agent_agency.facts import Finding, Severity
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.model import Profile, Spec, ValidationResult

MOST_FINDINGS: Final = 1000
"""How many findings a result holds; of a longer list the rest is dropped, but never the first of a rule."""


class RepositoryFiles(Protocol):
    """What a repository holds, for rules that ask whether a file exists."""

    def exists(self, path: str) -> bool:
        """Is there a file or folder at this repository-relative path?"""
        ...


@dataclass(frozen=True, slots=True)
class ValidationOptions:
    """How to judge.

    ``profile`` switches detection off. ``parity`` leaves the stricter layer out, so that the verdict is the
    reference's. ``compat`` (``cli-4.0.0``) asks for the verdict of that command line; it implies parity and, without a
    ``profile``, ``caws-2025.10``.
    """

    profile: Profile | None = None
    parity: bool = False
    compat: str | None = None


@dataclass(frozen=True, slots=True)
class _Judge:
    check: Callable[[Document], tuple[Finding, ...]]
    to_spec: Callable[[Document], Spec]


def validate_spec(
    data: bytes,
    path: str,
    options: ValidationOptions,
    *,
    files: RepositoryFiles | None = None,
    now: datetime | None = None,
    has_policy: bool | None = None,
) -> ValidationResult:
    """Judge one spec; nothing in the bytes makes it raise.

    Args:
        data: the file's bytes.
        path: the path that findings name.
        options: profile, parity, compatibility.
        files: what the repository holds; without it no rule asks whether a file exists.
        now: the present moment; without it no rule asks whether a date is past.
        has_policy: is there a ``.caws/policy.yaml`` beside the spec; ``None`` where nobody knows.
    """
    profile = options.profile or (Profile.SEED if options.compat else None)
    as_javascript = options.compat is not None or profile is Profile.V10
    document = load_document(data, path, javascript_types=as_javascript)
    if not isinstance(document, Document):
        return ValidationResult(path, profile, valid=False, findings=document)
    if profile is None:
        from agent_agency.spec.profiles import detect_profile

        detection = detect_profile(document)
        if detection.profile is None:
            return ValidationResult(path, None, valid=False, findings=(detection.refusal,) if detection.refusal else ())
        profile = detection.profile
        if profile is Profile.V10:
            return validate_spec(
                data, path, replace(options, profile=profile), files=files, now=now, has_policy=has_policy
            )
    judge = _judge(profile, options, has_policy=has_policy)
    findings = judge.check(document)
    if not options.parity and options.compat is None:
        from agent_agency.spec.stricter import check_stricter

        findings += check_stricter(document, profile, files=files, now=now)
    findings = _bounded(findings)
    valid = all(finding.severity is Severity.ADVICE for finding in findings)
    return ValidationResult(path, profile, valid, findings, judge.to_spec(document) if valid else None)


def _bounded(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """So many findings as anybody could read, and at least one of each rule."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    first_of_each = {finding.rule: finding for finding in reversed(findings)}
    kept = dict.fromkeys((*findings[:MOST_FINDINGS], *reversed(first_of_each.values())))
    return tuple(kept)


def _judge(profile: Profile, options: ValidationOptions, *, has_policy: bool | None) -> _Judge:
    """The rules of a profile; imported when needed, since a run mostly needs one profile."""
    if options.compat is not None:
        from agent_agency.spec import compat_cli4

        return _Judge(compat_cli4.check, compat_cli4.to_spec)
    if profile is Profile.VNEXT:
        from agent_agency.spec import vnext_spec

        return _Judge(_check_vnext, vnext_spec.to_spec)
    if profile is Profile.V10:
        from agent_agency.spec import v10

        return _Judge(v10.check, v10.to_spec)
    from agent_agency.spec import seed

    return _Judge(lambda document: seed.check(document, has_policy=has_policy), seed.to_spec)


def _check_vnext(document: Document) -> tuple[Finding, ...]:
    from agent_agency.spec.vnext_shape import check_shape

    findings = check_shape(document)
    if findings:
        return findings
    from agent_agency.spec.vnext_semantics import check_semantics

    return check_semantics(document)
