"""A page with the SDK on it, seen and used as people do: by looking and by keyboard."""

from __future__ import annotations

from playwright.sync_api import Page

# The card of what stands, with its root; a kind that adds another finds it by the same class.
CARD = "document.querySelector('handrail-root')?.shadowRoot.querySelector('.card')"
LOOK = f"""() => {{
  const card = {CARD}
  if (!card) return 'no card'
  if (card.getAnimations().length) return 'still moving'
  const box = card.getBoundingClientRect()
  const within = (edge, most) => edge >= -1 && edge <= most + 1
  if (!within(box.left, innerWidth) || !within(box.right, innerWidth) || !within(box.top, innerHeight)
    || !within(box.bottom, innerHeight)) return `clipped: ${{Object.values(box.toJSON()).map(Math.round)}}`
  if (box.width < 150 || box.height < 40) return `small: ${{box.width}} x ${{box.height}}`
  if (Math.abs(box.width - card.offsetWidth) > 1) return 'scaled'
  for (const x of [.08, .5, .92]) for (const y of [.08, .5, .92]) {{
    const [left, top] = [box.left + box.width * x, box.top + box.height * y]
    let hit = document.elementFromPoint(left, top)
    if (hit?.localName !== 'handrail-root') return `covered at ${{x}}, ${{y}} by ${{hit?.localName}}`
    hit = hit.shadowRoot.elementFromPoint(left, top)
    if (!card.contains(hit)) return `covered at ${{x}}, ${{y}} by our own ${{hit?.className}}`
  }}
  return 'fine'
}}"""
STYLES = f"""() => {{
  const names = ['color', 'backgroundColor', 'fontSize', 'lineHeight', 'letterSpacing', 'wordSpacing', 'textTransform',
    'textIndent', 'padding', 'opacity', 'visibility', 'display', 'filter', 'pointerEvents', 'borderRadius',
    'writingMode', 'cursor', 'userSelect', 'fontWeight', 'width']
  const card = {CARD}
  return [card, ...card.querySelectorAll('h2,p,button,textarea')].map((each) => {{
    const look = getComputedStyle(each)
    return each.localName + ' ' + names.map((name) => look[name]).join(' | ')
  }})
}}"""


def wait_for(page: Page, expression: str) -> None:
    """Asks from outside: the driver's own waiting needs `eval`, which policies forbid."""
    for _ in range(400):
        if page.evaluate(f"!!({expression})"):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"not to be waited for: {expression}; {page.evaluate('window.answers')}")


class Guest:
    """A page with the SDK on it, and what it had to complain about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    def open(self, address: str, after: str = "") -> None:
        self.page.goto(address)
        wait_for(self.page, "window.ready")
        if after:
            self.page.evaluate(f"(() => {{ {after} }})()")

    def show(self, key: str, shown: str = "") -> None:
        """Starts an experience from the page's own code and waits until its card stands."""
        self.page.evaluate("(key) => postMessage({start: key})", key)
        wait_for(self.page, f"{CARD}?.checkVisibility()")
        if shown:
            self.page.evaluate(f"(async () => {{ {shown} }})()")

    def look(self) -> str:
        """`fine`, once two looks in a row agree that it is; else what is wrong."""
        told = ""
        for _ in range(40):
            told = self.page.evaluate(LOOK)
            if told == "fine":
                break
            self.page.wait_for_timeout(50)
        return told

    def active(self) -> str:
        """What has focus within the card, by class or name of the element."""
        return self.page.evaluate(
            """() => { const root = document.querySelector('handrail-root')?.shadowRoot
            const at = root?.activeElement; return at ? at.className.split(' ')[0] || at.localName : '' }"""
        )

    def go_in(self) -> None:
        """Moves focus into the card: a modal has it, F6 leads into the others."""
        for _ in range(20):
            if self.active():
                return
            self.page.keyboard.press("F6")
            self.page.wait_for_timeout(30)
        raise AssertionError("F6 does not lead into the card")

    def tab_to(self, name: str) -> None:
        """Presses Tab until focus stands on what is called so."""
        for _ in range(8):
            if self.active() == name:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}")

    def gone(self) -> None:
        wait_for(self.page, "!document.querySelector('handrail-root')")
