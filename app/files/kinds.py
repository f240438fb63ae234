"""What a file from a stranger is, by its bytes (003 §15.2 D)."""

from __future__ import annotations

MAX_FILE_BYTES = 10 * 1024 * 1024


class RefusedFileError(Exception):
    """A file cannot be used; its text is a French sentence for the person who sent it."""


def sniff(data: bytes) -> str | None:
    """The type of a file by its bytes, among those allowed; None for anything else. Name and declared type play no part."""
    if data.startswith(b"\xff\xd8\xff"):
        mime = "image/jpeg"
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        mime = "image/png"
    elif data.startswith(b"RIFF") and data[8:16] in (b"WEBPVP8 ", b"WEBPVP8L", b"WEBPVP8X"):
        mime = "image/webp"
    elif data.startswith(b"%PDF-"):
        mime = "application/pdf"
    else:
        return None
    import puremagic  # its tables weigh on every process; few of them are sent a file

    # A second opinion, on the head only: the rest is for the decoder.
    try:
        candidates = {match.mime_type for match in puremagic.magic_string(data[:4096])}
    except (puremagic.PureError, ValueError):
        return None
    return mime if mime in candidates else None
