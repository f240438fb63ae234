"""PDFs that only show pages pass; every way of hiding an action that we know of does not."""

from __future__ import annotations

import io
import time
import zlib

import pytest
from PIL import Image

from app.files.kinds import MAX_FILE_BYTES
from app.files.pdf_check import UnsafePdfError, check_pdf

PAGES = b"""1 0 obj
<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /XYZ null null 0] >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [5 0 R] >>
endobj
4 0 obj
<< /Length 44 >>
stream
BT /F1 24 Tf 72 720 Td (JavaScript Launch) Tj ET
endstream
endobj
5 0 obj
<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://exemple.fr) >> >>
endobj
"""


def document(body: bytes = PAGES, trailer: bytes = b"/Root 1 0 R") -> bytes:
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + body + b"trailer\n<< " + trailer + b" >>\nstartxref\n9\n%%EOF\n"


def object_stream(
    objects: bytes, dictionary: bytes = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", body: bytes | None = None
) -> bytes:
    packed = zlib.compress(b"7 0 " + objects) if body is None else body
    return b"6 0 obj\n<< " + dictionary + b" /Length %d >>\nstream\r\n" % len(packed) + packed + b"\nendstream\nendobj\n"


def pillow_pdf() -> bytes:
    target = io.BytesIO()
    Image.effect_noise((600, 600), 90).save(target, "PDF", title="Plan de la salle de bain")
    return target.getvalue()


HARMFUL = (
    b"<< /S /JavaScript /JS (app.alert(1)) >>",
    b"<</S/JavaScript/JS 8 0 R>>",
    b"<< /S /Launch /F (cmd.exe) >>",
    b"<< /Names << /EmbeddedFiles 9 0 R >> >>",
    b"<< /Type /EmbeddedFile /Length 0 >>",
    b"<< /Subtype /RichMedia >>",
    b"<< /S /SubmitForm /F (https://exemple.fr) >>",
    b"<< /S /GoToR /F (autre.pdf) >>",
    b"<< /S /GoToE >>",
    b"<< /S /ImportData >>",
    b"<< /AcroForm << /XFA 9 0 R >> >>",
    b"<< /S /J#61vaScript >>",
    b"<< /S /#4a#61#76#61#53#63#72#69#70#74 >>",
    b"<< /S /#4C#61unch>>",
    b"<< /OpenAction 9 0 R >>",
    b"<< /OpenAction << /S /URI /URI (https://exemple.fr) >> >>",
    b"<< /OpenAction 7 0 R /S /URI >>",
    b"<< /OpenAction 1 0 R >>",
    b"<< /OpenAction << /S /GoTo /D [3 0 R /Fit] /Next << /S /URI >> >> >>",
    b"<< /#4fpenAction%x\n<< /S /URI >> >>",
)


def test_a_document_that_shows_pages_is_kept() -> None:
    check_pdf(document())
    check_pdf(document() + document())
    check_pdf(pillow_pdf())
    check_pdf(document(PAGES + object_stream(b"<< /Type /Outlines /First 8 0 R >>")))
    check_pdf(document(PAGES + object_stream(b"", body=zlib.compress(b""))))
    check_pdf(
        document(
            b"6 0 obj\n<</Filter/FlateDecode/First 4/Length 20/N 1/Type/ObjStm>>stream\n"
            + zlib.compress(b"7 0 <<>>")
            + b"\nendstream\nendobj\n"
        )
    )
    check_pdf(document(object_stream(b"", b"/Type /ObjStm /N 1 /First 4", b"7 0 << /Type /Font >>")))


def test_going_to_a_page_on_opening_is_no_harm() -> None:
    goes = b"<< /S /GoTo /D [3 0 R /Fit] >>"
    catalogue = b"9 0 obj\n<< /OpenAction 7 0 R >>\nendobj\n"
    for body in (
        catalogue + b"7 0 obj\n" + goes + b"\nendobj\n",
        catalogue + object_stream(goes),
        object_stream(b"<</OpenAction 9 0 R>>") + b"9 0 obj <</Type/Action/D[3 0 R/Fit]/S/GoTo>>endobj\n",
        b"9 0 obj\n<< /OpenAction " + goes + b" >>\nendobj\n",
    ):
        check_pdf(document(PAGES + body))
    with pytest.raises(UnsafePdfError):
        check_pdf(document(PAGES + catalogue + b"7 0 obj\n" + goes + b"\nendobj\n" + object_stream(b"<< /S /URI >>")))


@pytest.mark.parametrize("harm", HARMFUL)
def test_an_action_is_found_wherever_it_hides(harm: bytes) -> None:
    plain = b"7 0 obj\n" + harm + b"\nendobj\n"
    for data in (
        document(PAGES + plain),
        document(plain + PAGES),
        document() + plain + b"trailer << /Root 7 0 R /Prev 9 >>\nstartxref\n9\n%%EOF\n",
        document(PAGES + b"8 0 obj\n<< /Length 99 >>\nstream\n" + plain + b"endstream\nendobj\n"),
        document(PAGES + object_stream(harm)),
        document(PAGES + object_stream(harm, b"/Type /ObjStm /N 1 /First 4", b"7 0 " + harm)),
        document(object_stream(b"<< /Type /Font >>") + object_stream(harm) + PAGES),
    ):
        with pytest.raises(UnsafePdfError, match="script"):
            check_pdf(data)


def test_an_old_revision_that_was_harmful_is_still_in_the_file() -> None:
    with pytest.raises(UnsafePdfError):
        check_pdf(document(PAGES + b"7 0 obj\n<< /S /JavaScript >>\nendobj\n") + document(b"7 0 obj\n<< >>\nendobj\n"))


@pytest.mark.parametrize(
    "packed",
    [
        object_stream(b"", b"/Type /ObjStm /N 1 /First 4 /Filter /LZWDecode", b"7 0 xyz"),
        object_stream(b"", b"/Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /ASCIIHexDecode]", zlib.compress(b"37203020")),
        object_stream(b"", b"/Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode]", zlib.compress(zlib.compress(b"7 0 <<>>"))),
        object_stream(b"<<>>", b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /DecodeParms << /Predictor 12 >>"),
        object_stream(b"<<>>", b"/Type /Obj#53tm /N 1 /First 4 /Filter /FlateDecode"),
        object_stream(b"<<>>", b"/Filter /AHx /X (1 0 obj << ) /Type /ObjStm /N 1 /First 4"),
        object_stream(b"<<>>", b"/Type /ObjStm %>>stream\n1 0 \n /N 1 /First 4 /Filter /FlateDecode"),
        object_stream(b"<<>>", b"/Filter /AHx" + b" " * 600 + b"/Type /ObjStm /N 1 /First 4"),
        object_stream(b"<<>>", b"/Type /ObjStm /N 1 /First 4 /F (other.bin)"),
        object_stream(b"", body=b"not zlib at all"),
        object_stream(b"", body=zlib.compress(b"7 0 " + bytes(range(256)))[:-40]),
        b"6 0 obj\n/ObjStm\nendobj\n",
    ],
)
def test_an_object_stream_that_cannot_be_opened_for_sure_is_refused(packed: bytes) -> None:
    with pytest.raises(UnsafePdfError, match="vérifier"):
        check_pdf(document(packed + PAGES))


def test_a_thousand_actions_on_opening_are_not_followed_one_by_one() -> None:
    with pytest.raises(UnsafePdfError, match="vérifier"):
        check_pdf(document(b"".join(b"/OpenAction %d 0 R\n" % number for number in range(1000))))


def test_thousands_of_object_streams_take_no_quadratic_time() -> None:
    packed = b"1 0 obj<</Type/ObjStm/N 0/First 0/Filter/FlateDecode>>stream\n" + zlib.compress(b"") + b"\n"
    began = time.process_time()
    check_pdf(document(packed * 30_000 + b"endstream endobj\n"))
    assert time.process_time() - began < 10  # each copied the rest of the file: half a minute


def test_a_bomb_is_not_inflated() -> None:
    bomb = zlib.compress(b"7 0 " + b" " * 70_000_000)
    with pytest.raises(UnsafePdfError, match="complexe"):
        check_pdf(document(object_stream(b"", body=bomb)))


def test_an_encrypted_document_is_refused() -> None:
    for trailer in (b"/Root 1 0 R /Encrypt 9 0 R", b"/Root 1 0 R /Encr#79pt<</Filter/Standard>>"):
        with pytest.raises(UnsafePdfError, match="protégé"):
            check_pdf(document(trailer=trailer))
    check_pdf(document(trailer=b"/Root 1 0 R /EncryptMetadata false"))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"hello", b"GIF89a" + document(), document()[:-30], document()[:200]])
def test_what_is_no_whole_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(UnsafePdfError, match="illisible"):
        check_pdf(data)


def test_a_document_over_ten_megabytes_is_refused() -> None:
    with pytest.raises(UnsafePdfError, match="10"):
        check_pdf(document(b"%" + b" " * MAX_FILE_BYTES))
