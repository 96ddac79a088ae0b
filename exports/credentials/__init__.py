"""Exports that depend on a credential, and its automatic checks.

1. `dependents` lists its exports and schedules, and which of them miss a policy that it lost.
2. `trial_runs` compares a test run with new API credentials with the last file, before a rotation.
3. `nightly_checks` tests each credential at night, notifies about lost policies, and reminds of old key pairs.

Adding, testing and rotating a credential is in `accounts.credentials`.
"""
