"""The portal's own settings, in an environment made for tests before they are read."""

import atexit
import os
import shutil
import sys
import tempfile

from tests.servers import RedisServer

# Each test process of pytest-xdist has servers and files of its own; its children use those of their parent.
test_process = os.environ.get("PYTEST_XDIST_WORKER", "")
if test_process and os.environ.get("SERVERS_OF", "") != test_process:
    os.environ.pop("REDIS_URL", None)
    os.environ.pop("VAR_DIR", None)
    os.environ["SERVERS_OF"] = test_process

if "REDIS_URL" not in os.environ:
    # The type checker reads these settings too, and needs no servers.
    os.environ["REDIS_URL"] = RedisServer().start().url if "pytest" in sys.modules else "redis://127.0.0.1:9"
if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="portal-tests-")
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)

os.environ.setdefault("DEMO", "yes")
os.environ.setdefault("SECRET_KEY", "demo-tests-" + "k" * 50)
os.environ.setdefault("CREDENTIAL_KEYS", "demo" + "A" * 39 + "=")
os.environ.setdefault("EXPENSIFY_URL", "http://127.0.0.1:9/nothing-listens-here")
os.environ.setdefault("LOG_LEVEL", "WARNING")

from portal.settings import *  # noqa: E402, F403

# Nothing is collected first: pages find their files where they lie in the repository.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A file, so that real workers see what a test writes.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["VAR_DIR"], "test.sqlite3")}  # noqa: F405
