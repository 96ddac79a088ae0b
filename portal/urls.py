from django.urls import include, path

from portal import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("exports.urls")),
    path("", include("accounts.urls")),
    path("account/", include("accounts.sign_in.urls")),
]

handler400 = "portal.views.refused"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
handler500 = "portal.views.failed"
