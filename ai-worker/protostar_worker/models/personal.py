"""Personal data that is written as such: found by its form, whatever the backend said of it."""

from __future__ import annotations

import re

FORMS = (
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),  # mail address
    re.compile(r"(?<!\d)\d{6}[-\s]?[1-8]\d{6}(?!\d)"),  # Korean resident registration number
    re.compile(r"(?<!\d)01[016-9][-.\s]?\d{3,4}[-.\s]?\d{4}(?!\d)"),  # Korean mobile
    re.compile(r"(?<!\d)(?:\d{4}[-\s]){3}\d{4}(?!\d)"),  # card
    re.compile(r"(?<!\w)\+\d{1,3}[\s-]?\d{1,4}[\s-]?\d{3,4}[\s-]?\d{3,4}(?!\d)"),  # abroad
)


def looks_personal(text: str) -> bool:
    return any(form.search(text) for form in FORMS)
