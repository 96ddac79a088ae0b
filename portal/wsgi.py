import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import resolve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    # For operators, without a traceback.
    sys.exit(str(error))
# Load all pages now, not at the first request.
resolve("/healthz")

from accounts.credentials.key_check import stop_without_keys  # noqa: E402  needs the models, which are loaded now

stop_without_keys()
