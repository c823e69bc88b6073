"""What somebody tries who runs as the same user, and has no approver's pass phrase."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.attestation.arbiter_act import Standing
from agent_agency.attestation.key_files import new_key_file, read_key_file
from agent_agency.attestation.principals import PRINCIPALS_PATH, Principal, Principals, read_principals
from agent_agency.errors import LawError, SigningError
from agent_agency.git import Repository
from agent_agency.workflows import principals_at, signing
from agent_agency.workflows.key_folder import ARBITER_KEY, KeyFolder
from support.principals import TestPrincipal, listed, make_principal

ANN = make_principal("ann", ["approver"])
MALLORY = make_principal("mallory", ["agent"])
REX = make_principal("rex", ["requester"])
PASS_PHRASE = b"correct horse battery"
FIELD = 2**255 - 19


def _nothing(*_: Any, **__: Any) -> None:
    """A check that checks nothing."""


def _key_folder(scene: Scene) -> Path:
    folder = scene.folder / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _put(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _lists(text: str) -> Principals | None:
    read = read_principals(text.encode(), PRINCIPALS_PATH)
    return read if isinstance(read, Principals) else None


def _table(name: str, address: str, roles: str, line: str) -> str:
    return f'[[principal]]\nname = "{name}"\naddress = "{address}"\nroles = [{roles}]\nkeys = ["{line}"]\n'


def _never(*_: Any) -> bool:
    return False


def _always(*_: Any) -> bool:
    return True


def _by_its_own_word(_: Principals, key_id: str) -> Principal:
    """Whoever signs is taken for the approver that they say they are."""
    assert key_id == MALLORY.signer.key_id
    return replace(ANN.principal, keys=(MALLORY.signer.public_key,))


def _signs(scene: Scene, act: TestPrincipal, *people: TestPrincipal) -> bool:
    """Whether an approval that this key signed counts where these people are listed."""
    from agent_agency.attestation.signer import sign_statement
    from agent_agency.attestation.statement import make_statement
    from agent_agency.attestation.verify import verify_envelope
    from agent_agency.errors import NotSignedError

    statement = make_statement("waiver_approval", [("waiver", {"sha256": "ab" * 32})], {"note": scene.folder.name})
    try:
        signed = verify_envelope(sign_statement(statement, act.signer), listed(*people))
    except NotSignedError:
        return False
    return "approver" in signed.principal.roles


def a_key_of_its_own(scene: Scene) -> bool:
    """An approval that is signed with a key which the agent made a minute ago."""
    return _signs(scene, MALLORY, ANN)


def an_arbiter_of_its_own(scene: Scene) -> bool:
    """A ruling signed with a key that the agent made, where the base lists an arbiter."""
    return _rules(scene, MALLORY, make_principal("judge", ["arbiter"]))


def a_requester_as_arbiter(scene: Scene) -> bool:
    """A ruling signed with a key that the base lists, but for somebody who only asks."""
    return _rules(scene, REX, REX)


def _rules(scene: Scene, signer: TestPrincipal, *people: TestPrincipal) -> bool:
    from agent_agency.attestation.arbiter_act import read_arbiter_act, sign_arbiter_act
    from agent_agency.errors import NotSignedError

    made = sign_arbiter_act("ruling", [("tree", {"gitTree": "ab" * 20})], {"by": scene.folder.name}, signer.signer)
    try:
        return read_arbiter_act(made, "ruling", listed(*people)).standing is Standing.LISTED
    except NotSignedError:
        return False


def an_open_key_for_an_approver(scene: Scene) -> bool:
    """A listed approver's key that lies on the disk without a pass phrase."""
    folder = _key_folder(scene)
    key = read_key_file(_put(folder / "ann", new_key_file(None)).read_bytes()).public_key
    people = Principals((replace(ANN.principal, keys=(key,)),))
    return _opens(folder, people, _never_asked)


def _opens(folder: Path, people: Principals, ask: Callable[[str], bytes]) -> bool:
    try:
        signing.find_signer("ann", role="approver", keys=KeyFolder(folder), ask=ask, principals=people)
    except SigningError:
        return False
    return True


def _never_asked(prompt: str) -> bytes:
    raise AssertionError(prompt)


def an_open_private_half_beside_a_public_file(scene: Scene) -> bool:
    """``--ssh-key ann.pub``, while the private half lies open beside it and ssh-keygen would sign with it."""
    from agent_agency.attestation import ssh_keygen

    folder = _key_folder(scene)
    key = read_key_file(_put(folder / "ann", new_key_file(None)).read_bytes()).public_key
    public = _put(folder / "ann.pub", f"{key.line()}\n".encode())
    try:
        ssh_keygen.ssh_signer(public, decides=True)
    except SigningError:
        return False
    return True


def a_pass_phrase_on_standard_input(scene: Scene) -> bool:
    """A pass phrase that was found out, handed over by a program that has no terminal."""
    from agent_agency.cli import pass_phrase

    folder = _key_folder(scene)
    key = read_key_file(_put(folder / "ann", new_key_file(PASS_PHRASE, rounds=1)).read_bytes()).public_key
    people = Principals((replace(ANN.principal, keys=(key,)),))

    def attempt() -> bool:
        return _opens(folder, people, pass_phrase.ask_pass_phrase)

    return _without_a_terminal(attempt, PASS_PHRASE + b"\n")


def _without_a_terminal(attempt: Callable[[], bool], typed: bytes) -> bool:
    """Run it in a process of its own session, with these bytes on standard input and in the environment."""
    outer, inner = os.pipe()
    os.write(inner, typed)
    os.close(inner)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.dup2(outer, 0)
        os.environ.update(AGENCY_PASS_PHRASE=typed.decode().strip(), SSH_ASKPASS="/bin/cat")
        code = 1
        with suppress(BaseException):
            code = 0 if attempt() else 1
        os._exit(code)
    os.close(outer)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _reads_standard_input(_: str) -> bytes:
    return os.read(0, 1024).rstrip(b"\n")


def one_key_under_two_names(_: Scene) -> bool:
    """The requester's key listed once more as an approver's, so that who asks also grants."""
    twice = _table("carol", "carol@example.org", '"approver"', REX.signer.public_key.line())
    read = _lists(REX.toml + "\n" + twice)
    found = read.by_key(REX.signer.key_id) if read else None
    return found is not None and found.name == "carol"


def a_person_with_two_addresses(_: Scene) -> bool:
    """A quorum of two that is one person, by a tag in the address."""
    other = _table("annie", "ann+work@EXAMPLE.org", '"approver"', MALLORY.signer.public_key.line())
    read = _lists(ANN.toml + "\n" + other)
    return read is not None and len(read.with_role("approver")) == 2


def a_person_by_their_handle(_: Scene) -> bool:
    """A quorum of two that is one person: once by address, once by the handle that the address begins with."""
    handle = make_principal("Boss", ["approver"], address="b.oss@elsewhere.example")
    read = _lists(make_principal("b", ["approver"], address="boss@example.org").toml + "\n" + handle.toml)
    return read is not None and len(read.with_role("approver")) == 2


def an_agent_who_approves(_: Scene) -> bool:
    """An agent whose own key is listed for approving as well."""
    both = make_principal("bot", ["agent", "approver"])
    read = _lists(both.toml)
    return read is not None and bool(read.with_role("approver"))


def a_key_that_anybody_signs_for(scene: Scene) -> bool:
    """A listed key of small order: the agent writes down a signature that verifies under it."""
    from agent_agency.attestation.envelope import Envelope, Signature, write_envelope
    from agent_agency.attestation.keys import BadKeyError, ed25519_key
    from agent_agency.attestation.statement import make_statement
    from agent_agency.attestation.verify import verify_envelope

    neutral = (1).to_bytes(32, "little")
    try:
        key = ed25519_key(neutral)
    except BadKeyError:
        return False
    people = Principals((replace(ANN.principal, keys=(key,)),))
    statement = make_statement("waiver_approval", [("waiver", {"sha256": "ab" * 32})], {"note": scene.folder.name})
    forged = write_envelope(Envelope(statement, Signature(key.key_id, neutral + bytes(32))))
    return verify_envelope(forged, people).principal.name == "ann"


def a_key_in_a_second_encoding(_: Scene) -> bool:
    """One point listed twice under two fingerprints, by adding the field's size to its coordinate."""
    from agent_agency.attestation.keys import BadKeyError, ed25519_key

    for y in range(2, 19):
        try:
            first = ed25519_key(y.to_bytes(32, "little"))
            second = ed25519_key((y + FIELD).to_bytes(32, "little"))
        except BadKeyError:
            continue
        return first.key_id != second.key_id
    return False


def a_link_in_place_of_the_list(scene: Scene) -> bool:
    """A link at the base whose target's name is a list of principals, which no diff shows as a file."""
    scene.repo.checkout("main")
    blob = scene.repo.git("hash-object", "-w", "--stdin", stdin=make_principal("mallory", ["approver"]).toml.encode())
    scene.repo.git("update-index", "--add", "--cacheinfo", f"120000,{blob},{PRINCIPALS_PATH}")
    scene.repo.git("commit", "-q", "-m", "Link")
    with Repository.discover(scene.repo.path) as repo:
        try:
            return principals_at.principals_at(repo, repo.resolve("main")).lists_approvers
        except LawError:
            return False


def a_broken_list_that_lists_nobody(scene: Scene) -> bool:
    """A list with a byte order mark, in the hope that a broken list counts as an empty one."""
    scene.repo.checkout("main")
    scene.repo.commit("List", **{PRINCIPALS_PATH: "\ufeff" + ANN.toml})
    with Repository.discover(scene.repo.path) as repo:
        try:
            return not principals_at.principals_at(repo, repo.resolve("main")).lists_approvers
        except LawError:
            return False


def an_arbiters_key_through_a_link(scene: Scene) -> bool:
    """The arbiter's key replaced by a link to one that everybody on the machine can read."""
    known = _put(scene.folder / "known", new_key_file(None), 0o644)
    link = scene.folder / "arbiter"
    link.symlink_to(known)
    try:
        signing.arbiter_signer(KeyFolder(scene.folder / "none"), {ARBITER_KEY: str(link)})
    except SigningError:
        return False
    return True


def _reads_any_file(path: Path) -> bytes:
    return path.read_bytes()


def _as_listed(*_: Any) -> tuple[Standing, str | None]:
    return Standing.LISTED, "judge"


def _any_list(data: bytes, path: str) -> Principals:
    read = read_principals(data, path)
    return read if isinstance(read, Principals) else Principals()


ATTACKS = (
    Attack("a key of its own", a_key_of_its_own, Defence("attestation.principals:Principals.by_key", _by_its_own_word)),
    Attack("an arbiter of its own", an_arbiter_of_its_own, Defence("attestation.arbiter_act:_standing", _as_listed)),
    Attack("a requester as arbiter", a_requester_as_arbiter, Defence("attestation.arbiter_act:_standing", _as_listed)),
    Attack(
        "an open key for an approver", an_open_key_for_an_approver, Defence("workflows.signing:_refuse_open", _nothing)
    ),
    Attack(
        "an open private half beside a public file",
        an_open_private_half_beside_a_public_file,
        Defence("attestation.ssh_keygen:_lies_open", _never),
    ),
    Attack(
        "a pass phrase on standard input",
        a_pass_phrase_on_standard_input,
        Defence("cli.pass_phrase:ask_pass_phrase", _reads_standard_input),
    ),
    Attack(
        "one key under two names",
        one_key_under_two_names,
        Defence("attestation.principals:_Reader._refuse_twins", _nothing),
    ),
    Attack(
        "a person with two addresses", a_person_with_two_addresses, Defence("attestation.principals:person", str.lower)
    ),
    Attack(
        "a person by their handle",
        a_person_by_their_handle,
        Defence("attestation.principals:_Known.same_person", _nothing),
    ),
    Attack(
        "an agent who approves",
        an_agent_who_approves,
        Defence("attestation.principals:_Reader._refuse_mixed", _nothing),
    ),
    Attack(
        "a key that anybody signs for",
        a_key_that_anybody_signs_for,
        Defence("attestation.keys:_has_small_order", _never),
    ),
    Attack("a key in a second encoding", a_key_in_a_second_encoding, Defence("attestation.keys:_is_reduced", _always)),
    Attack(
        "a link in place of the list", a_link_in_place_of_the_list, Defence("workflows.principals_at:_is_link", _never)
    ),
    Attack(
        "a broken list that lists nobody",
        a_broken_list_that_lists_nobody,
        Defence("workflows.principals_at:read_principals", _any_list),
    ),
    Attack(
        "an arbiter's key through a link",
        an_arbiters_key_through_a_link,
        Defence("workflows.signing:read_private", _reads_any_file),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_keys(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
