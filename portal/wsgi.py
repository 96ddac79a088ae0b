import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from accounts.key_check import stop_without_keys  # noqa: E402  needs the models, which are loaded by now

stop_without_keys()
