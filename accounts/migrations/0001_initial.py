import accounts.credentials.keyring
import accounts.models.team
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHeads",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(unique=True)),
                ("heads", models.JSONField()),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=500)),
            ],
            options={
                "verbose_name_plural": "audit heads",
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("slug", models.SlugField(max_length=60, unique=True)),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC", max_length=64, validators=[accounts.models.team.check_time_zone]
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "two_people",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="An employee update needs the approval of a second person.",
                    ),
                ),
                ("most_leavers", models.PositiveIntegerField(db_default=10, default=10)),
                ("most_leavers_percent", models.PositiveSmallIntegerField(db_default=5, default=5)),
                (
                    "dry_run_hours",
                    models.PositiveSmallIntegerField(
                        db_default=24, default=24, help_text="How long a dry run stands for what it tried."
                    ),
                ),
                (
                    "updates_kept_days",
                    models.PositiveIntegerField(
                        db_default=365,
                        default=365,
                        help_text="Then the rows of an employee update are wiped.",
                    ),
                ),
                (
                    "recipient_domains",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The domains that files may be mailed to, one a line; members are always reached.",
                    ),
                ),
                (
                    "attach_limit",
                    models.PositiveIntegerField(
                        db_default=10000000,
                        default=10000000,
                        help_text="Bytes of a mail; a larger file becomes a link.",
                    ),
                ),
                (
                    "link_days",
                    models.PositiveSmallIntegerField(
                        db_default=30, default=30, help_text="How long a link opens."
                    ),
                ),
                (
                    "link_proof",
                    models.CharField(
                        choices=[
                            ("code", "A code sent to the recipient's address"),
                            ("sign_in", "Signing in with that address"),
                        ],
                        db_default="code",
                        default="code",
                        help_text="What opens a link: a code sent to its address, or signing in with it.",
                        max_length=20,
                    ),
                ),
                (
                    "confirm_outside_days",
                    models.PositiveSmallIntegerField(
                        db_default=91,
                        default=91,
                        help_text="How often an owner confirms recipients who are no members; 0 is never.",
                    ),
                ),
                (
                    "results_kept_days",
                    models.PositiveIntegerField(
                        db_default=730,
                        default=730,
                        help_text="Then the files of runs are deleted; their records stay.",
                    ),
                ),
                (
                    "holidays_of",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="A country, or one of its parts: DE-BE.",
                        max_length=20,
                    ),
                ),
                (
                    "second_factor",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Members need a second factor to do anything.",
                    ),
                ),
                (
                    "pair_days",
                    models.PositiveIntegerField(
                        db_default=365,
                        default=365,
                        help_text="After so many days a pair is due for rotation.",
                    ),
                ),
                (
                    "overlap_hours",
                    models.PositiveSmallIntegerField(
                        db_default=24,
                        default=24,
                        help_text="How long a replaced pair is kept for going back.",
                    ),
                ),
                (
                    "two_admins",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A new pair takes over when a second Admin has approved it.",
                    ),
                ),
                (
                    "rules_ending",
                    models.JSONField(
                        blank=True,
                        help_text="Rules about second persons that an Admin wants off; see `accounts.team_rules`.",
                        null=True,
                    ),
                ),
                (
                    "audit_kept_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Then audit entries are summarised and removed; empty: never.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AuditChain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                (
                    "team",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                ("length", models.PositiveBigIntegerField(default=0)),
                (
                    "head",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000",
                        max_length=64,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("name", models.CharField(max_length=100)),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("pair", accounts.credentials.keyring.SealedField(null=True)),
                ("fingerprint", models.CharField(editable=False, max_length=20)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("unchecked", "Not tested yet"),
                            ("working", "Working"),
                            ("refused", "Refused by Expensify"),
                            ("wiped", "Wiped"),
                        ],
                        default="unchecked",
                        max_length=20,
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=500)),
                (
                    "check_due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a test is due; during a test, when it is due again if the test gets lost.",
                        null=True,
                    ),
                ),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "paired_at",
                    models.DateTimeField(
                        help_text="When the current pair was entered; its age counts from then."
                    ),
                ),
                ("previous_pair", accounts.credentials.keyring.SealedField(null=True)),
                ("previous_pair_until", models.DateTimeField(blank=True, null=True)),
                (
                    "previous_fingerprint",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=20),
                ),
                (
                    "pair_number",
                    models.PositiveIntegerField(
                        db_default=1,
                        default=1,
                        editable=False,
                        help_text="The number of the current pair, from 1. `Run.made_with` refers to it.",
                    ),
                ),
                (
                    "lost_policies",
                    models.JSONField(
                        blank=True,
                        help_text="Policies that the last test no longer reached, until the Admins are notified.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("check_due_at__isnull", False)),
                        fields=["check_due_at"],
                        name="credential_check_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_credential_per_name",
                        violation_error_message="The team has a credential of this name already. Choose another name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pair__isnull", True), ("status", "wiped")),
                            models.Q(models.Q(("status", "wiped"), _negated=True), ("pair__isnull", False)),
                            _connector="OR",
                        ),
                        name="credential_wiped_without_pair",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="credential_of_team"),
                ],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail address")),
                (
                    "session_salt",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="Part of each session's hash: a new value ends all sessions.",
                        max_length=32,
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        name="one_user_per_address",
                        violation_error_message="Somebody with this e-mail address exists already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditStream",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "chain",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stream",
                        to="accounts.auditchain",
                    ),
                ),
                (
                    "number",
                    models.PositiveBigIntegerField(
                        default=0, help_text="The last entry that was certainly received."
                    ),
                ),
                (
                    "claimed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a worker claimed it. One sends at a time, to keep the order of entries.",
                        null=True,
                    ),
                ),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="AuditSummary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="summaries",
                        to="accounts.auditchain",
                    ),
                ),
                ("first", models.PositiveBigIntegerField()),
                ("last", models.PositiveBigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "previous_hash",
                    models.CharField(help_text="The hash before the first of them.", max_length=64),
                ),
                (
                    "last_hash",
                    models.CharField(help_text="The hash before the first entry that is kept.", max_length=64),
                ),
                ("actions", models.JSONField(help_text="The number of entries for each action.")),
                ("made_at", models.DateTimeField()),
                ("signature", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name_plural": "audit summaries",
                "ordering": ["first"],
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "first"), name="audit_summarised_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first__gte", 1), ("last__gte", models.F("first"))),
                        name="audit_summary_of_some",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedAuditView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(help_text="The query string of the page.", max_length=1000)),
                ("is_shared", models.BooleanField(default=False)),
            ],
            options={
                "ordering": [django.db.models.functions.text.Lower("name")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_audit_view_per_name",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Rotation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rotations",
                        to="accounts.credential",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("testing", "New pair being tested"),
                            ("ready", "Ready to take over"),
                            ("switched", "Taken over, the old pair is kept"),
                            ("done", "Done"),
                            ("refused", "New pair refused"),
                            ("cancelled", "Cancelled"),
                            ("rolled_back", "Rolled back"),
                        ],
                        default="testing",
                        max_length=20,
                    ),
                ),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("pair", accounts.credentials.keyring.SealedField(null=True)),
                (
                    "fingerprint",
                    models.CharField(editable=False, help_text="Of the new pair.", max_length=20),
                ),
                ("message", models.CharField(blank=True, max_length=500)),
                ("check_due_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("reach", models.JSONField(help_text="The policies that the new pair reaches.", null=True)),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("started_by_name", models.CharField(max_length=255)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_by_name", models.CharField(blank=True, max_length=255)),
                (
                    "switch_at",
                    models.DateTimeField(blank=True, help_text="When to switch to the new pair, if planned.", null=True),
                ),
                ("switch_by_name", models.CharField(blank=True, max_length=255)),
                ("switched_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("check_due_at__isnull", False)),
                        fields=["check_due_at"],
                        name="rotation_check_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "ready"), ("switch_at__isnull", False)),
                        fields=["switch_at"],
                        name="rotation_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["testing", "ready"])),
                        fields=("credential",),
                        name="one_open_rotation_per_credential",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pair__isnull", False), ("status__in", ["testing", "ready"])),
                            models.Q(
                                models.Q(("status__in", ["testing", "ready"]), _negated=True),
                                ("pair__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="rotation_holds_pair_while_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_by", models.F("started_by")), _negated=True),
                            ("approved_by", None),
                            ("started_by", None),
                            _connector="OR",
                        ),
                        name="rotation_approved_by_another",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="rotation_of_team"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policies",
                        to="accounts.team",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policies",
                        to="accounts.credential",
                    ),
                ),
                ("policy_id", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=255)),
                ("role", models.CharField(blank=True, max_length=50)),
                ("type", models.CharField(blank=True, max_length=50)),
                ("owner", models.CharField(blank=True, max_length=255)),
                ("currency", models.CharField(blank=True, max_length=10)),
            ],
            options={
                "verbose_name_plural": "policies",
                "ordering": ["name", "policy_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("credential", "policy_id"), name="one_policy_per_credential"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OnceKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="once_keys",
                        to="accounts.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                (
                    "made_id",
                    models.BigIntegerField(
                        help_text="Null only within the transaction that creates the object.", null=True
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user", "key"), name="asked_once_per_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("address", models.EmailField(max_length=254)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("refused", "Refused"),
                            ("failed", "Not sent"),
                            ("unconfirmed", "Unconfirmed"),
                            ("unsubscribed", "Unsubscribed"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="queued",
                        max_length=20,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts the claims; a worker with an old count may not change the mail."
                    ),
                ),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("message_id", models.CharField(blank=True, default="", max_length=255)),
                (
                    "error",
                    models.CharField(
                        blank=True, default="", help_text="A sentence for people.", max_length=500
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("subject", models.CharField(max_length=200)),
                ("text", models.TextField(help_text="Plain paragraphs, without a secret.")),
                (
                    "path",
                    models.CharField(
                        blank=True, help_text="The page to look at, from the root.", max_length=500
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["queued", "sending"])),
                        fields=["retry_at", "id"],
                        name="notice_to_send",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "key", "address"), name="told_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "held",
                                    "queued",
                                    "sending",
                                    "sent",
                                    "refused",
                                    "failed",
                                    "unconfirmed",
                                    "unsubscribed",
                                    "withdrawn",
                                ],
                            )
                        ),
                        name="notice_status_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="accounts.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "Admin"),
                            ("editor", "Editor"),
                            ("auditor", "Auditor"),
                            ("viewer", "Viewer"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "by_sso",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="The role follows the person's groups at their company.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user"), name="one_membership_per_team"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["admin", "editor", "auditor", "viewer"])),
                        name="membership_role_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("address", models.EmailField(max_length=254)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("refused", "Refused"),
                            ("failed", "Not sent"),
                            ("unconfirmed", "Unconfirmed"),
                            ("unsubscribed", "Unsubscribed"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="queued",
                        max_length=20,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts the claims; a worker with an old count may not change the mail."
                    ),
                ),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("message_id", models.CharField(blank=True, default="", max_length=255)),
                (
                    "error",
                    models.CharField(
                        blank=True, default="", help_text="A sentence for people.", max_length=500
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "Admin"),
                            ("editor", "Editor"),
                            ("auditor", "Auditor"),
                            ("viewer", "Viewer"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("invited_by_name", models.CharField(max_length=255)),
                ("token_hash", models.CharField(blank=True, default="", editable=False, max_length=64)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["queued", "sending"])),
                        fields=["retry_at", "id"],
                        name="invitation_to_send",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        django.db.models.functions.text.Lower("address"),
                        condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                        name="one_open_invitation",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("token_hash", ""), _negated=True),
                        fields=("token_hash",),
                        name="invitation_token_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["admin", "editor", "auditor", "viewer"])),
                        name="invitation_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "held",
                                    "queued",
                                    "sending",
                                    "sent",
                                    "refused",
                                    "failed",
                                    "unconfirmed",
                                    "unsubscribed",
                                    "withdrawn",
                                ],
                            )
                        ),
                        name="invitation_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted_at", None), ("revoked_at", None), _connector="OR"),
                        name="invitation_ends_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="accounts.auditchain",
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audit_entries",
                        to="accounts.team",
                    ),
                ),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_name", models.CharField(max_length=255)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("action", models.CharField(max_length=64)),
                ("target_type", models.CharField(blank=True, max_length=64)),
                ("target_id", models.BigIntegerField(null=True)),
                ("target_name", models.CharField(blank=True, max_length=255)),
                ("data", models.JSONField(default=dict)),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["-number"],
                "indexes": [
                    models.Index(fields=["team", "-number"], name="audit_newest"),
                    models.Index(fields=["team", "at"], name="audit_by_time"),
                    models.Index(fields=["team", "action", "-number"], name="audit_by_action"),
                    models.Index(fields=["team", "actor_id", "-number"], name="audit_by_person"),
                    models.Index(
                        fields=["team", "target_type", "target_id", "-number"], name="audit_by_target"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "number"), name="audit_numbers_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="access_tokens",
                        to="accounts.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "permissions",
                    models.JSONField(
                        help_text="The permissions that its owner chose; each request needs them in the owner's role too."
                    ),
                ),
                ("prefix", models.CharField(max_length=10)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, help_text="Updated at most once a minute.", null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("revoked_at", None)),
                        name="one_token_per_name",
                        violation_error_message="You have a token of this name already. Choose another name.",
                    )
                ],
            },
        ),
    ]
