"""A `requests` adapter that connects to public addresses only, for the company's sign-in.

allauth accepts no other HTTP client than `requests`; everything else in the portal uses httpx.
"""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from accounts.public_hosts import NotAHost, is_public, parse_url


class PrivateAddress(requests.exceptions.InvalidURL):
    """The address is in a private network, or not HTTPS."""


class _Connection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        """Check the connected IP, not the name: DNS may answer differently the second time (rebinding)."""
        connection = super()._new_conn()
        if not is_public(connection.getpeername()[0]):
            connection.close()
            raise PrivateAddress("It is a private or link-local address.")
        return connection


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class PublicOnly(HTTPAdapter):
    """An adapter for `requests.Session.mount` that allows HTTPS to public addresses only."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            request.url = parse_url(request.url or "").text
        except NotAHost:
            raise PrivateAddress("Only https:// addresses are called.") from None
        return super().send(request, *args, **kwargs)
