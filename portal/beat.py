"""The periodic tasks that run every few seconds or minutes. Daily tasks are in portal/celery.py: they need crontab."""

from typing import Any


def beat_schedule(sweep_seconds: float, *, audit_heads: bool, audit_stream: bool) -> dict[str, dict[str, Any]]:
    """CELERY_BEAT_SCHEDULE. A message that expires does not pile up behind a slow one of its kind."""
    tasks: list[tuple[str, str, float, float | None]] = [
        # name, task, seconds between two runs, seconds until the message expires
        ("sweep", "exports.tasks.sweep", sweep_seconds, None),
        ("start-schedules", "exports.unattended.start_schedules", sweep_seconds, None),
        ("settle-occurrences", "exports.unattended.settle_occurrences", sweep_seconds, None),
        ("send-mails", "exports.unattended.send_mails", sweep_seconds, 5 * sweep_seconds),
        ("tidy", "exports.tasks.tidy", 10 * sweep_seconds, 100 * sweep_seconds),
        ("keep-up-recipients", "exports.unattended.keep_up_recipients", 30 * sweep_seconds, 30 * sweep_seconds),
        ("rotate", "exports.unattended.rotate", 2 * sweep_seconds, 20 * sweep_seconds),
        ("tell-of-lost-policies", "exports.unattended.tell_of_lost_policies", 300, 300),
        ("wipe-old", "exports.tasks.wipe_old", 3600, 3600),
    ]
    if audit_heads:
        tasks.append(("audit-heads", "exports.unattended.write_audit_heads", 3600, 3600))
    if audit_stream:
        tasks.append(("audit-stream", "exports.unattended.stream_audit", 10, 60))
    return {
        name: {"task": task, "schedule": seconds} | ({"options": {"expires": expires}} if expires else {})
        for name, task, seconds, expires in tasks
    }
