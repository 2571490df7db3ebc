"""From what is held to what is served: look, ask, issue, place, see it served, or put it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.certs import commands, metrics
from pyhelpers.certs.authority import Authority, new_account_key
from pyhelpers.certs.model import Looked, due
from pyhelpers.certs.reading import held_of
from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch, PreflightError, ProtostarError
from pyhelpers.steps import Step, showing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from pyhelpers.certs.authority import Proof
    from pyhelpers.clock import WallClock
    from pyhelpers.config.certificates import Certificate
    from pyhelpers.hosts.protocol import Finished, Host
    from pyhelpers.steps import Notes

ASK_S, RUN_S = 20.0, 60.0
# nginx reads again what it has kept for longer than `ssl_certificate_cache … valid` says.
SEEN_WITHIN_S, RELOADED_WITHIN_S, POLL_S = 15.0, 20.0, 0.5
ACCOUNT = "certificates/account.pem"


@dataclass(slots=True)
class Site:
    """One certificate, and the host that serves it."""

    host: Host
    folder: str
    settings: Certificate
    clock: WallClock
    show: Notes[Step]
    image: str = ""

    # --- looking ----------------------------------------------------------------------------------

    def look(self, authority: Callable[[], Authority]) -> Looked:
        """What is there, and whether it is time. A server that does not answer has no opinion."""
        found = self.host.run(commands.image_of(self.settings.container), deadline_s=ASK_S)
        # Before the first certificate there may be no nginx yet.
        self.image = found.out.strip() if found.ok else commands.DEFAULT_IMAGE
        told = self.host.run(
            commands.look(self.host.root, self.image, self.folder), deadline_s=RUN_S
        )
        if not told.ok:
            raise PreflightError(
                error=f"{self.host.name}: certificates cannot be looked at: {told.err.strip()}",
                try_=f"protostar sync apply {self.host.name}",
            )
        held, names = held_of(told.out), frozenset(self.settings.names)
        why = due(held, names, self.clock.time())
        advised = None if why or held is None else authority().renewal(told.out)
        return Looked(held, due(held, names, self.clock.time(), advised), advised)

    # --- changing ---------------------------------------------------------------------------------

    def renew(self, authority: Authority, proof: Proof, mail: str | None, *, new_key: bool) -> None:
        """Until a step fails the one that is there is served; after `place` it is put back."""
        with self._step("request", ", ".join(self.settings.names)):
            names = self.settings.names
            request = commands.request(
                self.host.root, self.image, self.folder, names, new_key=new_key
            )
            signing = self._must(request, "no request can be made").out.encode()
        with self._step("issue", f"{proof.kind}, {', '.join(names)}"):
            chain = authority.issue(signing, proof, mail)
        with self._step("place", f"certificates/{self.folder}"):
            argv = commands.place(self.host.root, self.image, self.folder, self.settings.owner)
            self._must(argv, "the certificate cannot be placed", chain.encode())
        with self._step("serve", f"{self.settings.container} answers with it"):
            self._served(chain, reload=new_key)

    def _step(self, name: str, what: str) -> AbstractContextManager[None]:
        return showing(self.show, Step(name, what), self.clock.monotonic)

    def _must(self, argv: Sequence[str], what: str, stdin: bytes = b"") -> Finished:
        done = self.host.run(argv, deadline_s=RUN_S, stdin=stdin)
        if not done.ok:
            said = (done.err.strip() or done.out.strip() or f"status {done.status}").splitlines()
            raise FailedBeforeSwitch(error=f"{self.host.name}: {what}: {said[-1]}")
        return done

    def _served(self, chain: str, *, reload: bool) -> None:
        """Without a reload where nginx reads it by itself. Raises `FailedAfterSwitch`."""
        held = held_of(chain)
        wanted = held.fingerprint if held else ""
        if not self.host.run(commands.image_of(self.settings.container), deadline_s=ASK_S).ok:
            self.show.note(f"{self.settings.container} is not there yet: nobody serves it")
        elif reload or not self._seen(wanted, SEEN_WITHIN_S):
            self._reloaded(wanted)

    def _reloaded(self, wanted: str) -> None:
        why = f"{self.settings.container} does not serve what was issued"
        try:
            self._reload()
        except ProtostarError as wrong:
            self._put_back(wrong.error)
        if self.settings.served_port is not None and not self._seen(wanted, RELOADED_WITHIN_S):
            self._put_back(why)

    def _seen(self, wanted: str, within_s: float) -> bool:
        """Whether a new connection gets it in time; one that cannot be asked never says so."""
        port = self.settings.served_port
        if port is None:
            return False
        deadline_s = self.clock.monotonic() + within_s
        asked = commands.served(self.settings.container, port, self.settings.names[0])
        while True:
            told = self.host.run(asked, deadline_s=ASK_S)
            if told.out.strip().endswith(f"={wanted}") and len(told.out.splitlines()) == 1:
                return True
            if self.clock.monotonic() >= deadline_s:
                return False
            self.clock.sleep(POLL_S)

    def _reload(self) -> None:
        """Tested first: HUP says 0 on a broken configuration too."""
        self._must(commands.test(self.settings.container), "nginx refuses its configuration")
        self._must(commands.hang_up(self.settings.container), "nginx cannot be told to reload")
        self.show.note(f"{self.settings.container} was reloaded")

    def _put_back(self, why: str) -> None:
        self._must(commands.back(self.host.root, self.image, self.folder), "it cannot be put back")
        self.host.run(commands.hang_up(self.settings.container), deadline_s=ASK_S)
        raise FailedAfterSwitch(
            error=f"{self.host.name}: {why}",
            state="the certificate of before was put back",
            try_=f"docker logs {self.settings.container}",
        )


def account_key(host: Host) -> bytes:
    """One account a host; made at its first certificate."""
    path = host.root / ACCOUNT
    found = host.read(path)
    if found is None:
        found = new_account_key()
        host.put(path, found, 0o600)
    return found


@dataclass(slots=True)
class Done:
    """What a run came to for one certificate."""

    site: Site
    looked: Looked
    problem: ProtostarError | None = None

    @property
    def row(self) -> metrics.Row:
        held = self.looked.held
        return metrics.Row(self.site.folder, held.ends if held else 0.0, self.problem is not None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for: which folders, and more than what is due."""

    folders: frozenset[str]
    mail: str | None = None
    force: bool = False
    new_key: bool = False


def renewed(site: Site, authority: Callable[[], Authority], proof: Proof, wanted: Wanted) -> Done:
    """Looked at, and renewed when it is due or wanted. A failure is part of what is returned."""
    done = Done(site, site.look(authority))
    if site.folder not in wanted.folders or not (done.looked.why or wanted.force):
        return done
    site.show.note(f"{site.folder}: {done.looked.why or 'asked for'}")
    try:
        site.renew(authority(), proof, wanted.mail, new_key=wanted.new_key)
        done.looked = site.look(authority)
    except ProtostarError as problem:
        done.problem = problem
    return done


def keep_figures(done: Sequence[Done]) -> None:
    """For node-exporter, host by host: an alert comes long before the end."""
    for host in {each.site.host.name: each.site.host for each in done}.values():
        rows = [each.row for each in done if each.site.host.name == host.name]
        path = host.root / "metrics" / "certificates.prom"
        host.put(path, metrics.text(host.name, rows).encode(), 0o644)
