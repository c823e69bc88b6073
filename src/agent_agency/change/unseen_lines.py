"""Lines that are there and that git does not count: a change must not grow by how it ends its lines.

Git counts line feeds, and none at all where a NUL byte stands among the first 8,000. But a carriage return alone ends a
line for Python, and U+2028 does for JavaScript; a NUL byte in a comment makes no program binary; and UTF-16 is full of
them. Such content is laid out plainly (one encoding, line feeds) and counted by git once more.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence

from agent_agency.change.line_counts import BlobPair, LineCount, Trees, count_lines
from agent_agency.errors import GitError
from agent_agency.git.objects import contents, infos
from agent_agency.git.view import ObjectView

LARGEST_TEXT = 8 << 20
"""Bytes up to which it is looked into whether a binary is text."""

_ENDS = ("\r.", "\u2028", "\u2029")
_NO_MATCH = 1
_MOST_NOISE = 0.1
_CONTROLS = bytes({*range(1, 32), 127} - {*b"\t\n\v\f\r\x1b"})
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def unseen_lines(
    view: ObjectView, pairs: Sequence[BlobPair], trees: Trees, counts: Sequence[LineCount]
) -> tuple[int, ...]:
    """How many inserted and deleted lines of each pair are missing in git's count of it, in order.

    ``trees`` are the pairs' ``paired_trees``, and ``counts`` what git counts.

    Raises:
        GitError: when a blob is missing, or git's answer cannot be read.
    """
    suspects = [number for number, count in enumerate(counts) if count.binary]
    if any(count.added or count.deleted for count in counts):
        suspects += sorted(_with_other_ends(view, trees) - set(suspects))
    plain = _plain_blobs(view, [pairs[number] for number in suspects])
    again = [BlobPair(plain.get(pairs[at].old or ""), plain.get(pairs[at].new or "")) for at in suspects]
    recounted = dict(zip(suspects, count_lines(view, again), strict=True)) if plain else {}
    return tuple(
        max(0, _lines(recounted[number]) - _lines(count)) if number in recounted else 0
        for number, count in enumerate(counts)
    )


def plain_text(data: bytes) -> bytes | None:
    """The content in one encoding with line feeds alone; ``None`` when it is no text.

    Text may hold NUL bytes, and a tenth of anything else that no text holds: control characters, broken UTF-8.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is not None:
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    data = data.replace(b"\0", b"")
    if not data or _noise(data) > _MOST_NOISE * len(data):
        return None
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.replace("\u2028".encode(), b"\n").replace("\u2029".encode(), b"\n")


def _noise(data: bytes) -> int:
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return controls if data.isascii() else controls + data.decode("utf-8", "replace").count("\ufffd")


def _lines(count: LineCount) -> int:
    return count.added + count.deleted


def _with_other_ends(view: ObjectView, trees: Trees) -> set[int]:
    """Those of the pairs that hold an end of a line other than a line feed, with or without a carriage return."""
    patterns = [part for end in _ENDS for part in ("-e", end)]
    done = view.attempt(["grep", "-z", "--name-only", "--text", *patterns, *dict.fromkeys(trees)])
    if done.code > _NO_MATCH or done.stderr.strip():
        raise GitError("git grep failed on a change's files", fix="Run git fsck in this repository.")
    return {int(name.rpartition(b":")[2]) for name in done.stdout.split(b"\0") if name}


def _plain_blobs(view: ObjectView, pairs: Sequence[BlobPair]) -> Mapping[str, str]:
    """For each blob that is text a new one with the same content laid out plainly."""
    known = infos(view, (blob for pair in pairs for blob in (pair.old, pair.new) if blob))
    small = [info for info in known.values() if info.size <= LARGEST_TEXT]
    folder = view.folder / "plain"
    folder.mkdir(exist_ok=True)
    laid_out = []
    for number, (blob, text) in enumerate(_texts(contents(view, small))):
        folder.joinpath(str(number)).write_bytes(text)
        laid_out.append(blob)
    if not laid_out:
        return {}
    listed = "".join(f"plain/{number}\n" for number in range(len(laid_out))).encode("ascii")
    written = view.git(["hash-object", "-w", "--no-filters", "--stdin-paths"], stdin=listed)
    return dict(zip(laid_out, written.decode("ascii").split(), strict=True))


def _texts(blobs: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    for blob, data in blobs:
        text = plain_text(data)
        if text is not None:
            yield blob, text
