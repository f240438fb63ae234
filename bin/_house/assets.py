"""Front-end files, built and never committed: the npm packages' in `app/static/vendor`, our own bundles in `app/static/built`."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

from _house import bundles
from _house.console import HouseError

# built name -> file in node_modules
FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx-sse.js": "htmx-ext-sse/sse.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "chart.min.js": "chart.js/dist/chart.umd.min.js",
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
}
LICENCES = {
    "htmx": "htmx.org/LICENSE",
    "htmx-ext-sse": "htmx-ext-sse/LICENSE",
    "Tabler Icons": "@tabler/icons/LICENSE",
    "Chart.js": "chart.js/LICENSE.md",
    "Swagger UI": "swagger-ui-dist/LICENSE",
    "Inter": "@fontsource-variable/inter/LICENSE",
}
_SOURCE_MAP = re.compile(rb"\s*(?://|/\*)# sourceMappingURL=\S+\.map\s*(?:\*/)?\s*\Z")
_SVG = "{http://www.w3.org/2000/svg}"


def up_to_date(root: Path) -> bool:
    """Tell whether the built files come from the present packages, icon list, sources and rules."""
    return _copied(root) and bundles.up_to_date(root)


def build(root: Path) -> None:
    """Build what is not up to date, with `node_modules`. Raises HouseError naming a missing file, an unknown icon or a faulty source."""
    if not _copied(root):
        _copy(root)
    if not bundles.up_to_date(root):
        bundles.build(root)


def _copied(root: Path) -> bool:
    stamp = _vendor(root) / "stamp"
    return stamp.exists() and stamp.read_text() == _digest(root)


def _copy(root: Path) -> None:
    """Write `app/static/vendor` anew."""
    packages, vendor = root / "node_modules", _vendor(root)
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for name, source in FILES.items():
        content = _read(packages / source)
        # The maps are not shipped: a browser's tools would ask for them and meet a 404.
        vendor.joinpath(name).write_bytes(content if name.endswith(".woff2") else _SOURCE_MAP.sub(b"\n", content))
    vendor.joinpath("icons.svg").write_text(sprite(icon_names(root), packages / "@tabler/icons/icons/outline"), encoding="utf-8")
    licences = (f"{title}\n\n{_read(packages / source).decode()}" for title, source in LICENCES.items())
    vendor.joinpath("licences.txt").write_text("\n\n---\n\n".join(licences), encoding="utf-8")
    bundles.compress(vendor)
    vendor.joinpath("stamp").write_text(_digest(root))


def icon_names(root: Path) -> list[str]:
    """The icons the templates use: one name a line, `#` begins a comment."""
    lines = (root / "app" / "static" / "icons.txt").read_text(encoding="utf-8").splitlines()
    return sorted({name for line in lines if (name := line.partition("#")[0].strip())})


def sprite(names: list[str], icons: Path) -> str:
    """One SVG with a `<symbol id="name">` for each icon, drawn with the text's colour. Raises HouseError for an unknown name."""
    symbols = []
    for name in names:
        if not (icons / f"{name}.svg").exists():
            raise HouseError(f"app/static/icons.txt : l'icône « {name} » n'existe pas dans Tabler Icons.")
        shapes = []
        for shape in ElementTree.parse(icons / f"{name}.svg").getroot():
            if shape.get("d") != "M0 0h24v24H0z":  # the invisible frame that every icon carries
                attributes = "".join(f' {key}="{value}"' for key, value in shape.attrib.items())
                shapes.append(f"<{shape.tag.removeprefix(_SVG)}{attributes}/>")
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
            f"{''.join(shapes)}</symbol>"
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _vendor(root: Path) -> Path:
    return root / "app" / "static" / "vendor"


def _digest(root: Path) -> str:
    sources = (root / "package-lock.json", root / "app" / "static" / "icons.txt", Path(__file__))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise HouseError(f"Le paquet npm ne contient pas {path.name} ; mettez à jour bin/_house/assets.py.") from None
