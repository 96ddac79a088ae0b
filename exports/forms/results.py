import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.template.defaultfilters import filesizeformat

from exports.results import provenance


class HashedFile(UploadedFile):
    """An uploaded file of which only name, size and SHA-256 are kept."""

    def __init__(self, name: str, size: int, sha256: str) -> None:
        super().__init__(name=name, size=size)
        self.sha256 = sha256


class Hashing(FileUploadHandler):
    """Hashes an upload piece by piece, and keeps nothing else of it in memory or on disk."""

    chunk_size = 1024**2

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        # The form is slightly longer than its file.
        if content_length > settings.RESULT_MAX_BYTES + 1024**2:
            raise RequestDataTooBig(f"{content_length} bytes were announced.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._sha256 = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.RESULT_MAX_BYTES:
            raise StopUpload(connection_reset=True)
        self._sha256.update(raw_data)

    def file_complete(self, file_size: int) -> HashedFile:
        return HashedFile(self.file_name or "", file_size, self._sha256.hexdigest())


class ProofForm(forms.Form):
    """A file, or its SHA-256."""

    file = forms.FileField(required=False, allow_empty_file=True)
    sha256 = forms.CharField(
        label="Or its SHA-256",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "font-monospace", "autocomplete": "off", "spellcheck": "false"}),
        help_text="64 digits, as “sha256sum” prints them. The hash of an employee update's content is found too.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = filesizeformat(settings.RESULT_MAX_BYTES)
        self.fields["file"].help_text = f"Up to {most}. It is read once for its hash, and not kept."

    def clean_sha256(self) -> str:
        text = self.cleaned_data["sha256"]
        sha256 = provenance.clean(text)
        if text and not sha256:
            raise forms.ValidationError("This is no SHA-256: it has 64 digits from 0 to 9 and a to f.")
        return sha256

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data["file"]) == bool(data["sha256"]):
            raise forms.ValidationError("Choose a file or enter a hash, one of the two.")
        return data

    @property
    def hash(self) -> str:
        file = self.cleaned_data["file"]
        sha256: str = file.sha256 if file else self.cleaned_data["sha256"]
        return sha256
