"""What several containers write, over one channel: what is typed, and how it is read. Pure.

A channel for each of 16 replicas would be more than one connection has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A line of theirs is a line of ours with its container's number before it. A pipe keeps only
# short writes of several writers apart, so a long line comes in pieces: `+` says that its next one
# follows. No letter is cut in two; with pieces longer than these, sed would be ten times slower.
# The blank line ends one that the container did not end. A follower that is gone ends the script's
# stdin, and with it the process group: nothing is left that follows for nobody.
SCRIPT = r"""
export LC_ALL=C
follow=$1 tail=$2; shift 2
exec 3<&0
{ while read -r _ <&3; do :; done; kill 0; } >/dev/null 2>&1 &
watch=$! number=0 readers=
for container; do
  { docker logs --timestamps "$follow" --tail "$tail" "$container" 2>&1
    printf '\nend %s\n' "$?"; } 3<&- |
    sed -u "s/^.\{500\}[\x80-\xbf]\{0,3\}/&\n/;s/^/$number /;/\n/s/ /+/;P;D" 3<&- &
  number=$((number + 1)) readers="$readers $!"
done
wait $readers
kill "$watch"
"""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\S+")
GONE = "No such container"


def read_logs(containers: Sequence[str], tail: int, *, follow: bool) -> list[str]:
    """The last `tail` lines of each; with `follow`, on until all have stopped."""
    how = f"--follow={str(follow).lower()}"
    return ["sh", "-c", SCRIPT, "logs", how, str(tail), *containers]


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """As the engine stamped it; `source` is its place among those that are read."""

    at: str
    source: int
    text: str


class BrokeOff(Exception):
    """The engine does not give all of container `number`'s lines; its words say why."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


@dataclass(slots=True)
class Reader:
    """What the script says, put together. `open_ones`: how many containers go on."""

    open_ones: int
    _pieces: dict[int, str] = field(default_factory=dict)
    _said: dict[int, str] = field(default_factory=dict)

    def read(self, piece: str) -> Line | None:
        """The line that is whole with this piece. Raises `BrokeOff`."""
        found = re.match(r"(\d+)([+ ])", piece)
        if found is None:
            return None
        number, more = int(found[1]), found[2] == "+"
        text = self._pieces.pop(number, "") + piece[found.end() :]
        if more:
            self._pieces[number] = text
            return None
        return self._whole(number, text.rstrip("\r"))

    def _whole(self, number: int, text: str) -> Line | None:
        at, _, said = text.partition(" ")
        if STAMP.fullmatch(at):
            return Line(at, number, said)
        if at == "end":
            self._end(number, said)
        elif text:
            self._said[number] = text  # the client's own words: no line of a container
        return None

    def _end(self, number: int, status: str) -> None:
        self.open_ones -= 1
        why = self._said.get(number, "")
        # One that a deploy has removed meanwhile has nothing to say any more.
        if status != "0" and GONE not in why:
            raise BrokeOff(number, why or f"docker logs ended with {status}")
