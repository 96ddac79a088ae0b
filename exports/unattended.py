"""Celery's way in to what nobody waits for: each task loads nothing and calls one function."""

from celery import shared_task
from django.utils import timezone

from accounts import clock, rotations
from exports import watch


@shared_task
def rotate() -> None:
    """New pairs whose time has come take over, and replaced ones go. Done twice, the second finds nothing."""
    rotations.switch_due(clock.now())
    rotations.wipe_previous(clock.now())


@shared_task
def watch_credentials() -> None:
    """Every night: test what works, so that lost access shows; remind of old pairs. Tests asked for twice are one."""
    watch.remind_of_old_pairs(timezone.now())
    watch.ask_for_checks(clock.now())


@shared_task
def tell_of_lost_policies() -> None:
    """What tests found missing. Each loss is told once."""
    watch.tell_of_lost_policies()
