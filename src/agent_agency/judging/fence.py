"""Fences around judged text: an opening and a closing line that nobody outside the run can write.

The nonce is keyed: an HMAC (RFC 2104) of the prompt's digest under a secret of the caller's, drawn for a run or kept
for one user alone. So the same bytes are asked again, which caches, kept prefixes and resuming need, and an author who
knows this code, the rubric and the prompt still cannot know it. Should a text hold it all the same, it is spelt out
there: no text can close its fence, even one that was made from a leaked secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from agent_agency.judging.normalise import escaped

NONCE_DIGITS = 16


def fence_for(secret: bytes, prompt_digest: str) -> str:
    """The nonce of one run's fences for one prompt: hex digits.

    Args:
        secret: at least 16 bytes from a random source, drawn for the run or kept for one user; a known one only where
            nobody attacks, as on a training set of our own.
        prompt_digest: of the judge's prompt.
    """
    return hmac.new(secret, prompt_digest.encode(), hashlib.sha256).hexdigest()[:NONCE_DIGITS]


def fenced(name: str, text: str, fence: str) -> str:
    """A named section between its two fence lines."""
    inside = re.sub(f"{fence[0]}(?={fence[1:]})", lambda found: escaped(found[0]), text)  # those that overlap, too
    return f"<<{name} {fence}>>\n{inside}\n<<end {name} {fence}>>"
