"""Why a router cannot be reached, in words: a look at its address, and a TLS handshake as a client would do it.

Zenoh says only that it could not connect.
"""

from __future__ import annotations

import re
import socket
import ssl

_ADDRESS = re.compile(r"(?P<protocol>tcp|tls)/(?P<host>\[[^]]+\]|[^:/?#]+):(?P<port>\d+)")
PATIENCE_S = 3.0


def unreachable_because(endpoint: str) -> str:
    """Why nobody can be talked with at an endpoint; empty if somebody listens, or it cannot be told."""
    found = _ADDRESS.match(endpoint)
    if found is None:
        return ""
    try:
        with _connection(found):
            return ""
    except socket.gaierror:
        return f"the name {found['host']} is unknown here"
    except TimeoutError:
        return f"no answer from {found['host']} within {PATIENCE_S:g} s"
    except ConnectionRefusedError:
        return f"nothing listens on port {found['port']} of {found['host']}"
    except OSError as error:
        return f"{found['host']}: {error.strerror or error}"


def refused_because(endpoint: str, authority: bytes) -> str:
    """Why somebody who listens there may not have let us in."""
    found = _ADDRESS.match(endpoint)
    if found is None or found["protocol"] == "tcp":
        return (
            "something listens there, but it does not let us in; is it a Zenoh router, and one without TLS?"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=authority.decode())
        with (
            _connection(found) as plain,
            context.wrap_socket(plain, server_hostname=found["host"].strip("[]")),
        ):
            return (
                "the router does not accept our certificate: it is of another network, or the clocks differ "
                "(the router's log says more)"
            )
    except ssl.SSLCertVerificationError as error:
        return (
            f"the certificate that the router shows is not one to trust: {error.verify_message.rstrip('.')}"
        )
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        return f"TLS cannot be agreed on ({error}); does the router speak TLS there?"


def _connection(found: re.Match[str]) -> socket.socket:
    return socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=PATIENCE_S)
