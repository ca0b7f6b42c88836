"""The book's GPT trained in the page, from random weights to the end of the run, in a real browser.

python benchmarks/page_training.py    two minutes a seed; needs the site, which `make book` builds, and Chromium
"""

from __future__ import annotations

from tools.browser import chromium
from tools.site import SITE

SEEDS = (0, 1, 2)


def main() -> None:
    page_file = (SITE / "chapters" / "pretraining.html").as_uri()
    with chromium() as browser:
        for seed in SEEDS:
            page = browser.new_page()
            page.goto(f'{page_file}#training={{"seed":{seed}}}')
            widget = page.locator(".lm-widget[data-widget=training]")
            widget.scroll_into_view_if_needed()  # what is not seen loads nothing
            widget.get_by_role("button", name="Start training here").click()
            note = widget.locator(".note")
            note.filter(has_text="times the floor").wait_for(timeout=600_000)
            print(f"seed {seed}: {note.inner_text()}", flush=True)
            widget.get_by_text("Show as table").click()
            rows = widget.locator("tbody tr")
            for row in rows.all_inner_texts()[::5]:
                print("   ", row.replace("\t", "  "))
            page.close()


if __name__ == "__main__":
    main()
