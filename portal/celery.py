import os
import sys
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, task_postrun, task_prerun, worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Django's checks would load all pages into every worker, 20 MB; `script/process migrate` runs them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")

try:
    settings.INSTALLED_APPS  # noqa: B018  reads all settings
except ImproperlyConfigured as error:
    # For operators, without a traceback.
    sys.exit(str(error))

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["exports.runs", "exports.schedules"])


# The other periodic tasks are in portal/beat.py; these two need Celery's crontab.
for name, task, at in (
    ("watch-credentials", "exports.unattended.watch_credentials", crontab(hour="3", minute="20")),
    ("trim-audit", "exports.unattended.trim_audit", crontab(hour="1", minute="40")),
):
    app.add_periodic_task(at, app.signature(task), name=name, expires=3600)


@worker_init.connect
@beat_init.connect
def stop_without_keys(**_: Any) -> None:
    from accounts.credentials.key_check import stop_without_keys  # needs the models, which are loaded now

    stop_without_keys()


@task_prerun.connect
@task_postrun.connect
def keep_good_connections(**_: Any) -> None:
    """As Django does around a request: close connections that are broken or too old, keep the others."""
    close_old_connections()
