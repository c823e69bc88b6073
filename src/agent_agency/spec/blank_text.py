"""When a text says nothing."""

from __future__ import annotations

_BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f"
    "\u3000\ufeff"
)


def is_blank(text: str) -> bool:
    """Is there nothing but white space, as ECMA-262 counts it (section 22.1.3.32, ``trim``)?"""
    return not text.strip(_BLANKS)
