"""The whole built site as one zip, for a class without a network: unpack it and open `index.html`."""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from tools.site import SITE


def pack(site: Path, target: Path) -> None:
    """Zip all files of ``site`` under one folder that has the name of the zip."""
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for file in sorted(path for path in site.rglob("*") if path.is_file()):
            archive.write(file, Path(target.stem, file.relative_to(site)))


if __name__ == "__main__":
    pack(SITE, Path(sys.argv[1]))
