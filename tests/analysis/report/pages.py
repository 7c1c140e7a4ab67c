"""What a report says to a program that reads it."""

from __future__ import annotations

import json
import re
from typing import Any


def facts(page: str) -> dict[str, Any]:
    """The facts within a written page."""
    match = re.search(r'<script type="application/json" id="facts">(.*?)</script>', page)
    assert match is not None
    found: dict[str, Any] = json.loads(match[1])
    return found
