"""A rotation while eight workers are busy: the old pair is refused in the middle, and every run ends as it should."""

from collections import Counter
from pathlib import Path

import pytest
from django_scopes import scope

from accounts.credentials import rotation as rotation_actions
from accounts.models import Credential, Rotation, Team, User
from expensify.pair import KeyPair
from exports.models import Run
from exports.runs import actions as runs
from sandbox.app import Sandbox
from sandbox.choices import Choices
from sandbox.state import Arrival
from tests.factories import make_credential, make_export, pair_of
from tests.waiting import wait_until
from tests.workers import PATIENT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NEW = KeyPair("aa_acme_new", "n" * 40)
RUNS = 200
LIMITS = ((25, 0.25), (100, 1.5))  # forty times the pace of the real ones


def test_a_rotation_under_load_loses_doubles_and_misdirects_nothing(acme: Team, alice: User, tmp_path: Path) -> None:
    sandbox = Sandbox(choices=Choices(limits=LIMITS, download_by="pair", generation_seconds=0.2))
    old = pair_of(acme)
    account = sandbox.pairs[old.partner_user_id]
    sandbox.add_pair(NEW.partner_user_id, NEW.partner_user_secret, account=account.account, policies=account.policies)

    def by_old(kind: str, *, refused: bool = False) -> list[Arrival]:
        return [
            each
            for each in sandbox.log
            if (each.pair, each.kind) == (old.partner_user_id, kind) and (each.code == 404 or not refused)
        ]

    with scope(team=acme), sandbox.serve() as served:
        portal = Processes(
            tmp_path,
            **PATIENT,
            EXPENSIFY_URL=served.url,
            EXPENSIFY_LIMITS="25/0.25s,100/1.5s",
            RETRY_SECONDS="0.3",
            CALL_ATTEMPTS="9",
            SWEEP_SECONDS="0.5",
        )
        try:
            portal.worker(processes=8)
            portal.beat()
            credential = make_credential(acme)
            plain = make_export(credential, alice, "Plain")
            marking = make_export(credential, alice, "Marks", mark_as="Ledger", mark_when="generated")
            started = [runs.start(marking if number % 4 == 0 else plain, by=alice) for number in range(RUNS)]
            rotation = rotation_actions.start_rotation(credential, NEW, by=alice)
            wait_until(lambda: Rotation.objects.get(pk=rotation.pk).status == "ready")
            wait_until(lambda: len(sandbox.generated) > RUNS // 5)

            # Between the two the old pair is refused while it is still the present one.
            sandbox.revoke(old.partner_user_id)
            wait_until(lambda: by_old("generate", refused=True) or by_old("download", refused=True))
            rotation_actions.switch(Rotation.objects.get(pk=rotation.pk), at=None, by=alice)
            on_their_way = Run.objects.filter(status=Run.Status.GENERATING).count()
            generated_by_old = len(by_old("generate"))
            wait_until(lambda: not Run.objects.unfinished().exists(), seconds=600)
        finally:
            portal.stop()

        outcome = Counter((run.version.export.name, run.status, run.error_code) for run in Run.objects.all())
        made = Counter(generation.label for generation in sandbox.generated)
        marked = [run for run in started if run.marks]
        lost = outcome["Marks", "failed", "pair_replaced"]
        assert outcome["Plain", "succeeded", ""] == RUNS - len(marked)
        # A marking file that the old pair had made is out of reach; nobody makes it a second time.
        assert outcome["Marks", "succeeded", ""] + lost == len(marked)
        assert made["Ledger"] == len(marked)
        assert sandbox.refused == 0
        assert len(by_old("generate")) <= generated_by_old + on_their_way
        assert Credential.objects.get(pk=credential.pk).status == Credential.Status.WORKING
