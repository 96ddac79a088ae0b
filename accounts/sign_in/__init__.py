"""Sign-in with a password, a passkey or an authenticator app, on top of allauth.

`urls` lists the pages of allauth that the portal has; `adapter` and `two_factor` adjust them. `recent` asks for a
recent sign-in before sensitive changes, and `kept_request` carries them out after it. `leaked_passwords` rejects
passwords found in known leaks. `audit_signals` writes sign-ins to the audit log.
"""
