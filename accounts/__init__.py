"""People and their teams: who may do what, with which credential, and what is recorded of it.

1. `door` opens a team for a request or a task; `permissions` says what each role may do.
2. `sign_in/` and `sso/` let people in, `invitations` and `people` create them, `tokens` lets scripts in.
3. `teams` changes members and settings. `credentials/` keeps key pairs encrypted, and replaces them.
4. `audit/` records each change. `mail/` sends every mail of the portal that must not be lost.
5. `public_hosts` and `public_requests` keep requests to addresses that people typed out of private networks.
"""
