"""What restic and the store say when they fail → what a person can do about it. Pure."""

from __future__ import annotations

import json
import re

from pyhelpers.errors import FailedBeforeSwitch, PreflightError, ProtostarError

NO_REPOSITORY, LOCKED, WRONG_KEY = 10, 11, 12
TIMED_OUT = (124, 137)
KEPT = "nothing was removed; what the store has is as it was"
# Of S3, whichever server: a request that is further off is refused.
MOST_APART_S = 15 * 60
# What of a full disk is told where: here, or in the store.
FULL_HERE = (
    r"no space left",
    "the disk of this host is full",
    "df -h, on the host; docker system df; what an earlier restore put aside",
)
# The first that fits. What is said in capitals or not differs between servers.
REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"NoSuchBucket|bucket does not exist|client\.MakeBucket",
        "the store has no such bucket",
        "protostar sync apply, on the host of the store: it makes its buckets",
    ),
    (
        r"RequestTimeTooSkewed|request time .*too (large|skewed)|RequestExpired",
        "the clock of this host and the store's differ too much",
        "timedatectl, on both hosts: their clocks must be synchronised",
    ),
    (
        r"InvalidAccessKeyId|Signature|InvalidSecurity|ExpiredToken|invalid access key",
        "the store does not know these keys, or not any more",
        "BACKUP_ACCESS_KEY and BACKUP_SECRET_KEY of the host's stack, then protostar sync apply",
    ),
    (
        # To a HEAD request a store says no more than this, also of a wrong key.
        r"Access ?Denied|403 Forbidden",
        "the store does not know these keys, or does not let this user do it",
        "BACKUP_SECRET_KEY of the host's stack; the bucket's policy, store/policies/backups.json",
    ),
    # restic's own folders, and redis-cli's file: not the store's.
    (rf"(/spool|/tmp|/metrics)/\S*: {FULL_HERE[0]}", *FULL_HERE[1:]),
    (rf"writing data to file: ({FULL_HERE[0]}|short write)", *FULL_HERE[1:]),
    (
        r"no space left|StorageFull|507 Insufficient|QuotaExceeded|InsufficientStorage",
        "the store is full",
        "make room there, or lower backup.keep; protostar backup run then tidies up",
    ),
    (
        r"wrong password|no key found",
        "the key (BACKUP_KEY) is not the one that these backups were made with",
        "the key of before: docs/backup.md says where it is kept",
    ),
    (
        r"ciphertext verification failed|hash mismatch|invalid data|does not match",
        "a backup is damaged in the store",
        "protostar backup verify --all, which names it; docs/backup.md, Damage",
    ),
    (
        r"dial tcp|connection re(fused|set)|no such host|no route|i/o timeout|is unreachable",
        "the store cannot be reached",
        "protostar sync plan, for its host; curl -sS ADDRESS/health from this one",
    ),
    (
        r"already locked|unable to create lock",
        "the store is locked by a backup that goes on, or by one that was killed",
        "the same again in a while; a lock of a killed one ends after half an hour",
    ),
)


REFUSED = "does not know these keys"


def reason(text: str, *, here: bool = False) -> tuple[str, str]:
    """(what it is, what to do); empty when nobody knows. `here`: no store was written to."""
    for pattern, words, try_ in (FULL_HERE, *REASONS) if here else REASONS:
        if re.search(pattern, text, re.IGNORECASE):
            return words, try_
    return "", ""


def refuses_us(text: str) -> bool:
    """Which a store says of wrong keys; asked by HEAD, of a wrong clock too."""
    return REFUSED in reason(text)[0]


def clocks(where: str, apart: str) -> ProtostarError | None:
    """`apart`: by how many seconds the store's clock is ahead, as text; None: not by too many."""
    found = re.fullmatch(r"-?\d+", apart.strip())
    apart_s = int(found[0]) if found else 0
    if abs(apart_s) < MOST_APART_S:
        return None
    words, try_ = reason("RequestTimeTooSkewed")
    side = "behind" if apart_s > 0 else "ahead of"
    told = f"{where}: {words}: it is {abs(apart_s) // 60} min {side} the store's"
    return PreflightError(error=told, state=KEPT, try_=try_)


def failure(
    where: str, status: int, text: str, *, before: bool = False, here: bool = False
) -> ProtostarError:
    """`before`: nothing had begun yet."""
    words, try_ = reason(text, here=here)
    if status in TIMED_OUT and not words:
        words, try_ = "no answer within the deadline", "the store's host: does it answer at all?"
    said = _last_line(text)
    told = f"{where}: {words}" + (f" ({said})" if said else "") if words else f"{where}: {said}"
    kind = PreflightError if before else FailedBeforeSwitch
    return kind(error=told, state=KEPT, try_=try_ or "the same again; what is there is reused")


def _last_line(text: str) -> str:
    """What it came to; restic's JSON lines are taken for their message."""
    lines = [line for line in map(_plain, text.strip().splitlines()) if line]
    fatal = [line for line in lines if line.startswith("Fatal:")]
    return (fatal or lines or [""])[-1][:300]


def _plain(line: str) -> str:
    if not line.startswith("{"):
        return line.strip()
    try:
        told = json.loads(line)
    except ValueError:
        return line
    error = told.get("error")
    if told.get("message_type") in ("error", "exit_error"):
        return str(told.get("message") or (error or {}).get("message") or "")
    return ""


def progress(line: str) -> str:
    """What restic's status line tells a person; empty for every other line."""
    if not line.startswith('{"message_type":"status"'):
        return ""
    told = json.loads(line)
    done, total = told.get("bytes_done", 0), told.get("total_bytes", 0)
    if total > done > 0:
        return f"{size(done)} of {size(total)}, {100 * done // total} %"
    return size(done) if done else ""


def summary(text: str) -> dict[str, int | float | str]:
    """Restic's last word on a backup."""
    for line in reversed(text.splitlines()):
        if line.startswith('{"message_type":"summary"'):
            found: dict[str, int | float | str] = json.loads(line)
            return found
    return {}


def size(count: float) -> str:
    """In thousands, as disks are sold."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} B"
