"""Photos as phones make them go in; clean ones come out (TRAPS.md: GPS out on arrival)."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from app.files.images import FULL_SIDE, THUMB_SIDE, UnreadableImageError, Variants, reencode
from app.files.kinds import RefusedFileError, sniff

SECRETS = (
    b"Exif",
    b"GPS",
    b"Canon",
    b"Martin",
    b"ICC_PROFILE",
    b"iCCP",
    b"http://ns.adobe.com",
    b"tEXt",
    b"zTXt",
    b"iTXt",
    b"eXIf",
    b"EXIF",
    b"XMP ",
    b"ICCP",
    b"MPF\x00",
    b"TRAILER",
)


def written(image: Image.Image, format_name: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, format_name, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def quarters(width: int = 400, height: int = 300) -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (0, 0, width // 2, height // 2))
    image.paste("lime", (width // 2, 0, width, height // 2))
    image.paste("blue", (0, height // 2, width // 2, height))
    return image


def phone_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x0112] = "Canon", "Martin", orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 7.0)})
    return exif


def assert_clean(variants: Variants) -> None:
    for data in (variants.full, variants.thumb):
        assert not [secret for secret in SECRETS if secret in data]
        image = opened(data)
        assert not image.getexif() and not image.getexif().get_ifd(0x8825)
        assert not {"exif", "comment", "icc_profile", "xmp", "photoshop", "XML:com.adobe.xmp"} & set(image.info)


def test_a_phone_photo_loses_its_position_and_everything_but_pixels() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = (
        written(quarters(), "JPEG", exif=phone_exif(), comment=b"chez Martin", icc_profile=profile, xmp=b"http://ns.adobe.com Martin")
        + b"TRAILER"
    )
    assert dict(opened(data).getexif().get_ifd(0x8825))[2] == (48.0, 51.0, 24.0), "the sample must have a position to lose"
    assert all(secret in data for secret in (b"Canon", b"Martin", b"ICC_PROFILE", b"http://ns.adobe.com"))
    variants = reencode(data)
    assert_clean(variants)
    assert (variants.mime, variants.width, variants.height) == ("image/jpeg", 400, 300)
    assert opened(variants.full).format == "JPEG" and opened(variants.thumb).format == "WEBP"


def test_a_png_and_a_webp_lose_their_texts_too() -> None:
    notes = PngInfo()
    notes.add_text("Author", "Martin")
    notes.add_itxt("XML:com.adobe.xmp", "http://ns.adobe.com Martin", zip=False)
    notes.add_text("GPS", "48.85", zip=True)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (
        written(quarters(), "PNG", pnginfo=notes, exif=phone_exif(), icc_profile=profile),
        written(quarters(), "WEBP", exif=phone_exif().tobytes(), icc_profile=profile, xmp=b"http://ns.adobe.com Martin", lossless=True),
        written(Image.new("RGBA", (40, 40), (255, 0, 0, 100)), "PNG", pnginfo=notes, exif=phone_exif(), icc_profile=profile),
    ):
        assert b"Martin" in data
        assert_clean(reencode(data))


def test_a_phone_photo_with_a_second_picture_inside_keeps_the_first_alone() -> None:
    data = written(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (400, 300), "black")], exif=phone_exif())
    assert b"MPF\x00" in data and sniff(data) == "image/jpeg"
    variants = reencode(data)
    assert_clean(variants)
    assert getattr(opened(variants.full), "n_frames", 1) == 1 and opened(variants.full).getpixel((5, 5))[0] > 200  # type: ignore[index]


@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (400, 300), "red"),
        (3, (400, 300), "white"),
        (6, (300, 400), "blue"),
        (8, (300, 400), "lime"),
        (2, (400, 300), "lime"),
        (5, (300, 400), "red"),
    ],
)
def test_the_photo_is_turned_upright(orientation: int, size: tuple[int, int], corner: str) -> None:
    variants = reencode(written(quarters(), "JPEG", exif=phone_exif(orientation), quality=95))
    image = opened(variants.full)
    assert image.size == size == (variants.width, variants.height)
    expected = Image.new("RGB", (1, 1), corner).getpixel((0, 0))
    found = image.getpixel((20, 20))
    assert all(abs(a - b) < 30 for a, b in zip(found, expected, strict=True)), (found, expected)  # type: ignore[arg-type]


def test_sizes_are_bounded_and_small_photos_are_not_blown_up() -> None:
    large = reencode(written(quarters(5000, 2500), "JPEG"))
    assert (large.width, large.height) == opened(large.full).size == (FULL_SIDE, FULL_SIDE // 2)
    assert opened(large.thumb).size == (THUMB_SIDE, THUMB_SIDE // 2)
    tiny = reencode(written(quarters(10, 6), "PNG"))
    assert opened(tiny.full).size == opened(tiny.thumb).size == (10, 6)
    thread = reencode(written(Image.new("RGB", (20_000, 3)), "PNG"))
    assert opened(thread.full).size == (2400, 1)


def test_photos_become_jpeg_and_real_transparency_stays() -> None:
    see_through = Image.new("RGBA", (50, 50), (255, 0, 0, 128))
    palette = see_through.convert("P")
    palette.info["transparency"] = 0
    for source, format_name, mime in (
        (quarters(), "PNG", "image/jpeg"),
        (quarters(), "WEBP", "image/jpeg"),
        (quarters().convert("L"), "PNG", "image/jpeg"),
        (quarters().convert("P"), "PNG", "image/jpeg"),
        (quarters().convert("1"), "PNG", "image/jpeg"),
        (quarters().convert("CMYK"), "JPEG", "image/jpeg"),
        (Image.new("RGBA", (50, 50), (255, 0, 0, 255)), "PNG", "image/jpeg"),
        (see_through, "PNG", "image/png"),
        (see_through.convert("LA"), "PNG", "image/png"),
        (palette, "PNG", "image/png"),
        (see_through, "WEBP", "image/png"),
    ):
        variants = reencode(written(source, format_name))
        assert variants.mime == mime == f"image/{opened(variants.full).format.lower()}"  # type: ignore[union-attr]
        assert opened(variants.full).mode == ("RGBA" if mime == "image/png" else "RGB")
    kept = opened(reencode(written(see_through, "PNG")).full).getpixel((5, 5))
    assert kept == (255, 0, 0, 128)


def test_sixteen_bit_greys_do_not_turn_white() -> None:
    scan = Image.new("I;16", (20, 20), 0x4000)
    found = opened(reencode(written(scan, "PNG")).full).getpixel((5, 5))
    assert all(abs(value - 0x40) < 6 for value in found)  # type: ignore[union-attr]


def test_a_wide_gamut_photo_keeps_its_colours_without_its_profile() -> None:
    swapped = rgb_swapping_profile()
    variants = reencode(written(Image.new("RGB", (64, 64), (250, 20, 20)), "JPEG", icc_profile=swapped, quality=95))
    assert_clean(variants)
    red, green, _ = opened(variants.full).getpixel((30, 30))  # type: ignore[misc]
    assert green > 200 > 60 > red, "the profile says that the first channel is the green one"
    broken = reencode(written(Image.new("RGB", (64, 64), (250, 20, 20)), "JPEG", icc_profile=b"not a profile", quality=95))
    assert opened(broken.full).getpixel((30, 30))[0] > 200  # type: ignore[index]


def rgb_swapping_profile() -> bytes:
    """An sRGB profile whose red and green primaries are exchanged in its tag table."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = {profile[at : at + 4].decode(): at for at in range(132, 132 + 12 * struct.unpack(">I", profile[128:132])[0], 12)}
    red, green = (bytes(profile[table[name] + 4 : table[name] + 12]) for name in ("rXYZ", "gXYZ"))
    profile[table["rXYZ"] + 4 : table["rXYZ"] + 12] = green
    profile[table["gXYZ"] + 4 : table["gXYZ"] + 12] = red
    return bytes(profile)


@pytest.mark.parametrize("format_name", ["WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(format_name: str) -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]
    data = written(frames[0], format_name, save_all=True, append_images=frames[1:], duration=100)
    image = opened(reencode(data).full)
    assert image.size == (60, 40) and image.getpixel((5, 5))[0] > 200 > 60 > image.getpixel((5, 5))[1]  # type: ignore[index]


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_photo_is_refused_in_french(format_name: str) -> None:
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    data = written(noise, format_name)
    for cut in (len(data) // 2, 40, 12):
        with pytest.raises(UnreadableImageError, match="image"):
            reencode(data[:cut])


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    def declared(width: int, height: int) -> bytes:
        def chunk(kind: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")

    for width, height in ((7072, 7072), (10_000, 10_000), (30_000, 30_000), (60_000, 60_000)):
        with pytest.raises(UnreadableImageError, match="trop grande"):
            reencode(declared(width, height))


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"%PDF-1.7", b"GIF89a"]
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedFileError):
        reencode(data)


def test_other_formats_pillow_knows_are_not_opened() -> None:
    for format_name in ("GIF", "BMP", "TIFF", "ICO", "PPM"):
        data = written(quarters(), format_name)
        assert sniff(data) is None
        with pytest.raises(UnreadableImageError):
            reencode(data)


def test_a_broken_exif_block_does_not_cost_the_photo() -> None:
    data = written(quarters(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f garbage")
    assert_clean(reencode(data))


def test_types_are_told_by_bytes_alone() -> None:
    assert sniff(written(quarters(), "JPEG", exif=phone_exif())) == "image/jpeg"
    assert sniff(written(quarters(), "JPEG", progressive=True)) == "image/jpeg"
    assert sniff(written(quarters(), "PNG")) == "image/png"
    for options in ({}, {"lossless": True}, {"exif": phone_exif().tobytes()}):
        assert sniff(written(quarters(), "WEBP", **options)) == "image/webp"
    assert sniff(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj") == "application/pdf"
    for other in (
        b"",
        b"%PD",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x18ftypheic",
    ):
        assert sniff(other) is None
