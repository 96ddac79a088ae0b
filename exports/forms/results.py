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
    """A file that was sent and is gone: its name, its size and its SHA-256 are all that was kept."""

    def __init__(self, name: str, size: int, sha256: str) -> None:
        super().__init__(name=name, size=size)
        self.sha256 = sha256


class Hashing(FileUploadHandler):
    """Takes what is uploaded piece by piece and keeps nothing but the hash: not in memory, not on the disk."""

    chunk_size = 1024**2

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        # A form is a little longer than the file in it.
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
        return HashedFile(self.file_name, file_size, self._sha256.hexdigest())


class ProofForm(forms.Form):
    """A file, or its SHA-256."""

    file = forms.FileField(required=False, allow_empty_file=True)
    sha256 = forms.CharField(
        label="Or its SHA-256",
        required=False,
        max_length=300,
        widget=forms.TextInput(
            attrs={"class": "font-monospace", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="64 digits, as “sha256sum” prints them. The hash of an employee update's content is found too.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = filesizeformat(settings.RESULT_MAX_BYTES)
        self.fields["file"].help_text = f"Up to {most}. It is read once for its hash, and not kept."

    def clean_sha256(self) -> str:
        text = self.cleaned_data["sha256"]
        found = provenance.clean(text)
        if text and not found:
            raise forms.ValidationError("This is no SHA-256: it has 64 digits from 0 to 9 and a to f.")
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and bool(given["file"]) == bool(given["sha256"]):
            raise forms.ValidationError("Choose a file or enter a hash, one of the two.")
        return given

    @property
    def hash(self) -> str:
        file = self.cleaned_data["file"]
        return file.sha256 if file else self.cleaned_data["sha256"]
