"""The API's routes and the permission that each needs, without importing the API.

`exports.api` needs ninja and pydantic; processes that serve no API request load neither.
"""

from typing import NamedTuple

from accounts.permissions import Permission


class Route(NamedTuple):
    path: str
    """Below `/api/t/<team>/`."""
    permission: Permission


ROUTES = {
    "api-export-list": Route("exports/", Permission.VIEW_EXPORTS),
    "api-run-start": Route("exports/<int:export>/runs/", Permission.RUN_EXPORTS),
    "api-run": Route("runs/<int:run>/", Permission.VIEW_EXPORTS),
    "api-result-download": Route("results/<int:result>/download/", Permission.DOWNLOAD_RESULTS),
    "api-audit-list": Route("audit/", Permission.VIEW_AUDIT),
}
