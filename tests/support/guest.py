"""A page with the SDK on it, seen and used as people do: by looking and by keyboard."""

from __future__ import annotations

from uuid import uuid4

from playwright.sync_api import Page

# What of ours has a class, in whichever root it stands.
OURS = """[...document.querySelectorAll('handrail-root')]
  .map((each) => each.shadowRoot.querySelector('{}')).find((each) => each)"""
CARD = f"({OURS.format('.card')})"
# What stands on the page and opens a card when it is pressed.
DOOR = f"({OURS.format('.launcher>button,.mark')})"
KEPT = f"""(() => {{
  const f6 = new KeyboardEvent('keydown', {{ key: 'F6', bubbles: true, composed: true, cancelable: true }})
  return !!{CARD} && !{CARD}.dispatchEvent(f6)
}})()"""
"""Whether a modal card keeps the focus: what does so comes after the card was painted, and takes F6 as well."""
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
STANDS = f"""() => {{
  const door = {DOOR}
  if (!door) return 'no door'
  const {{ left, top, width, height }} = door.getBoundingClientRect()
  if (width < 24 || height < 24) return `small: ${{width}} x ${{height}}`
  if (Math.abs(width - door.offsetWidth) > 1) return 'scaled'
  let hit = document.elementFromPoint(left + width / 2, top + height / 2)
  if (hit?.localName !== 'handrail-root') return `covered by ${{hit?.localName}} ${{hit?.id}}`
  hit = hit.shadowRoot.elementFromPoint(left + width / 2, top + height / 2)
  return door.contains(hit) ? 'fine' : `covered by our own ${{hit?.className}}`
}}"""
STYLES = f"""() => {{
  const names = ['color', 'backgroundColor', 'fontSize', 'lineHeight', 'letterSpacing', 'wordSpacing', 'textTransform',
    'textIndent', 'padding', 'opacity', 'visibility', 'display', 'filter', 'pointerEvents', 'borderRadius',
    'writingMode', 'cursor', 'userSelect', 'fontWeight', 'width']
  const [card, door] = [{CARD}, {DOOR}]
  const ours = card ? [card, ...card.querySelectorAll('h2,p,button,textarea')] : [door]
  return ours.map((each) => {{
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


def selftest(page: Page) -> list[str]:
    """What the page's own test of itself says, with focus nowhere."""
    page.evaluate("document.querySelectorAll('handrail-root').forEach((each) => each.shadowRoot.activeElement?.blur())")
    page.evaluate("delete window.transcript, postMessage({selftest: true})")
    wait_for(page, "window.transcript")
    return page.evaluate("transcript")


class Guest:
    """A page with the SDK on it, whose user nobody has met before, and what it had to complain about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.user = f"guest-{uuid4()}"
        page.add_init_script(f"window.guest = '{self.user}'")
        self.complaints: list[str] = []
        page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    def open(self, address: str, after: str = "") -> None:
        self.page.goto(address)
        wait_for(self.page, "window.ready")
        if after:
            self.page.evaluate(f"(() => {{ {after} }})()")

    def show(self, key: str, shown: str = "") -> None:
        """Starts an experience from the page's own code and waits until its card stands, or what opens it."""
        self.page.evaluate("(key) => postMessage({start: key})", key)
        wait_for(self.page, f"({CARD} ?? {DOOR})?.checkVisibility()")
        if shown:
            self.page.evaluate(f"(async () => {{ {shown} }})()")

    def look(self, how: str = LOOK) -> str:
        """`fine`, once it is; else what is wrong with the card, or by `STANDS` with what opens it."""
        told = ""
        for _ in range(400):
            told = self.page.evaluate(how)
            if told == "fine":
                break
            self.page.wait_for_timeout(25)
        return told

    def active(self) -> str:
        """What has focus within ours, by class or name of the element."""
        return self.page.evaluate(
            """() => { const at = [...document.querySelectorAll('handrail-root')]
              .map((each) => each.shadowRoot.activeElement).find((each) => each)
            return at ? at.className.split(' ')[0] || at.localName : '' }"""
        )

    def go_in(self) -> None:
        """Moves focus into the card: a modal has it, F6 leads into the others once what hears it was loaded."""
        for _ in range(400):
            if self.active():
                return
            self.page.keyboard.press("F6")
            self.page.wait_for_timeout(25)
        raise AssertionError("F6 does not lead into the card")

    def tab_to(self, name: str) -> None:
        """Presses Tab until focus stands on what is called so."""
        for _ in range(8):
            if self.active() == name:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}")

    def walk_to_door(self) -> None:
        """Presses Tab until focus stands on what opens the card."""
        for _ in range(20):
            if self.page.evaluate(f"!!{DOOR}?.matches(':focus')"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError("Tab does not lead to what opens it")

    def middle_of_door(self) -> tuple[float, float]:
        """Where a pointer presses what opens the card."""
        return tuple(
            self.page.evaluate(
                f"""() => {{ const {{ left, top, width, height }} = {DOOR}.getBoundingClientRect()
                return [left + width / 2, top + height / 2] }}"""
            )
        )

    def shut(self) -> None:
        """Closes the card by keyboard; what opened it may stay. A page that traps focus may win the first time."""
        for _ in range(400):
            self.go_in()
            self.page.keyboard.press("Escape")
            if not self.page.evaluate(f"!!{CARD}"):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError("Esc does not close the card")

    def gone(self) -> None:
        wait_for(self.page, "!document.querySelector('handrail-root')")
