"""API credentials of Expensify: encrypted at rest, tested, rotated, deleted.

1. `keyring` encrypts fields with CREDENTIAL_KEYS; `key_check` stops a process that lacks a key.
2. `actions` adds, renames, tests and deletes credentials, and keeps the policies that a test found.
3. `rotation` replaces a key pair: test the new one, compare what both reach, switch between two calls, roll back
   while the old pair is kept, then delete it.
"""
