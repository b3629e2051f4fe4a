"""Take the picture of the report page that the README shows: `make screenshot`.

python docs/screenshot.py PAGE.html PICTURE.png
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main() -> int:
    """Open the page in Chromium and save its beginning."""
    page_path, picture = Path(sys.argv[1]), Path(sys.argv[2])
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("no Chromium is installed; apt-get install chromium fonts-noto-cjk\n")
        return 2
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 960, "height": 1150}, color_scheme="light")
        page.goto(page_path.resolve().as_uri())
        page.wait_for_load_state("load")
        page.screenshot(path=str(picture))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
