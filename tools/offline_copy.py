"""The whole built site as one zip, for a class without a network: unpack it and open `index.html`.

The real model stays out: a page that was opened from the disk may not read it.
"""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from tools.site import SITE

REAL = "real"


def pack(site: Path, target: Path) -> None:
    """Zip the files of ``site``, but for its folder `real`, under one folder that has the name of the zip."""
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for file in sorted(path for path in site.rglob("*") if path.is_file()):
            place = file.relative_to(site)
            if place.parts[0] != REAL:
                archive.write(file, Path(target.stem, place))


if __name__ == "__main__":
    pack(SITE, Path(sys.argv[1]))
