"""A delivery: one mail to one recipient with the file of a scheduled run, or a link to it.

1. `settings` is what a schedule's mails contain. `recipients` resolves who gets them, within `allowed_addresses`;
   `recipient_review` drops people who left and has outside addresses confirmed.
2. `split_by_recipient` cuts the file into one part for each address in a column.
3. `compose` writes the mail with its `placeholders`; `attachments` adds the file, a workbook or a ZIP of them,
   `download_links` a link that is bound to the recipient.
4. `send` checks a delivery once more before it leaves; the mail itself goes out by `accounts.mail.outbox`, once.
5. `bounces` notes mails that came back. `summary` tells on pages what came of an occurrence and its mails.
"""
