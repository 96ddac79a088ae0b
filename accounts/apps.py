from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # These connect receivers to the sign-in signals of Django and allauth.
        from accounts.sign_in import audit_signals, recent  # noqa: F401
        from accounts.sso import company

        company.check_settings()
