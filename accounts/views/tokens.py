from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import tokens
from accounts.door import TeamRequest, team_view
from accounts.forms.tokens import TokenForm
from accounts.permissions import Permission

SHOWN = 200


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def token_list(request: TeamRequest) -> HttpResponse:
    """One's own tokens, for Admins everybody's: the newest ones, with revoked and expired ones."""
    now = timezone.now()
    shown = list(tokens.seen_by(request.membership)[:SHOWN])
    for token in shown:
        # For the template only.
        token.ended = token.why_ended(now)  # type: ignore[attr-defined]
        token.may = [  # type: ignore[attr-defined]
            permission.value for permission in tokens.FOR_SCRIPTS if permission in token.granted
        ]
    return render(request, "accounts/token_list.html", {"tokens": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.VIEW_EXPORTS, fresh=True)
def token_new(request: TeamRequest) -> HttpResponse:
    """The response to the POST shows the secret once; it is not stored."""
    form = TokenForm(request.POST or None, membership=request.membership)
    if request.method == "POST" and form.is_valid():
        try:
            # The database makes names unique, so a form submitted twice creates one token.
            token, secret = tokens.make(request.membership, **form.cleaned_data)
        except IntegrityError:
            form.add_error("name", form.taken())
        else:
            context = {
                "token": token,
                "secret": secret,
                "example": request.build_absolute_uri(f"/api/t/{request.team.slug}/exports/"),
            }
            return render(request, "accounts/token_made.html", context)
    return render(request, "accounts/token_new.html", {"form": form})


@require_POST
@team_view(Permission.VIEW_EXPORTS)
def token_revoke(request: TeamRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(tokens.seen_by(request.membership), pk=token_id)
    if tokens.revoke(token, by=request.user):
        messages.success(request, f"The token “{token.name}” is revoked: nothing can be done with it any more.")
    return redirect("accounts:token-list", request.team.slug)
