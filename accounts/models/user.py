from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_scopes import scopes_disabled


class UserManager(BaseUserManager["User"]):
    """Creates users with an e-mail address instead of a user name."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person. The e-mail address is the login; permissions come from memberships."""

    username = None  # type: ignore[assignment]  # Django's way to remove a field
    email = models.EmailField("e-mail address", unique=True)
    session_salt = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Part of each session's hash: a new value ends all sessions.",
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # AbstractUser's makes user names

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_user_per_address",
                violation_error_message="Somebody with this e-mail address exists already.",
            )
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's hash over password and salt. Without a salt it equals Django's, so older sessions stay valid."""
        return salted_hmac(
            "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash",
            self.password + self.session_salt,
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Revoke the person's access tokens when the password changes or the account is closed.

        Django stores a new password in `_password`, and sets that to None when it only upgrades the hash.
        """
        # The stubs lack `_password`.
        ends_tokens = self.pk is not None and (self._password is not None or not self.is_active)  # type: ignore[attr-defined]
        super().save(*args, **kwargs)
        if ends_tokens:
            with scopes_disabled():
                self.access_tokens.filter(revoked_at=None).update(revoked_at=timezone.now())

    def __str__(self) -> str:
        return self.get_full_name() or self.email
