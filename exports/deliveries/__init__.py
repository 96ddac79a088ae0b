"""A delivery: one mail to one recipient with the file of a scheduled run, or a link to it.

1. `settings` holds what a schedule's mails contain. `recipients` resolves who gets them, within `allowed_addresses`;
   `recipient_review` drops people who left and asks the owner to confirm outside addresses.
2. `split_by_recipient` cuts the file into one part for each address in a column.
3. `compose` writes the mail with its `placeholders`; `attachments` adds the file, a workbook or a ZIP of them,
   `download_links` a link that is bound to the recipient.
4. `lifecycle` checks a delivery once more before its mail leaves, and records the outcome; `accounts.mail.outbox` sends
   the mail once.
5. `bounces` marks mails that came back. `summary` describes the state of an occurrence and its mails for pages.
"""
