"""guard.sh, told again in memory: the same lines, the same files, the same rules.

`tests/unit/deploy/test_guard_script.py` runs both on one table and holds them together.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from tests.model.machine import Signalled, Wait
from tests.model.retiring import Retiring

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.model.machine import Life, Machine
    from tests.model.room import Steps

LOCKED, TERMINATED = 5, 143


class Ended(Exception):
    """`bye`: the guard's process ends here."""


class MemoryGuard(Retiring):
    """One guard process. `inbox` is its stdin; `beating` says whether its deployer still beats."""

    def __init__(self, machine: Machine, root: str, service: str, token: str, who: str) -> None:
        super().__init__(machine, root, service)
        self.token, self.who = token, who
        self.deaf_s = 5.0
        self.inbox: deque[str] = deque()
        self.eof = False
        self.beating: Callable[[], bool] = lambda: False
        self.mine, self.phase, self.old = "", "open", "none"
        self.releases_to_prune: list[str] = []

    # --- what it is told ------------------------------------------------------------------------

    def switch(self, came_from: str, to: str, fallback: str) -> Steps:
        if self.has("committed"):
            self.say("refused history")
            return
        if (came_from != "none" and not self.is_live(came_from)) or self.is_live(to):
            self.say("refused marker")
            return
        if not (yield from self.put_for_good("intent", f"{came_from} {to} {fallback}")):
            self.say("refused disk")
            return
        if not (yield from self.rename_marker(came_from, to)):
            self.say("refused rename")
            return
        yield from self.sync(self.live)
        self.phase = "switched"
        self.say("switched", 100, round(self.machine.now_s * 1e6))

    def commit(self, proof: str) -> Steps:
        came_from, to, _ = self.intent()
        if not self.is_live(to):
            self.say("refused marker")
            return
        record = self.record_of("done", json.loads(proof))
        if not (yield from self.put_for_good("committed", record)):
            self.say("refused disk")
            return
        self.phase = "committed"
        yield from self.settle_commit()
        self.say("committed")
        self.old = came_from
        yield from self.finish()

    def settle(self) -> Steps:
        if self.has("committed"):
            yield from self.settle_commit()
        if self.has("intent"):
            if self.containers(self.intent()[0], running_only=True):
                yield from self.flip_back()
            else:
                yield from self.remove("intent")
        self.flipped = {}  # it was the last deploy's

    # --- ways to end ----------------------------------------------------------------------------

    def bye(self) -> Steps:
        yield from self.remove("owner", "ended_by")
        self.say("bye")
        raise Ended

    def finish(self) -> Steps:
        if self.keep_warm:
            self.say("kept", self.old)
        else:
            yield from self.retire(self.old, remove=True)
        told = {"outcome": "finished", "drain_s": self.drained_ms / 1000, "cut": self.cut}
        yield from self.append_record(json.dumps({**self.about, "at": self.now(), **told}))
        for each in self.releases_to_prune:
            yield from self.prune(*each.split("=", 1))
        yield from self.bye()

    def prune(self, release: str, reference: str = "") -> Steps:
        if not re.fullmatch("[0-9a-f]{12}", release):
            return
        yield f"prune {release}"
        engine = self.machine.engine
        gone = [c.id for c in engine.containers.values() if self._is_left_over(c, release)]
        if gone:
            engine.remove(gone)
        engine.forget_hooks(release)
        for image in filter(None, (f"protostar-release/{self.service}:{release}", reference)):
            engine.remove_image(image)
        self.disk.remove_tree(f"{self.root}/releases/{self.service}/{release}")
        self.say("pruned", release)

    def _is_left_over(self, container: Any, release: str) -> bool:
        theirs = (container.service, container.release, container.running)
        return theirs == (self.service, release, False)

    def abandon(self, outcome: str, proof: dict[str, Any]) -> Steps:
        yield from self.flip_back()
        if outcome == "silent":
            outcome = "flipped_back" if self.flipped else "interrupted"
        self.phase = "abandoned"
        if self.about:
            yield from self.append_record(self.record_of(outcome, proof))
        self.say("abandoned")
        if self.mine:
            yield from self.retire(self.mine, remove=False)
        yield from self.bye()

    def ended_by(self) -> str:
        return self.disk.text(self.path("ended_by")).strip() or "a signal"

    def dismissed(self) -> Steps:
        """The trap before it holds anything."""
        self.say("ended", self.ended_by())
        yield from self.bye()

    def ended(self) -> Steps:
        """The trap of SIGUSR1 and SIGTERM."""
        by = self.ended_by()
        if self.phase in ("switched", "committed") and self.has("committed"):
            yield from self.settle_commit()
            self.phase = "committed"
        settled = self.phase in ("committed", "abandoned")
        if not settled:
            yield from self.flip_back()
            self.phase = "open"
        yield from self.put("ended_as", self.phase)
        self.say("ended", by)
        if settled:
            yield from self.bye()
        yield from self.abandon("ended", {"reason": f"ended by {by}"})

    # --- its life -------------------------------------------------------------------------------

    def life(self, pid: int) -> Life:
        self.pid = pid
        try:
            if not (yield from self._locks()):
                return LOCKED
        except Signalled:
            return TERMINATED  # no trap is set yet
        try:
            yield from self._takes_office()
        except Signalled:
            return (yield from self._end(self.dismissed()))
        try:
            yield from self._listen()
        except Signalled:
            return (yield from self._end(self.ended()))
        except Ended:
            return 0
        return 1

    def _locks(self) -> Generator[str | Wait, bool, bool]:
        if not (yield self.locking(f"{self.root}/guard/host", 2, shared=True)):
            self.say("locked host")
            return False
        if not (yield self.locking(self.path("lock"), 1, shared=False)):
            self.say("locked", self.disk.text(self.path("owner")).replace("\n", " "))
            return False
        self.since = self.now()
        yield from self.remove("ended_by")
        return True

    def _takes_office(self) -> Steps:
        yield from self.own("guard")
        yield from self.take_work()
        yield from self.settle()
        self.machine.unlock(self.path("work"), self.pid)
        self.say("held", self.pid)

    def _end(self, last: Steps) -> Life:
        try:
            yield from last
        except Ended:
            return 0
        return 1

    def _listen(self) -> Steps:
        while (line := (yield from self._read())) is not None:
            yield from self.obey(line)
        if not self.about:
            yield from self.bye()
        yield from self.abandon("silent", {"reason": "the deployer fell silent"})

    def _read(self) -> Any:
        """The next line; None at the end of stdin and after `deaf_s` without a beat."""
        while not self.inbox and not self.eof:
            until = self.machine.now_s + self.deaf_s
            came = yield Wait(until, lambda: bool(self.inbox) or self.eof)
            if not came and not self.beating():
                return None
        return self.inbox.popleft() if self.inbox else None

    def obey(self, line: str) -> Steps:
        word, _, rest = line.partition(" ")
        known: dict[str, Callable[[str], Steps]] = {
            "step": self.own,
            "switch": lambda text: self.switch(*text.split()),
            "commit": self.commit,
            "abandon": lambda text: self.abandon(
                text.split(" ")[0], json.loads(text.split(" ", 1)[1])
            ),
            "clean": self.clean,
            "release": lambda text: self.bye(),
        }
        if word in known:
            yield from known[word](rest)
        elif not self.noted(word, rest):
            self.say("refused", word)

    def noted(self, word: str, rest: str) -> bool:
        """Lines that only tell something."""
        if word == "about":
            self.about = json.loads(rest)
        elif word == "terms":
            self.set_terms(rest)
        elif word == "mine":
            self.mine = rest
        elif word == "prune":
            self.releases_to_prune = rest.split()
        return word in ("beat", "about", "terms", "mine", "prune")

    def clean(self, colour: str) -> Steps:
        yield from self.retire(colour, remove=True)
        self.say("cleaned")
