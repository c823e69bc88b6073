"""Write temporary trees straight into a private view: each is one small file, and git would need a process for each."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping

from agent_agency.errors import GitError
from agent_agency.git.view import ObjectView

_FAST = 1  # the compression level; the tree lives as long as the review


def write_tree(view: ObjectView, blobs: Mapping[str, str]) -> str:
    """Write a tree of regular files, and give its id.

    Format: gitformat-loose-object(5), and "Tree Objects" of the Git user manual: entries sorted by name as bytes.

    Args:
        view: what to write into.
        blobs: the object id of each file by its name, ASCII without a slash; objects need not be there.

    Raises:
        GitError: when the tree cannot be written.
    """
    named = sorted((name.encode("ascii"), bytes.fromhex(blob)) for name, blob in blobs.items())
    body = b"".join(b"100644 %s\0%s" % entry for entry in named)
    data = b"tree %d\0%s" % (len(body), body)
    oid = hashlib.new(view.object_format, data, usedforsecurity=False).hexdigest()
    path = view.objects / oid[:2] / oid[2:]
    try:
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(data, _FAST))
    except OSError as error:
        raise GitError(
            f"a temporary tree could not be written ({error.strerror})", fix="Free some space in the temporary folder."
        ) from error
    return oid
