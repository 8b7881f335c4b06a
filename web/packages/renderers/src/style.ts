import type { Palette, Theme } from '@handrail/wire'

/** What both forms share. `:host` is held by !important, so that no rule of the page reaches it. */
const BASE = `
:host{all:initial!important;display:contents!important}
*,*::before{box-sizing:border-box}
[popover]{margin:0;border:0;padding:0;background:none;color:inherit;overflow:visible;inset:auto}
.card{position:fixed;width:min(var(--width),100vw - 24px);max-height:calc(100dvh - 24px);overflow:auto;overscroll-behavior:contain;overflow-wrap:anywhere;padding:20px;background:var(--surface);color:var(--text);border:1px solid var(--border);border-radius:var(--radius);box-shadow:0 1px 2px rgb(15 18 28/.08),0 12px 32px rgb(15 18 28/.18);font:400 15px/1.5 var(--font)}
.card:focus{outline:none}
h2,p,ul,ol{margin:0}
h2{font-size:17px;line-height:1.35;font-weight:650;text-wrap:balance}
h2.h1{font-size:21px}h2.h3{font-size:15px}
.body:has(~.cross)>:not(img):first-child{padding-inline-end:28px}
.body{display:grid;gap:8px;grid-template-columns:100%}
.body>.buttons{margin-top:8px}
p,li{color:var(--muted)}
p strong{color:var(--text)}
ul,ol{padding-inline-start:20px}
a{color:var(--primary);text-underline-offset:2px}
code{font:600 .9em ui-monospace,monospace;background:var(--border);color:var(--text);border-radius:5px;padding:1px 5px}
img,video{display:block;max-width:100%;height:auto;border-radius:calc(var(--radius) - 4px)}
hr{width:100%;border:0;border-top:1px solid var(--border);margin:4px 0}
.columns{display:grid;align-items:start;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px}
.buttons{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
button{font:600 14px/20px var(--font);border-radius:calc(var(--radius) - 2px);border:1px solid transparent;padding:7px 14px;min-height:36px;min-width:24px;cursor:pointer;background:var(--primary);color:var(--on-primary)}
button:hover{filter:brightness(1.07)}
button.secondary{background:none;color:var(--text);border-color:var(--border)}
button.secondary:hover,.cross:hover{background:color-mix(in srgb,var(--text) 7%,transparent);color:var(--text);filter:none}
:focus-visible{outline:2px solid var(--primary);outline-offset:2px}
.cross{position:absolute;inset-block-start:12px;inset-inline-end:12px;width:32px;height:32px;min-height:0;padding:0;background:var(--surface);color:var(--muted);border-radius:8px;display:grid;place-items:center}
svg{width:14px;height:14px;display:block;fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round}
.foot{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;position:sticky;bottom:-20px;margin:4px 0 -20px;padding:12px 0 20px;background:var(--surface)}
.foot .buttons{margin-inline-start:auto}
.progress{font-size:13px;color:var(--muted);font-variant-numeric:tabular-nums}
.live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(prefers-reduced-motion:no-preference){.card,.shade{animation:in .16s ease-out}@keyframes in{from{opacity:0}}}
`

const safeColour = (value: string) => (/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value) ? value : 'CanvasText')

const variables = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, value]) => `--${name.replace('_', '-')}:${safeColour(value)}`)
    .join(';')

/** One constructed sheet: it needs no permission of the page's content security policy. */
export function sheetFor(theme: Theme, own: string): CSSStyleSheet {
  const light = variables(theme.light ?? {})
  const dark = variables(theme.dark ?? {})
  const font = theme.font && /^[\w\s,'"-]+$/.test(theme.font) ? `${theme.font},` : ''
  const scheme = theme.scheme ?? 'light'
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(
    `${BASE}${own}[popover]{--width:${Number(theme.width ?? 340)}px;--radius:${Number(theme.radius ?? 10)}px;--font:${font}system-ui,sans-serif;${scheme === 'dark' ? dark : light};color-scheme:${scheme === 'auto' ? 'light dark' : scheme}}` +
      (scheme === 'auto' ? `@media(prefers-color-scheme:dark){[popover]{${dark}}}` : ''),
  )
  return sheet
}
