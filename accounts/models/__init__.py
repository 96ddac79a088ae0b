from accounts.models.audit import AuditChain, AuditEntry
from accounts.models.credential import Credential, Policy
from accounts.models.team import Membership, Team, TeamOwned
from accounts.models.user import User

__all__ = ["AuditChain", "AuditEntry", "Credential", "Membership", "Policy", "Team", "TeamOwned", "User"]
