from accounts.models.audit import AuditChain, AuditEntry
from accounts.models.credential import Credential, Policy
from accounts.models.outgoing import MAIL_FINAL, MailStatus, Notice, Outgoing
from accounts.models.team import LinkProof, Membership, Team, TeamOwned
from accounts.models.token import AccessToken, OnceKey
from accounts.models.user import User

__all__ = [
    "MAIL_FINAL",
    "AccessToken",
    "AuditChain",
    "AuditEntry",
    "Credential",
    "LinkProof",
    "MailStatus",
    "Membership",
    "Notice",
    "OnceKey",
    "Outgoing",
    "Policy",
    "Team",
    "TeamOwned",
    "User",
]
