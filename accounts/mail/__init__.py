"""Mails: each is a row, sent at most once.

1. `notifications` tells a person something once. Invitations and deliveries are rows of the same kind.
2. `outbox` claims a row, sends it and writes down how it ended. Nothing else sends mail.
3. `smtp` speaks SMTP phase by phase, so that "surely not sent" and "unclear" are told apart.
"""
