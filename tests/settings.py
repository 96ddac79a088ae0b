"""The portal's own settings, in an environment made for tests before they are read."""

import os

from tests.servers import RedisServer

if "REDIS_URL" not in os.environ:
    os.environ["REDIS_URL"] = RedisServer().start().url
