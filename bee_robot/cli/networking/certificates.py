"""The certificates of a network: one authority, one certificate for each member and for the router.

P-256 keys; every machine of a network trusts the authority and nothing else. Times are UTC.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bee_robot.cli.networking.errors import NetworkError

AUTHORITY_DAYS = 3650
CLOCK_SLACK = timedelta(days=1)
"""A certificate is valid from a day before it is made: clocks differ, and robots often have none that lasts."""


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    @property
    def expires(self) -> datetime:
        return validity(self.certificate)[1]


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """From when and until when a PEM certificate holds. ValueError if it is none."""
    loaded = x509.load_pem_x509_certificate(certificate)
    if hasattr(loaded, "not_valid_after_utc"):
        return loaded.not_valid_before_utc, loaded.not_valid_after_utc
    # cryptography before 42, which Ubuntu 22.04 and 24.04 bring, has no time zone here
    return (
        loaded.not_valid_before.replace(tzinfo=timezone.utc),
        loaded.not_valid_after.replace(tzinfo=timezone.utc),
    )


def common_name(certificate: bytes) -> str:
    """Whom a PEM certificate names."""
    loaded = x509.load_pem_x509_certificate(certificate)
    return str(loaded.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def make_authority(name: str, now: datetime) -> Identity:
    """A new authority, valid for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(_KEY_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
    builder = (
        _builder(_named(name), _named(name), key, now, now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    return _signed(builder, key, key)


def issue_member(authority: Identity, name: str, now: datetime, days: float) -> Identity:
    """A certificate with which a member shows the router who it is. It ends with the authority, if not before. NetworkError."""
    return _issue(authority, name, now, days, ExtendedKeyUsageOID.CLIENT_AUTH, None)


def issue_router(authority: Identity, hosts: tuple[str, ...], now: datetime, days: float) -> Identity:
    """A certificate for the router; members check that the host they asked for is one of `hosts`. As `issue_member`."""
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return _issue(authority, hosts[0], now, days, ExtendedKeyUsageOID.SERVER_AUTH, names)


_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issue(
    authority: Identity,
    name: str,
    now: datetime,
    days: float,
    purpose: x509.ObjectIdentifier,
    hosts: list[x509.GeneralName] | None,
) -> Identity:
    if now >= authority.expires:
        raise NetworkError(
            f"the authority of this network ended on {authority.expires:%Y-%m-%d}; make a new network in another folder"
        )
    # Nobody believes a certificate longer than the authority that signed it.
    until = min(now + timedelta(days=days), authority.expires)
    authority_key = serialization.load_pem_private_key(authority.key, password=None)
    authority_certificate = x509.load_pem_x509_certificate(authority.certificate)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(_KEY_USAGES, False) | {"digital_signature": True}
    builder = (
        _builder(_named(name), authority_certificate.subject, key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return _signed(builder, key, authority_key)


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> Identity:
    certificate = builder.sign(by, hashes.SHA256())
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
