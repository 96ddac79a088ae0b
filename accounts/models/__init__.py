"""The tables of people, teams, credentials and the audit log; rows of a team are read only while it is open."""

from accounts.models.audit import AuditChain, AuditEntry, AuditHeads, AuditStream, AuditSummary, SavedAuditView
from accounts.models.credential import Credential, Policy
from accounts.models.invitation import Invitation
from accounts.models.outgoing import MAIL_FINAL, MailStatus, Notice, Outgoing
from accounts.models.rotation import Rotation
from accounts.models.team import LinkProof, Membership, SealedRow, Team, TeamManager, TeamOwned
from accounts.models.token import AccessToken, OnceKey
from accounts.models.user import User
