"""What axe finds wrong with our part of a page, for every journey that asks."""

from __future__ import annotations

from typing import cast

from playwright.sync_api import Page

from tests.support.hosts import ROOT

AXE = (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical in what we drew. Something of ours has to stand, else there is nothing to ask.

    The rest of the page is the host's, and not looked at: on an application of any size that takes most of the time.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate(
        """async () => {
          const { violations } = await axe.run({ include: [['handrail-root']] }, { resultTypes: ['violations'] })
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
        }"""
    )
    return cast("list[str]", found)
