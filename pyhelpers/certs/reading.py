"""A chain in PEM → what is held."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from pyhelpers.certs.commands import OTHER_KEY
from pyhelpers.certs.model import Held

BEGIN = "-----BEGIN CERTIFICATE-----"


def held_of(text: str) -> Held | None:
    """The first certificate of `look`'s answer; None when there is none that can be read."""
    if BEGIN not in text:
        return None
    try:
        found = x509.load_pem_x509_certificates(text.encode())[0]
    except ValueError:
        return None
    return Held(
        names=_names(found),
        begins=found.not_valid_before_utc.timestamp(),
        ends=found.not_valid_after_utc.timestamp(),
        serial=f"{found.serial_number:x}",
        fingerprint=found.fingerprint(hashes.SHA256()).hex(":").upper(),
        key_fits=OTHER_KEY not in text,
    )


def _names(found: x509.Certificate) -> frozenset[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(names.get_values_for_type(x509.DNSName))
