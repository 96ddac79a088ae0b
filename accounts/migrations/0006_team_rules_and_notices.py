"""The rules of teams for mail, retention, credentials and people; and word from the portal to people."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_rules_for_updates'),
    ]

    operations = [
        migrations.AddField(
            model_name='team',
            name='attach_limit',
            field=models.PositiveIntegerField(db_default=10000000, default=10000000, help_text='Bytes of a mail; a larger file becomes a link.'),
        ),
        migrations.AddField(
            model_name='team',
            name='audit_kept_days',
            field=models.PositiveIntegerField(blank=True, help_text='Then audit entries are summarised and removed; empty: never.', null=True),
        ),
        migrations.AddField(
            model_name='team',
            name='confirm_outside_days',
            field=models.PositiveSmallIntegerField(db_default=91, default=91, help_text='How often an owner confirms recipients who are no members; 0 is never.'),
        ),
        migrations.AddField(
            model_name='team',
            name='holidays_of',
            field=models.CharField(blank=True, db_default='', default='', help_text='A country, or one of its parts: DE-BE.', max_length=20),
        ),
        migrations.AddField(
            model_name='team',
            name='link_days',
            field=models.PositiveSmallIntegerField(db_default=30, default=30, help_text='How long a link opens.'),
        ),
        migrations.AddField(
            model_name='team',
            name='link_proof',
            field=models.CharField(choices=[('code', "A code sent to the recipient's address"), ('sign_in', 'Signing in with that address')], db_default='code', default='code', help_text='What opens a link: a code sent to its address, or signing in with it.', max_length=20),
        ),
        migrations.AddField(
            model_name='team',
            name='overlap_hours',
            field=models.PositiveSmallIntegerField(db_default=24, default=24, help_text='How long a replaced pair is kept for going back.'),
        ),
        migrations.AddField(
            model_name='team',
            name='pair_days',
            field=models.PositiveIntegerField(db_default=365, default=365, help_text='After so many days a pair is due for rotation.'),
        ),
        migrations.AddField(
            model_name='team',
            name='recipient_domains',
            field=models.TextField(blank=True, db_default='', default='', help_text='The domains that files may be mailed to, one a line; members are always reached.'),
        ),
        migrations.AddField(
            model_name='team',
            name='results_kept_days',
            field=models.PositiveIntegerField(db_default=730, default=730, help_text='Then the files of runs are deleted; their records stay.'),
        ),
        migrations.AddField(
            model_name='team',
            name='second_factor',
            field=models.BooleanField(db_default=False, default=False, help_text='Members need a second factor to do anything.'),
        ),
        migrations.AddField(
            model_name='team',
            name='two_admins',
            field=models.BooleanField(db_default=False, default=False, help_text='A new pair takes over when a second Admin has approved it.'),
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('address', models.EmailField(max_length=254)),
                ('status', models.CharField(choices=[('held', 'Held'), ('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('refused', 'Refused'), ('failed', 'Not sent'), ('unconfirmed', 'Unconfirmed'), ('unsubscribed', 'Unsubscribed'), ('withdrawn', 'Withdrawn')], default='queued', max_length=20)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='Claims so far: a worker that slept has lost.')),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('retry_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('message_id', models.CharField(blank=True, default='', max_length=255)),
                ('error', models.CharField(blank=True, default='', help_text='A sentence for people.', max_length=500)),
                ('key', models.CharField(max_length=200)),
                ('subject', models.CharField(max_length=200)),
                ('text', models.TextField(help_text='Plain paragraphs, without a secret.')),
                ('path', models.CharField(blank=True, help_text='The page to look at, from the root.', max_length=500)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='accounts.team')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('status__in', ['queued', 'sending'])), fields=['retry_at', 'id'], name='notice_to_send')],
                'constraints': [models.UniqueConstraint(fields=('team', 'key', 'address'), name='told_once'), models.CheckConstraint(condition=models.Q(('status__in', ['held', 'queued', 'sending', 'sent', 'refused', 'failed', 'unconfirmed', 'unsubscribed', 'withdrawn'])), name='notice_status_known')],
            },
        ),
    ]
