"""HTTP by `requests` to public addresses only, never into a private network: for the company's sign-in."""

import socket

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from accounts.public_hosts import is_public


class PrivateAddress(requests.exceptions.InvalidURL):
    """The address lies inside of some network: the portal does not go there."""


def _checked(connected: socket.socket) -> socket.socket:
    """The peer itself is looked at, after connecting and before a word: a name may resolve otherwise twice."""
    peer = connected.getpeername()[0]
    if not is_public(peer):
        connected.close()
        raise PrivateAddress("It is a private or link-local address.")
    return connected


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _TLSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class PublicOnly(HTTPAdapter):
    """For `requests.Session.mount`: reaches public addresses only, and those by HTTPS only."""

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        if not (request.url or "").startswith("https://"):
            raise PrivateAddress("Only https:// addresses are called.")
        return super().send(request, *args, **kwargs)
