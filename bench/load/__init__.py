"""An open-loop load generator: a fixed arrival rate, no retries, every request accounted for.

`Load` runs inside an event loop, `LoadProcess` in a process of its own. A run yields a `Report`
and its `Event`s; `late_old`, `failed_after`, `timeline` and `check_store` ask them questions.
"""

from .analysis import StoreCheck, check_store, failed_after, late_old, timeline
from .events import Event, Held, read_events
from .options import Options
from .process import LoadError, LoadProcess, Result
from .report import Report, read_report
from .run import Load

__all__ = [
    "Event",
    "Held",
    "Load",
    "LoadError",
    "LoadProcess",
    "Options",
    "Report",
    "Result",
    "StoreCheck",
    "check_store",
    "failed_after",
    "late_old",
    "read_events",
    "read_report",
    "timeline",
]
