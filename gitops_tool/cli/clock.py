"""The time, for ages."""

from __future__ import annotations

import os
import time


def now() -> int:
    """Return seconds since 1970: `SOURCE_DATE_EPOCH` where that is set, so that equal input gives equal output.

    See https://reproducible-builds.org/specs/source-date-epoch/.
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(fixed) if fixed.isdigit() else int(time.time())
