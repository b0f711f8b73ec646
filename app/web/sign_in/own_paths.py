"""Where a browser may be sent: paths of this site, never another's."""

from __future__ import annotations

import re

HOME = "/board"

# One slash and no second one at the beginning, no backslash, nothing that a browser drops or reads as a host.
_OWN = re.compile(r"/(?:[A-Za-z0-9._~@+-][A-Za-z0-9._~%:@|+/-]*)?(?:\?[A-Za-z0-9._~%:@|+&=/-]*)?")
_LONGEST = 500


def own_path(wanted: str) -> str:
    """The path if it is one of ours and leads into the pages, else HOME. The sign-in itself is nowhere to go back
    to."""
    if not is_own(wanted) or wanted == "/" or wanted.startswith("/sign-"):
        return HOME
    return wanted


def is_own(wanted: str) -> bool:
    """Whether it is a path of this site and nothing else."""
    return len(wanted) <= _LONGEST and _OWN.fullmatch(wanted) is not None
