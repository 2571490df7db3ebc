"""One host whose data is kept: its containers, its store, and how both are spoken to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyhelpers.backup import answers, commands
from pyhelpers.backup.model import Container, Item, Kind, Snapshot
from pyhelpers.backup.snapshots import snapshots_of
from pyhelpers.errors import FailedBeforeSwitch, PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.clock import WallClock
    from pyhelpers.config.backups import HostBackup, Keep
    from pyhelpers.errors import ProtostarError
    from pyhelpers.hosts.protocol import Finished, Host
    from pyhelpers.steps import Notes, Step

PROBE_S, ASK_S, LONG_S = 30.0, 60.0, 12 * 3600.0


@dataclass(slots=True)
class Site:
    """A host, what of it is kept, and who is told of the progress."""

    host: Host
    project: str
    settings: HostBackup
    keep: Keep
    clock: WallClock
    show: Notes[Step]
    containers: dict[str, Container] = field(default_factory=dict)

    @property
    def items(self) -> tuple[Item, ...]:
        """In the order in which a run makes them."""
        chosen = self.settings
        return (
            *([Item(Kind.POSTGRES)] if chosen.postgres else []),
            *(Item(Kind.DUMP, name) for name in chosen.databases),
            *(Item(Kind.REDIS, name) for name in chosen.redis),
            *(Item(Kind.FOLDER, name) for name in chosen.folders),
        )

    # --- its containers ---------------------------------------------------------------------------

    def look(self) -> None:
        """Raises `PreflightError` when the host has no backup container, or it does not run."""
        found = self.host.run(commands.find(self.project), deadline_s=ASK_S)
        if not found.ok:
            raise PreflightError(
                error=f"{self.host.name}: the engine does not answer: {found.err.strip()}",
                try_=f"protostar deploy doctor {self.host.name}",
            )
        self.containers = containers_of(found.out)
        keeper = self.containers.get(self.settings.service)
        if keeper is None or not keeper.running:
            told = "does not run" if keeper else "is not there"
            raise PreflightError(
                error=f"{self.host.name}: the container `{self.settings.service}` of the stack "
                f"{self.project} {told}",
                try_=f"protostar sync apply {self.host.name}",
            )

    @property
    def keeper(self) -> Container:
        """Where backups are made, and the only one that has the key."""
        return self.containers[self.settings.service]

    def container(self, service: str) -> Container:
        """Raises `PreflightError` when the stack has none of that name."""
        if service not in self.containers:
            raise PreflightError(
                error=f"{self.host.name}: the stack {self.project} has no container `{service}`",
                try_=f"protostar sync apply {self.host.name}",
            )
        return self.containers[service]

    # --- speaking to them -------------------------------------------------------------------------

    def ask(
        self,
        argv: Sequence[str],
        deadline_s: float = ASK_S,
        *,
        stdin: bytes | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        """Something in the backup container, whatever comes of it."""
        inside = commands.within(
            self.keeper.id, commands.bounded(deadline_s, argv), stdin=stdin is not None
        )
        return self.host.run(
            inside, deadline_s=deadline_s + 15, stdin=stdin or b"", on_line=on_line
        )

    def must(
        self,
        argv: Sequence[str],
        what: str,
        deadline_s: float = ASK_S,
        *,
        stdin: bytes | None = None,
    ) -> str:
        """What it wrote. Raises what `answers.failure` makes of its failure."""
        done = self.ask(argv, deadline_s, stdin=stdin, on_line=self._progress)
        if not done.ok:
            where = f"{self.host.name}: {what}"
            raise answers.failure(where, done.status, f"{done.out}\n{done.err}")
        return done.out

    def _progress(self, line: str) -> None:
        told = answers.progress(line)
        if told:
            self.show.note(told)

    def on_host(
        self,
        argv: Sequence[str],
        what: str,
        deadline_s: float = ASK_S,
        *,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        """Something on the host itself. Raises `FailedBeforeSwitch` with what it said."""
        done = self.host.run(argv, deadline_s=deadline_s, stdin=stdin, on_line=on_line)
        if not done.ok:
            text = f"{done.out}\n{done.err}"
            if answers.reason(text, here=True)[0]:
                raise answers.failure(f"{self.host.name}: {what}", done.status, text, here=True)
            said = (done.err.strip() or done.out.strip()).splitlines()
            told = said[-1] if said else f"status {done.status}"
            raise FailedBeforeSwitch(error=f"{self.host.name}: {what}: {told}")
        return done.out

    # --- the store --------------------------------------------------------------------------------

    def open_store(self, *, make: bool = False) -> tuple[Snapshot, ...]:
        """What it has, oldest first: so it answers and knows our key, before anything long begins.

        `make`: a store that was never used gets its repository. Raises `PreflightError`.
        """
        asked = self._listed(commands.FILES, PROBE_S)
        if asked.status == answers.NO_REPOSITORY and not answers.reason(asked.err)[0]:
            if not make:
                raise PreflightError(
                    error=f"{self.host.name}: the store has no backup of this host yet",
                    try_=f"protostar backup run {self.host.name}",
                )
            asked = self.ask(commands.restic(commands.FILES, "init"))
            if asked.ok:
                return ()
        if not asked.ok:
            raise self._refused(asked)
        return snapshots_of(asked.out)

    def snapshots(self, repository: str = commands.FILES) -> tuple[Snapshot, ...]:
        """Oldest first; none when there is no repository yet."""
        asked = self._listed(repository, ASK_S)
        if asked.status == answers.NO_REPOSITORY:
            return ()
        if not asked.ok:
            raise self._refused(asked)
        return snapshots_of(asked.out)

    def _listed(self, repository: str, deadline_s: float) -> Finished:
        return self.ask(commands.restic(repository, "--no-lock", "snapshots", "--json"), deadline_s)

    def _refused(self, asked: Finished) -> ProtostarError:
        where = f"{self.host.name}: the store"
        if answers.refuses_us(asked.err):
            told = self.ask(commands.script(commands.CLOCK, "clock"), PROBE_S)
            wrong_clock = answers.clocks(where, told.out)
            if wrong_clock is not None:
                return wrong_clock
        return answers.failure(where, asked.status, asked.err, before=True)

    def figures(self, name: str) -> str:
        """As they were last written; empty when they never were."""
        reading = commands.script(commands.FIGURES, "read", name)
        return self.must(reading, "the figures cannot be read")

    def measure(self, name: str, text: str) -> None:
        self.must(
            commands.script(commands.MEASURE, "measure", name),
            "the figures cannot be written",
            stdin=text.encode(),
        )


def containers_of(text: str) -> dict[str, Container]:
    """`docker inspect` → by their keys in the Compose files."""
    found = json.loads(text) if text.strip() else []
    return {
        each["Config"]["Labels"]["com.docker.compose.service"]: _container(each) for each in found
    }


def _container(told: dict[str, Any]) -> Container:
    variables = dict(each.partition("=")[::2] for each in told["Config"].get("Env") or [])
    return Container(
        id=told["Id"],
        name=told["Name"].lstrip("/"),
        image=told["Config"]["Image"],
        running=told["State"]["Status"] == "running",
        user=told["Config"].get("User") or "",
        data=variables.get("PGDATA", ""),
        volumes={
            each["Destination"]: each.get("Name") or each["Source"] for each in told["Mounts"]
        },
    )
