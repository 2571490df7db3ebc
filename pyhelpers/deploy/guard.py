"""Our end of the guard: `guard.sh` on the host does the work, this speaks to it."""

from __future__ import annotations

import json
import math
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy import commands, guard_script
from pyhelpers.errors import NOTHING_CHANGED, Exit, ProtostarError
from pyhelpers.hosts.protocol import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyhelpers.clock import Clock
    from pyhelpers.deploy.model import Colour, Plan
    from pyhelpers.hosts.protocol import Channel, Finished, Host

DEAF_S = 5
ANSWER_S = 20.0


class GuardLost(ProtostarError):
    """The guard is gone or was ended by another: stop before the next step."""

    default_exit = Exit.PREFLIGHT
    default_state = NOTHING_CHANGED  # before the steps began; `settle` knows better after that


class Refused(ProtostarError):
    """The guard is there and will not do it."""


class Guard:
    """Holds one service on one host; every call raises `GuardLost` once it does not any more."""

    def __init__(
        self, host: Host, service: str, channel: Channel, token: str, clock: Clock = time
    ) -> None:
        self._host = host
        self._service = service
        self._channel = channel
        self._clock = clock
        self._writing = threading.Lock()
        self._over = threading.Event()
        self.token = token
        self.flipped_to = ""
        self.committed = False
        self.owned: Colour | None = None
        self._waited_for = self._trouble = ""
        self.on_progress: Callable[[str], None] = lambda _line: None

    # --- life ---------------------------------------------------------------------------------

    @classmethod
    def acquire(
        cls,
        host: Host,
        service: str,
        who: str,
        wait_s: float,
        clock: Clock = time,
        on_progress: Callable[[str], None] | None = None,
    ) -> Guard:
        """Start the guard and wait until it holds. Raises `LockedError` with the owner's name.

        A command of an earlier deploy that still runs is waited for, at most `wait_s`.
        """
        token = secrets.token_hex(8)
        script = guard_script.delivered(host)
        argv = commands.guard(host.root, script, service, token, who, DEAF_S)
        guard = cls(host, service, host.start(argv), token, clock)
        guard.on_progress = on_progress or guard.on_progress
        try:
            guard._await("held", wait_s)
        except BaseException as problem:
            guard.close()
            if isinstance(problem, GuardLost | Refused):
                why = f"{guard._waited_for}, {problem.error}".removeprefix(", ")
                raise guard_script.did_not_start(host, service, why) from None
            raise
        threading.Thread(target=guard._beat, daemon=True).start()
        return guard

    def _beat(self) -> None:
        while not self._over.wait(DEAF_S / 5):
            try:
                self._send("beat")
            except GuardLost:
                return

    def close(self) -> None:
        self._over.set()
        self._channel.close()

    # --- what it does for us ------------------------------------------------------------------

    def about(self, record: Mapping[str, Any]) -> None:
        self._send(f"about {json.dumps(record, sort_keys=True)}")

    def terms(self, plan: Plan) -> None:
        """How to drain and stop, so that the guard can do it alone."""
        service, gateway = plan.target.service, plan.target.gateway
        words: tuple[object, ...] = (
            gateway.container,
            service.port,
            round(service.drain_s * 1000),
            math.ceil(service.stop_grace_s),  # 0 would be SIGKILL at once
            "worker" if service.kind == "worker" and service.marker else "http",
            service.ready.path,
            "yes" if service.keep_warm else "no",
            gateway.network,
        )
        self._send(f"terms {' '.join(map(str, words))}")

    def enter(self, step: str) -> None:
        """Before each step: still ours? And write its name where others can read it."""
        self.check()
        self._send(f"step {step}")

    def mine(self, colour: Colour) -> None:
        self.owned = colour
        self._send(f"mine {colour}")

    def switch(self, old: Colour | None, new: Colour, *, fallback: bool) -> tuple[float, float]:
        """Rename the marker. Seconds that it took, and when it was done (epoch)."""
        self.flipped_to = ""  # what was settled before is not of this deploy
        self._send(f"switch {old or 'none'} {new} {'yes' if fallback else 'no'}")
        took, at = self._await("switched", ANSWER_S).split()
        return int(took) / 1e6, int(at) / 1e6

    def commit(self, record: Mapping[str, Any], prune: Sequence[str]) -> None:
        self._send(f"prune {' '.join(prune)}")
        self._send(f"commit {json.dumps(record, sort_keys=True)}")
        self._await("committed", ANSWER_S)
        self.committed = True

    def abandon(self, outcome: str, record: Mapping[str, Any]) -> None:
        """Flip back if switched; returns when traffic is settled, the guard cleans up after it."""
        self._send(f"abandon {outcome} {json.dumps(record, sort_keys=True)}")
        self._await("abandoned", ANSWER_S)

    def clean(self, colour: Colour) -> None:
        self._send(f"clean {colour}")

    def release(self) -> None:
        self._send("release")

    def follow(self, word: str, deadline_s: float) -> str:
        """Wait for the guard's own work: `drained`, `stopped`, `kept`, `bye`."""
        return self._await(word, deadline_s)

    # --- commands that change something ---------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        """Run `argv` on the host under the work lock, refused if this guard is not in office."""
        self.check()
        fenced = commands.fenced(self._host.root, self._service, self.token, argv, deadline_s)
        finished = self._host.run(fenced, deadline_s=deadline_s + 10, on_line=on_line)
        if not finished.ok and commands.FENCED_OUT in finished.err:
            raise self._lost(f"another guard has taken over {self._service}")
        return finished

    def check(self) -> None:
        """Raises `GuardLost` if the guard said that it ended, or is gone."""
        try:
            while (line := self._channel.receive(0.0)) is not None:
                self._hear(line)
        except ChannelClosed:
            raise self._lost() from None

    # --- the line -----------------------------------------------------------------------------

    def _send(self, line: str) -> None:
        try:
            with self._writing:
                self._channel.send(line)
        except ChannelClosed:
            raise self._lost() from None

    def _await(self, word: str, deadline_s: float) -> str:
        """The rest of the line that begins with `word`."""
        until = self._clock.monotonic() + deadline_s
        try:
            while (left_s := until - self._clock.monotonic()) > 0:
                line = self._channel.receive(left_s)
                if line is not None and line.split(" ", 1)[0] == word:
                    return line.partition(" ")[2]
                if line is not None:
                    self._hear(line)
        except ChannelClosed:
            raise self._lost() from None
        raise self._lost(f"the guard did not say `{word}` within {deadline_s:g} s")

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "flipped":
            self.flipped_to = rest.split()[0]
        elif word == "committed":
            self.committed = True
        elif word == "locked":
            raise guard_script.locked(self._service, rest)
        elif word == "ended":
            raise self._lost(f"the deploy was ended by {rest}")
        elif word == "refused":
            raise Refused(error=f"the guard refused: {guard_script.REFUSALS.get(rest, rest)}")
        elif word == "trouble":
            self._trouble = rest
            self.on_progress(rest)
        elif word in guard_script.PROGRESS:
            told = guard_script.PROGRESS[word].format(*rest.split(" "))
            self._waited_for = told if word == "waiting" else ""
            self.on_progress(told)

    def _lost(self, error: str = "") -> GuardLost:
        """After trouble it goes by itself, and the trouble is what there is to say."""
        self._over.set()
        why = error or self._trouble or "the guard on the host is gone"
        return GuardLost(error=why, try_=f"protostar deploy status {self._service}")
