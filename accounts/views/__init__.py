"""The pages of people, teams, credentials and the audit log. Each change is one call of an action in `accounts`."""
