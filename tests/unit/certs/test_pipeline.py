"""A renewal: what is not served is put back, and one that fails leaves what is there."""

from __future__ import annotations

import datetime
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pyhelpers.certs import pipeline
from pyhelpers.certs.commands import OTHER_KEY
from pyhelpers.certs.reading import held_of
from pyhelpers.config.certificates import Certificate
from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch
from tests.unit.backup.host_double import AnsweringHost, StoppedClock, Told

if TYPE_CHECKING:
    from pyhelpers.certs.authority import Authority, Proof
    from pyhelpers.hosts.protocol import Host

SHOP = "shop.test"


def chain(name: str = SHOP, days: int = 90) -> str:
    """A certificate that signs itself, from the clock's beginning."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([])
    begins = datetime.datetime.fromtimestamp(1000, datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


class Issues:
    """An authority: gives `chain`, or refuses."""

    def __init__(self, text: str = "", advised: float | None = None) -> None:
        self.text, self.advised = text, advised

    def issue(self, _request: bytes, _proof: Proof, _mail: str | None) -> str:
        if not self.text:
            raise FailedBeforeSwitch(error="rateLimited")
        return self.text

    def renewal(self, _chain: str) -> float | None:
        return self.advised


class Shows:
    kind = "http-01"

    def shown(self, *_what: str) -> Any:
        return nullcontext()

    def settle(self) -> None: ...


def site_on(host: AnsweringHost) -> pipeline.Site:
    host.answer("Config.Image", text="nginx:1.30\n")
    settings = Certificate(host="a5", names=[SHOP])
    return pipeline.Site(cast("Host", host), SHOP, settings, StoppedClock(), Told())


def renewed(
    host: AnsweringHost, authority: Issues, *, force: bool = False, new_key: bool = False
) -> pipeline.Done:
    wanted = pipeline.Wanted(frozenset({SHOP}), force=force, new_key=new_key)
    asked = cast("Authority", authority)
    return pipeline.renewed(site_on(host), lambda: asked, cast("Proof", Shows()), wanted)


def fingerprint(text: str) -> str:
    held = held_of(text)
    assert held is not None
    return f"sha256 Fingerprint={held.fingerprint}\n"


def test_one_that_is_not_due_is_left_alone() -> None:
    host = AnsweringHost()
    host.answer("look", text=chain())
    assert renewed(host, Issues()).problem is None
    assert not host.was_asked("request")


def test_the_server_may_say_that_it_is_due() -> None:
    host, new = AnsweringHost(), chain()
    host.answer("look", text=chain())
    host.answer("served 443", text=fingerprint(new))
    assert renewed(host, Issues(new, advised=999)).problem is None
    assert host.was_asked("place", SHOP, "101")


def test_a_new_one_is_served_without_a_reload() -> None:
    host, new = AnsweringHost(), chain()
    host.answer("served 443", text=fingerprint(new))
    assert renewed(host, Issues(new)).problem is None
    assert not host.was_asked("HUP")


def test_a_new_key_needs_one() -> None:
    host, new = AnsweringHost(), chain()
    host.answer("served 443", text=fingerprint(new))
    assert renewed(host, Issues(new), new_key=True).problem is None
    assert host.was_asked("HUP")


def test_as_long_as_one_worker_serves_the_old_one_it_is_not_served() -> None:
    host, new = AnsweringHost(), chain()
    host.answer("served 443", text=fingerprint(chain()) + fingerprint(new))
    done = renewed(host, Issues(new))
    assert isinstance(done.problem, FailedAfterSwitch)


def test_what_is_not_served_after_a_reload_is_put_back() -> None:
    host = AnsweringHost()
    done = renewed(host, Issues(chain()))
    assert isinstance(done.problem, FailedAfterSwitch)
    assert done.problem.state == "the certificate of before was put back"
    assert host.was_asked("back", SHOP)
    assert "HUP" in host.asked[-1]


def test_a_configuration_that_nginx_refuses_is_never_reloaded() -> None:
    host = AnsweringHost()
    host.answer("nginx -t", status=1, text="unknown directive")
    done = renewed(host, Issues(chain()))
    assert done.problem is not None
    assert "unknown directive" in done.problem.error
    assert host.was_asked("back", SHOP)


def test_a_refusal_of_the_server_places_nothing() -> None:
    host = AnsweringHost()
    host.answer("look", text=chain())
    done = renewed(host, Issues(), force=True)
    assert isinstance(done.problem, FailedBeforeSwitch)
    assert not host.was_asked("place")
    assert done.row.failed
    assert done.row.ends == 1000 + 90 * 86400


def test_before_there_is_an_nginx_the_first_one_is_placed_all_the_same() -> None:
    host = AnsweringHost()
    site = site_on(host)
    host.answer("Config.Image", status=1)
    site.image = "protostar/nginx:1.30"
    authority = cast("Authority", Issues(chain()))
    site.renew(authority, cast("Proof", Shows()), None, new_key=False)
    assert not host.was_asked("served 443")


def test_what_is_held_is_read_with_its_names_and_its_key() -> None:
    held = held_of(chain())
    assert held is not None
    assert held.names == {SHOP}
    assert held.key_fits
    other = held_of(chain() + OTHER_KEY)
    assert other is not None
    assert not other.key_fits
    assert held_of("") is None
    assert held_of("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n") is None
