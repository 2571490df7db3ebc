"""A container engine in memory: images, containers, and how the applications in them behave."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

BOOT_TAKES_S = 2.0


@dataclass(frozen=True, slots=True)
class App:
    """How the program of an image behaves."""

    ready_after_s: float = 0.1
    ready: bool = True
    exits: bool = False
    fails: bool = False
    hook_s: float = 1.0
    hook_fails: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    id: str
    app: App = App()
    architecture: str = "amd64"
    size_bytes: int = 1 << 20


@dataclass(slots=True)
class Container:
    """`colour` and `release` are its labels; `one_off` is what `docker compose run` leaves."""

    id: str
    name: str
    service: str
    colour: str
    release: str
    app: App
    address: str
    started_s: float
    one_off: bool = False
    running: bool = True
    exit_code: int = 0
    restarts: int = 0
    stop_s: float = 0.0

    def is_ready(self, now_s: float) -> bool:
        return self.running and self.app.ready and now_s >= self.started_s + self.app.ready_after_s


@dataclass(slots=True)
class Engine:
    """`images` by every name that they have; `registry`: what a pull would bring."""

    images: dict[str, Image] = field(default_factory=dict)
    registry: dict[str, Image] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    hooks_done: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    last_number: int = 1
    booted_s: float = float("-inf")

    # --- what the guard and the deployer look for -----------------------------------------------

    def of(self, service: str, colour: str, *, running_only: bool = False) -> list[Container]:
        """As `docker ps` with the guard's label filters: no one-off containers."""
        return [
            c
            for c in self.containers.values()
            if (c.service, c.colour, c.one_off) == (service, colour, False)
            and (c.running or not running_only)
        ]

    def named(self, name: str) -> Container | None:
        """By id or by name, as the engine takes either."""
        return next((c for c in self.containers.values() if name in (c.id, c.name)), None)

    # --- what changes something -----------------------------------------------------------------

    def create(self, name: str, labels: tuple[str, str, str], now_s: float, app: App) -> Container:
        """`labels`: service, colour, release."""
        self.last_number += 1
        number = self.last_number
        address = f"172.18.{number // 250}.{number % 250 + 1}"
        made = Container(f"c{number}", name, *labels, app, address, now_s)
        self.containers[made.id] = made
        return made

    def tag(self, image: str, name: str) -> bool:
        found = self.image(image)
        if found is not None:
            self.images[name] = found
        return found is not None

    def pull(self, reference: str) -> bool:
        if reference not in self.registry:
            return False
        self.images[reference] = self.registry[reference]
        return True

    def stop(self, names: list[str], grace_s: float) -> None:
        """Those that are not there are complained about and passed over."""
        self.calls.append(f"stop -t {grace_s:g} {' '.join(names)}")
        for each in filter(None, map(self.named, names)):
            each.running = False
            each.address = ""

    def disconnect(self, network: str, name: str) -> None:
        self.calls.append(f"network disconnect {network} {name}")

    def remove(self, names: list[str], *, force: bool = False) -> None:
        self.calls.append(f"rm {'--force' if force else '--volumes'} {' '.join(names)}")
        for each in filter(None, map(self.named, names)):
            if force or not each.running:
                del self.containers[each.id]

    def remove_image(self, name: str) -> None:
        self.calls.append(f"image rm {name}")
        self.images.pop(name, None)

    def forget_hooks(self, release: str) -> None:
        """The release is pruned: the traces of what it has run go with it."""
        self.hooks_done = [name for name in self.hooks_done if release not in name]

    def boot(self, now_s: float) -> None:
        """`restart: unless-stopped` for a colour's containers; a one-off does not come back."""
        self.booted_s = now_s
        for each in self.containers.values():
            if each.running and each.one_off:
                each.running, each.exit_code = False, 255
            each.started_s = now_s + BOOT_TAKES_S if each.running else each.started_s

    def image(self, name: str) -> Image | None:
        """By name or by id."""
        by_id = {image.id: image for image in self.images.values()}
        return self.images.get(name) or by_id.get(name)


def crash(container: Container) -> None:
    """What happens to an application in the night."""
    container.running, container.exit_code, container.address = False, 1, ""
    container.app = replace(container.app, ready=False)
