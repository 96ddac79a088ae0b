from django.urls import path

from accounts.views import audit, credentials, invitations, teams, tokens

app_name = "accounts"
urlpatterns = [
    path("", teams.first_team, name="start"),
    path("t/<slug:team>/credentials/", credentials.credential_list, name="credential-list"),
    path("t/<slug:team>/credentials/new/", credentials.credential_new, name="credential-new"),
    path("t/<slug:team>/credentials/<int:credential_id>/", credentials.credential, name="credential"),
    path(
        "t/<slug:team>/credentials/<int:credential_id>/status/", credentials.credential_status, name="credential-status"
    ),
    path(
        "t/<slug:team>/credentials/<int:credential_id>/rename/", credentials.credential_rename, name="credential-rename"
    ),
    path("t/<slug:team>/credentials/<int:credential_id>/check/", credentials.credential_check, name="credential-check"),
    path("t/<slug:team>/credentials/<int:credential_id>/wipe/", credentials.credential_wipe, name="credential-wipe"),
    path("t/<slug:team>/audit/", audit.audit_list, name="audit-list"),
    path("t/<slug:team>/audit/views/new/", audit.audit_view_save, name="audit-view-save"),
    path("t/<slug:team>/audit/views/<int:view_id>/remove/", audit.audit_view_remove, name="audit-view-remove"),
    path("t/<slug:team>/audit/log.csv", audit.audit_export, {"kind": "csv"}, name="audit-csv"),
    path("t/<slug:team>/audit/log.jsonl", audit.audit_export, {"kind": "jsonl"}, name="audit-jsonl"),
    path("t/<slug:team>/tokens/", tokens.token_list, name="token-list"),
    path("t/<slug:team>/tokens/new/", tokens.token_new, name="token-new"),
    path("t/<slug:team>/tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("t/<slug:team>/team/", teams.team, name="team"),
    path("t/<slug:team>/team/edit/", teams.team_edit, name="team-edit"),
    path("t/<slug:team>/team/rules/approve/", teams.rule_approve, name="rule-approve"),
    path("t/<slug:team>/team/rules/keep/", teams.rule_keep, name="rule-keep"),
    path("t/<slug:team>/team/members/<int:membership_id>/role/", teams.member_role, name="member-role"),
    path("t/<slug:team>/team/members/<int:membership_id>/remove/", teams.member_remove, name="member-remove"),
    path("t/<slug:team>/team/invitations/new/", invitations.member_invite, name="member-invite"),
    path(
        "t/<slug:team>/team/invitations/<int:invitation_id>/again/",
        invitations.invitation_again,
        name="member-invitation-again",
    ),
    path(
        "t/<slug:team>/team/invitations/<int:invitation_id>/revoke/",
        invitations.invitation_revoke,
        name="member-invitation-revoke",
    ),
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
]
