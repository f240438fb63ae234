"""Which PDFs may be kept and shown as they are: those that only show pages (003 §15.2 D).

No PDF library: readers disagree on what a damaged file says, so the check looks at the bytes themselves, all of them. Every
revision of an incremental update, an object nothing points to and one hidden inside another's stream are seen alike, and so are
the objects packed in compressed object streams.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from app.files.kinds import MAX_FILE_BYTES, RefusedFileError

_MAX_INFLATED = 64 * 1024 * 1024
_PIECE_BYTES = 4096
_UNVERIFIABLE = "Ce document PDF est construit d’une façon que nous ne savons pas vérifier. Envoyez-en une photo."
_ACTIVE = (
    "JavaScript",
    "Launch",
    "EmbeddedFile",
    "EmbeddedFiles",
    "RichMedia",
    "SubmitForm",
    "ImportData",
    "GoToR",
    "GoToE",
    "Rendition",
    "XFA",
)


class UnsafePdfError(RefusedFileError):
    """The PDF does more than show pages, or cannot be verified."""


def _name(name: str) -> str:
    """A pattern for a PDF name however it is spelt: any character may be written `#xx`, and the name must end there."""
    spelt = "".join(f"(?:{re.escape(char)}|#(?i:{ord(char):02x}))" for char in name)
    return rf"/{spelt}(?=[\s\x00()<>\[\]{{}}/%]|$)"


_ACTIVE_NAME = re.compile("|".join(_name(name) for name in _ACTIVE).encode())
_ENCRYPT = re.compile(_name("Encrypt").encode())
_OPEN_ACTION = re.compile(_name("OpenAction").encode())
_REFERENCE = re.compile(rb"\s*(\d{1,9})\s+\d+\s+R(?!\w)")
# Which page to show first: LibreOffice writes it as an array, LaTeX as an action that goes to a page, and nothing else.
_PAGE = rb"\[[^\[\]()<>]*\]"
_DESTINATION = re.compile(
    rb"\s*(?:" + _PAGE + rb"|<<\s*(?:/Type\s*/Action\s*)?(?:/S\s*/GoTo\s*/D\s*" + _PAGE + rb"|/D\s*" + _PAGE + rb"\s*/S\s*/GoTo)\s*>>)"
)
_OBJECT_BYTES = 256
_MAX_OPENINGS = 20  # one per revision; each costs a walk through the file
_OBJECT_STREAM = re.compile(_name("ObjStm").encode())
# An object stream's dictionary as every producer writes it, short and without string, comment or escape. Any other spelling may be a
# trick to make us and a reader see different bytes.
_DICTIONARY_BYTES = 512
_HEAD = re.compile(rb"\d\s+\d+\s+obj\s*<<((?:(?!obj)[\s\w/\[\]<>])*)$")
_TAIL = re.compile(rb"[\s\w/\[\]<>]{0,512}?>>\s*stream\r?\n")
_DICTIONARY_NAMES = {b"Type", b"ObjStm", b"N", b"First", b"Length", b"Filter", b"FlateDecode", b"Extends"}
_NUMBERS = re.compile(rb"\s*(?:\d+\s+\d+|$)")


def check_pdf(data: bytes) -> None:
    """Refuse a PDF that is too big, cut short, encrypted, or that does more than show pages.

    Refused: scripts, programs to launch, attached files, forms that send or fetch, media, links into other files, an action on
    opening. Raises UnsafePdfError.
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnsafePdfError("Ce document dépasse 10 Mo.")
    if not data.startswith(b"%PDF-") or b"%%EOF" not in data[-2048:] or b"startxref" not in data[-2048:]:
        raise UnsafePdfError("Ce document PDF est illisible ou incomplet.")
    if _ENCRYPT.search(data):
        raise UnsafePdfError("Ce document PDF est protégé. Envoyez-en une copie sans mot de passe ni restriction.")
    packed = list(_object_streams(data))
    texts = [data, *(objects for _, objects in packed)]
    openings = [(text, found.end()) for text in texts for found in _OPEN_ACTION.finditer(text)]
    if len(openings) > _MAX_OPENINGS:
        raise UnsafePdfError(_UNVERIFIABLE)
    shows_a_page = (_opens_on_a_page(text, at, data, packed) for text, at in openings)
    if any(_ACTIVE_NAME.search(text) for text in texts) or not all(shows_a_page):
        raise UnsafePdfError(
            "Ce document PDF contient un script, une pièce jointe ou une action. Envoyez-en une version simple, ou une photo."
        )


def _opens_on_a_page(text: bytes, at: int, data: bytes, packed: list[tuple[int, bytes]]) -> bool:
    """True when the action on opening, written at `at`, only says which page to show first.

    A reference is followed to every object of that number, in all revisions: each of them must be harmless.
    """
    if _DESTINATION.match(text, at):
        return True
    reference = _REFERENCE.match(text, at)
    if not reference:
        return False
    number = int(reference[1])
    found = [data[plain.end() : plain.end() + _OBJECT_BYTES] for plain in re.finditer(rb"(?<!\d)0*%d\s+\d+\s*obj" % number, data)]
    for first, objects in packed:
        numbers = [int(digits) for digits in re.findall(rb"\d{1,9}", objects[:first])]
        offsets = (first + offset for name, offset in zip(numbers[::2], numbers[1::2], strict=False) if name == number)
        found += [objects[offset : offset + _OBJECT_BYTES] for offset in offsets]
    return bool(found) and all(_DESTINATION.match(body) for body in found)


def _object_streams(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Inflate every stream that packs objects; each comes with the place where its numbers end and its objects begin.

    One that we cannot open for sure is refused: a reader might open it.
    """
    budget, end = _MAX_INFLATED, 0
    for found in _OBJECT_STREAM.finditer(data):
        head = _HEAD.search(data[max(0, found.start() - _DICTIONARY_BYTES) : found.start()])
        tail = _TAIL.match(data, found.end())
        if not head or not tail or found.group() != b"/ObjStm" or b"obj" in tail.group():
            raise UnsafePdfError(_UNVERIFIABLE)
        dictionary = head[1] + b" " + tail.group()
        names = set(re.findall(rb"/(\w*)", dictionary))
        if not names | {b"ObjStm"} <= _DICTIONARY_NAMES:
            raise UnsafePdfError(_UNVERIFIABLE)
        if b"Filter" in names:
            if end < tail.end():  # asked again for each, a far end would cost a walk through the file
                end = data.find(b"endstream", tail.end())
                end = len(data) if end < 0 else end
            inflated = _inflated(data, tail.end(), end, budget)
            budget -= len(inflated)
            if not _NUMBERS.match(inflated):  # packed twice, or filtered in a way that the dictionary does not tell
                raise UnsafePdfError(_UNVERIFIABLE)
            first = re.search(rb"/First\s+(\d{1,9})(?!\w)", dictionary)
            if not first:
                raise UnsafePdfError(_UNVERIFIABLE)
            yield int(first[1]), inflated


def _inflated(data: bytes, start: int, end: int, budget: int) -> bytes:
    """What is packed from `start` on, piece by piece: thousands of small streams must not each copy the rest of the file."""
    inflater = zlib.decompressobj()
    result = bytearray()
    try:
        for at in range(start, end, _PIECE_BYTES):
            result += inflater.decompress(data[at : min(at + _PIECE_BYTES, end)], budget + 1 - len(result))
            if inflater.eof or len(result) > budget:
                break
    except zlib.error:
        raise UnsafePdfError(_UNVERIFIABLE) from None
    if len(result) > budget:
        raise UnsafePdfError("Ce document PDF est trop complexe. Envoyez-en une photo.")
    if not inflater.eof:
        raise UnsafePdfError(_UNVERIFIABLE)
    return bytes(result)
