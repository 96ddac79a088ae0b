"""What depends on a credential, and what is checked of it by itself.

1. `dependents` lists its exports and schedules, and which of them miss a policy that it lost.
2. `trial_runs` compares a test run with new API credentials with the last file, before a rotation.
3. `nightly_checks` has each credential tested at night, tells of lost policies, and reminds of old key pairs.

Adding, testing and rotating a credential is in `accounts.credentials`.
"""
