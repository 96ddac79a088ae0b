"""The Django project: settings, URLs, Celery and its periodic tasks, health checks."""
