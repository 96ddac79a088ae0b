from tests.exports.conftest import acme_open, policy

__all__ = ["acme_open", "policy"]
