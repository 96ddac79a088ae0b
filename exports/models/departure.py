import hashlib

from django.db import models

from accounts.models import TeamOwned
from exports.models.employee_update import EmployeeUpdate


class Departure(TeamOwned):
    """Somebody who left by an applied employee update: files that still name them are not mailed to them.

    Only a hash of the address is stored, because this outlives the rows of the update, which are wiped.
    """

    update = models.ForeignKey(EmployeeUpdate, on_delete=models.PROTECT, related_name="departures")
    address_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "address_hash"], name="one_departure_per_address")]

    def __str__(self) -> str:
        return f"Somebody who left by {self.update}"

    @staticmethod
    def hash_of(team_id: int, address: str) -> str:
        """The hash of a normalized address."""
        return hashlib.sha256(f"{team_id} {address}".encode()).hexdigest()
