# ruff: noqa: E501
"""What pages do to their guests. Each says how it is known to be in force."""

from __future__ import annotations

from pathlib import Path

from tests.support.hostile import BODY, Hostility
from tests.support.hosts import MODULES, ROOT

ZONE = ROOT / "web" / "node_modules" / "zone.js" / "bundles" / "zone.umd.min.js"
TURBO = MODULES / "@hotwired" / "turbo" / "dist" / "turbo.es2017-umd.js"
PROTOTYPE_1_7 = Path("/usr/share/javascript/prototype/prototype.js")
"""As Debian packages it (libjs-prototype): the npm registry has ports of it only."""
ONE_SCRIPT = "script-src 'self' {server}; connect-src 'self' {server}"


def _reset(name: str, style: str, in_force: str, uncover: str = "") -> Hostility:
    return Hostility(name, f"(() => {{ const probe = document.querySelector('#home'), "
                     f"look = getComputedStyle(probe); return {in_force} }})()", style=style, uncover=uncover)  # fmt: skip


RESETS = [
    _reset("all unset", "*{all:unset!important}", "look.color === 'rgb(0, 0, 0)'"),
    _reset("nothing else is displayed", "body>:not(main),body>:not(main) *{display:none!important}",
           "look.display === 'none'"),
    _reset("hidden", "body>:not(main),body>:not(main) *{visibility:hidden!important}", "look.visibility === 'hidden'"),
    _reset("small and pale", "body>*{opacity:.1!important;transform:scale(.5)!important;zoom:.5!important}",
           "getComputedStyle(probe.parentElement).opacity === '0.1'"),
    _reset("no pointer", "html,body>:not(main){pointer-events:none!important}", "look.pointerEvents === 'none'"),
    _reset("tight boxes", "body,body>:not(main),body>:not(main) *{position:static!important;overflow:hidden!important;max-width:40px!important;"
           "max-height:9px!important;float:left!important}", "look.float === 'left' && look.maxWidth === '40px'"),
    _reset("loud text", "html,*{font:5px/9 monospace!important;letter-spacing:9px!important;word-spacing:40px!important;"
           "text-transform:uppercase!important;text-indent:50px!important;color:red!important;"
           "background:red!important}", "look.letterSpacing === '9px'"),
    _reset("no dialogs and no popovers", "[popover],[role=dialog],[role=region],dialog,form{display:none!important}"
           "#home{outline:1px solid}", "look.outlineStyle === 'solid'"),
    _reset("endless animation", "@keyframes x{from{translate:0 900px}}*{animation:x 9s infinite!important;"
           "transition:all 9s!important;filter:blur(9px)!important}", "look.filter === 'blur(9px)'",
           "document.getAnimations().forEach((each) => each.cancel())"),
    _reset("clipped", "body>:not(main){clip-path:inset(50%)!important;contain:strict!important;"
           "content-visibility:hidden!important;mask:linear-gradient(transparent,transparent)!important}",
           "getComputedStyle(probe.parentElement).contain === 'strict'"),
    _reset("a transformed body", "body{transform:translate(40px,900px) rotate(3deg);overflow:hidden;height:10px}",
           "getComputedStyle(document.body).transform.startsWith('matrix')", "text.scrollIntoView()"),
    _reset("columns, contents and layers", "@layer a{*{display:contents}}body{columns:3;writing-mode:vertical-rl;"
           "user-select:none}html{direction:ltr;cursor:none!important}#home{color:blue}#target,#text{display:block}",
           "look.writingMode === 'vertical-rl'"),
]  # fmt: skip

POLICIES = [
    Hostility(
        "no styles at all",
        "(() => { const s = document.createElement('style'); s.textContent = 'main{color:red}';"
        " document.head.append(s); return getComputedStyle(document.querySelector('main')).color !== 'rgb(255, 0, 0)' })()",
        policy="default-src 'none'; style-src 'none'; img-src data:; " + ONE_SCRIPT,
    ),
    Hostility(
        "a nonce",
        "(() => { const s = document.createElement('script'); s.textContent = 'window.got = 1';"
        " document.head.append(s); return !window.got })()",
        policy="default-src 'none'; img-src data:; script-src 'nonce-n0nce'; connect-src 'self' {server}; "
        "style-src 'self'",
        script='nonce="n0nce"',
    ),
    Hostility(
        "strict-dynamic",
        "(() => { const p = document.createElement('p'); p.setAttribute('onclick', 'window.got = 1');"
        " p.click(); return !window.got })()",
        policy="script-src 'nonce-n0nce' 'strict-dynamic'; base-uri 'none'; object-src 'none'; style-src 'none'",
        script='nonce="n0nce"',
    ),
    Hostility(
        "a hash of the loader",
        "(() => { const s = document.createElement('script'); s.textContent = 'window.got = 1';"
        " document.head.append(s); return !window.got })()",
        policy="script-src 'self' {server} 'sha256-{hash}'; style-src 'none'; connect-src 'self' {server}",
        script='integrity="sha256-{hash}" crossorigin="anonymous"',
    ),
    Hostility(
        "Trusted Types with no policy",
        "(() => { try { document.head.append(Object.assign(document.createElement('p'), {innerHTML: '<b>x</b>'}));"
        " return false } catch { try { trustedTypes.createPolicy('any', {}); return false } catch { return true } } })()",
        policy="require-trusted-types-for 'script'; trusted-types 'none'; style-src 'none'; " + ONE_SCRIPT,
    ),
]

COUNTED = (
    "window.called = 0; const count = (owner, name) => { const was = owner[name]; "
    "owner[name] = function (...given) { called++; return was.apply(this, given) } };"
)
# What 1.6 gave every list, function and element, as its documentation tells it: lists go into JSON as texts. No registry
# has it any more.
PROTOTYPE_1_6 = (
    "const give = (kind, methods) => Object.assign(kind.prototype, methods);"
    "give(Array, { toJSON() { return '[' + this.map((each) => JSON.stringify(each)).join(', ') + ']' },"
    " toArray() { return [...this] }, entries() { return [...this] }, each(does) { this.forEach(does); return this },"
    " find(does) { for (let n = 0; n < this.length; n++) if (does(this[n], n)) return this[n] },"
    " include(one) { return this.indexOf(one) > -1 }, first() { return this[0] }, last() { return this[this.length - 1] },"
    " reduce() { return this.length > 1 ? this : this[0] }, size() { return this.length }, clear() { this.length = 0 } });"
    "give(String, { toJSON() { return '\"' + this + '\"' }, strip() { return this.trim() }, sub() { return '' },"
    " blank() { return /^\\s*$/.test(this) } }); give(Number, { toJSON() { return String(this) }, succ() { return this + 1 } });"
    "give(Function, { bind(to, ...some) { return (...more) => this.call(to, ...some, ...more) }, wrap() {}, delay() {} });"
    "give(Event, { stop() { this.preventDefault(); this.stopPropagation() }, element() { return this.target } });"
    "give(HTMLElement, { remove() { this.parentNode?.removeChild(this); return this }, hide() { this.style.display = 'none' },"
    " show() { this.style.display = '' }, toggle() {}, update(text) { this.textContent = text }, insert() {}, select() {},"
    " visible() { return this.style.display !== 'none' }, replace() {}, wrap() {}, clone() {}, scrollTo() {}, next() {} });"
    "document.getElementsByClassName = (name) => [...document.querySelectorAll('.' + name)]"
)
PAGES = [
    Hostility(
        "polluted prototypes",
        "(() => { const seen = []; for (const key in {}) seen.push(key); return seen.includes('extra') })()",
        before="Object.prototype.extra = function () {}; Array.prototype.last = function () { return this[this.length - 1] };"
        "Object.prototype.source = document.documentElement; Object.prototype.get = undefined;"
        "String.prototype.format = function () { return 'x' }; Function.prototype.method = 1;",
    ),
    Hostility(
        "functions of the page's own",
        "called > 20",
        before=COUNTED + "count(window, 'fetch'); count(history, 'pushState'); count(history, 'replaceState');"
        "count(JSON, 'parse'); count(JSON, 'stringify'); count(Array.prototype, 'push'); count(Array.prototype, 'map');"
        "count(Array.prototype, 'filter'); count(EventTarget.prototype, 'addEventListener');"
        "count(Storage.prototype, 'setItem'); count(window, 'setTimeout'); count(window, 'requestAnimationFrame')",
    ),
    Hostility(
        "lists and elements as in Prototype.js 1.6",
        'JSON.stringify({all: [1]}) === \'{"all":"[1]"}\' && [1, 2].entries()[1] === 2 && [1, 2].reduce().length === 2',
        before=PROTOTYPE_1_6,
    ),
    Hostility(
        "Prototype.js 1.7",
        "Prototype.Version === '1.7.3' && !/native/.test([].find) && [1, 2].inject(0, (sum, each) => sum + each) === 3"
        " && alert.wrap && 'a'.gsub('a', 'b') === 'b' && $('home').visible() && Event.prototype.findElement",
        library=PROTOTYPE_1_7,
    ),
    Hostility(
        "the whole screen taken",
        "fills > 0",
        before="window.fills = 0; document.addEventListener('fullscreenchange', () => { fills += !!document.fullscreenElement })",
        style="main{background:#fff}",
        shown="document.fullscreenElement || await document.querySelector('main').requestFullscreen()",
        uncover="document.fullscreenElement && await document.exitFullscreen()",
    ),
    Hostility(
        "zone.js",
        "setTimeout !== window[Zone.__symbol__('setTimeout')] && Promise !== window[Zone.__symbol__('Promise')]",
        library=ZONE,
    ),
    Hostility(
        "a body that Turbo swaps",
        "Turbo.session.drive && bodies.size > 2 && bodies.has(document.body) && ways.has('morph') && kept > 0"
        " && [...document.querySelectorAll('handrail-root')].every((each) => each.shadowRoot)",
        library=TURBO,
        # A visit, the way back from it to what Turbo kept of the page, us included, and the page morphed into itself.
        # Each waits before it is drawn, as on pages that fade out first.
        before="window.bodies = new Set(); window.ways = new Set(); window.kept = 0;"
        "addEventListener('turbo:before-render', (event) => { event.preventDefault(); setTimeout(event.detail.resume, 50);"
        " kept += event.detail.newBody.querySelectorAll('handrail-root').length });"
        "addEventListener('turbo:render', (event) => ways.add(event.detail.renderMethod));"
        "addEventListener('turbo:load', () => bodies.add(document.body));"
        "window.loaded = (go) => new Promise((done) => { addEventListener('turbo:load', done, { once: true }); go() })",
        shown="await loaded(() => Turbo.visit('/?visit=' + bodies.size)); await loaded(() => history.back());"
        " await loaded(() => Turbo.session.refresh(location.href, { method: 'morph' }))",
    ),
    Hostility(
        "a trap for focus",
        "traps > 0 && (() => { const was = document.activeElement; document.querySelector('#home').focus();"
        " const back = document.activeElement.id === 'name_'; return back })()",
        after="window.traps = 0; const trap = (event) => { if (event.target.id === 'name_') return; traps++;"
        " document.querySelector('#name_').focus() };"
        "document.addEventListener('focusin', trap, true); document.addEventListener('focusin', trap);"
        "document.querySelector('#home').focus()",
        traps=True,
    ),
    Hostility(
        "shortcuts of single keys",
        "(() => { document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'c', bubbles: true}));"
        " return heard.splice(0).includes('c') })()",
        after="const keys = ['keydown', 'keypress', 'keyup']; const hear = (event) => {"
        " const own = event.type === 'focusin' && event.target.localName !== 'handrail-root';"
        " if (!own && !/^(Tab|F6|Enter|Escape)$/.test(event.key)) heard.push(event.key || event.type) };"
        "for (const type of keys) document.addEventListener(type, hear, true);"
        "for (const type of [...keys, 'input', 'paste', 'focusin']) window.addEventListener(type, hear)",
    ),
    Hostility(
        "a dialog that was open before",
        "document.querySelector('dialog').matches(':modal')",
        body=BODY + "<dialog id='own'><p>Own dialog</p><button id='ok'>OK</button></dialog>",
        after="own.showModal()",
    ),
    Hostility(
        "a dialog that opens later",
        "document.querySelector('dialog').matches(':modal')",
        body=BODY + "<dialog id='own'><p>Own dialog</p><button id='ok'>OK</button></dialog>",
        shown="own.open || own.showModal()",
    ),
    Hostility(
        "a dialog that is taken away",
        "!document.querySelector('dialog') && taken > 0",
        before="window.taken = 0",
        shown="const own = document.createElement('dialog'); own.append('Own'); document.body.append(own);"
        " own.showModal(); await new Promise((done) => setTimeout(done, 200)); taken++; own.remove()",
    ),
    Hostility(
        "a popover over all of it",
        "document.querySelector('#own').showPopover() ?? document.querySelector('#own').matches(':popover-open')",
        body=BODY + "<div id='own' popover='manual'>Own</div>",
        style="#own{inset:0;width:100vw;height:100vh;margin:0;background:#fff}",
        shown="own.matches(':popover-open') && own.hidePopover(); own.showPopover()",
        uncover="own.hidePopover()",
    ),
    Hostility(
        "a page that is inert and hidden from readers",
        "inerted > 0",
        uncover="clearInterval(inerting); for (const each of document.body.children) each.inert = false",
        after="window.inerted = 0; const harden = () => { inerted++; for (const each of document.body.children) if (each.localName !== 'main')"
        " { each.inert = true; each.ariaHidden = 'true' } }; harden(); window.inerting = setInterval(harden, 50)",
    ),
    Hostility(
        "a clock that is years ahead",
        "new Date().getFullYear() > 2033",
        before="const Real = Date; Date = class extends Real { constructor(...given) {"
        " given.length ? super(...given) : super(Real.now() + 9 * 31536e6) } static now() { return Real.now() + 9 * 31536e6 } }",
    ),
    Hostility(
        "storage, channels and locks denied",
        "(() => { try { localStorage.x; return false } catch { return !navigator.locks && !self.BroadcastChannel } })()",
        before="for (const each of ['localStorage', 'sessionStorage', 'indexedDB']) Object.defineProperty(window, each,"
        " { get() { throw new DOMException('denied', 'SecurityError') } });"
        "delete window.BroadcastChannel; Object.defineProperty(navigator, 'locks', { value: undefined })",
    ),
    Hostility(
        "a storm on five thousand nodes",
        "document.querySelectorAll('main *').length > 4500 && storms > 5",
        after="window.storms = 0; const main = document.querySelector('main'); const rows = [];"
        "for (let n = 0; n < 5000; n++) { const row = document.createElement('i'); row.textContent = n;"
        " rows.push(row); main.append(row) }"
        "const storm = () => { storms++; for (let n = 0; n < 300; n++) { const row = rows[(storms * 300 + n) % 5000];"
        " row.remove(); row.textContent = storms; row.className = 'c' + n; main.append(row) } requestAnimationFrame(storm) };"
        "requestAnimationFrame(storm)",
    ),
    Hostility(
        "right to left", "getComputedStyle(document.querySelector('#home')).direction === 'rtl'", html='dir="rtl"'
    ),
]
