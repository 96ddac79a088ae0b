"""Django's storage for results, from STORAGE_URL: a private folder or an S3 bucket."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from portal.environment import Address


def file_storage(address: Address) -> dict[str, Any]:
    """The entry of STORAGES for `file:///folder` or `s3://key:secret@bucket/prefix?region=…&endpoint=…`."""
    if address.scheme == "file":
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": address.path,
                "base_url": None,
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    if address.scheme == "s3":
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": address.host,
                "location": address.path.strip("/"),
                "access_key": address.user or None,
                "secret_key": address.password or None,
                "endpoint_url": address.options.get("endpoint"),
                "region_name": address.options.get("region"),
                "signature_version": "s3v4",
                "default_acl": None,
                "file_overwrite": False,
                "querystring_auth": True,
                # Larger files are read through the disk; without a number they are read into memory.
                "max_memory_size": 1024**2,
            },
        }
    raise ImproperlyConfigured("STORAGE_URL must begin with file:// or s3://.")
