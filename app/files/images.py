"""Photos from strangers: a clean copy of them (003 §15.2 D; PRODUCT.md, Personal data).

Decoding is heavy and meets hostile bytes: only jobs of the queue `heavy` call `reencode`, never a web process (TRAPS.md),
and only their worker loads this module.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from app.files.kinds import RefusedFileError

MAX_PIXELS = 50_000_000
FULL_SIDE = 2400
THUMB_SIDE = 480
_JPEG_QUALITY = 85
_THUMB_QUALITY = 80
_SRGB = ImageCms.createProfile("sRGB")


class UnreadableImageError(RefusedFileError):
    """The photo cannot be decoded, or is too large to be."""


@dataclass(frozen=True, slots=True)
class Variants:
    """What replaces the photo that came in: `full` (`mime`, `width` × `height` pixels) and `thumb` (always WebP)."""

    full: bytes
    thumb: bytes
    width: int
    height: int
    mime: str


def reencode(data: bytes) -> Variants:
    """Decode a JPEG, PNG or WebP and write it anew: upright, in sRGB, at most 2,400 px a side, with a 480 px thumbnail.

    Nothing of the original file survives but its pixels: no EXIF, position, colour profile, comment, thumbnail or trailing bytes.
    Photos become JPEG; what is partly transparent stays PNG. The first frame stands for an animation. Raises UnreadableImageError.
    """
    try:
        image = _decoded(data)
    except Image.DecompressionBombError:
        raise UnreadableImageError("Cette image est trop grande : 50 millions de pixels au maximum.") from None
    except Exception as error:  # decoders answer hostile bytes with whatever exception they stumble on
        raise UnreadableImageError("Cette image est illisible ou incomplète. Envoyez-la à nouveau, ou prenez une autre photo.") from error
    image.thumbnail((FULL_SIDE, FULL_SIDE), Image.Resampling.LANCZOS)
    thumb = image.copy()
    thumb.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    mime = "image/png" if image.mode == "RGBA" else "image/jpeg"
    full = _written(image, "PNG", optimize=True) if mime == "image/png" else _written(image, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return Variants(full, _written(thumb, "WEBP", quality=_THUMB_QUALITY), image.width, image.height, mime)


def _decoded(data: bytes) -> Image.Image:
    """The first frame, upright, as RGB, or RGBA when a pixel is really transparent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns where we refuse, and about odd metadata that we drop
        image: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        image.draft("RGB", (FULL_SIDE, FULL_SIDE))  # a huge JPEG is decoded at half size or less when that is enough
        image.load()
        profile = image.info.get("icc_profile")
        try:
            image = ImageOps.exif_transpose(image)
        except Exception:  # a broken EXIF block: the photo is shown as it lies rather than refused
            image = image.copy()
    coloured = image.mode in ("RGB", "RGBA")
    image = _plain(image)
    return _in_srgb(image, profile) if profile and coloured else image


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit greys: `convert` would clip them to white
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < 255:
            return image
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours of a wide-gamut phone as every screen shows them; dropping the profile alone would dull them."""
    flat = image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(flat, source, _SRGB, outputMode="RGB") or flat
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


def _written(image: Image.Image, format_name: str, **options: object) -> bytes:
    image.info = {}  # Pillow would copy comments, text chunks and profiles from here
    target = io.BytesIO()
    image.save(target, format_name, **options)
    return target.getvalue()
