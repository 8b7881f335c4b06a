import type { Theme } from '@handrail/wire'
import { sheetFor } from '../style.ts'

/** Places launcher and panel at one point of their edge: `--at` from 0 (start) to 1 (end), `--row` from the edge up. */
const OWN = `
.launcher,.panel{--side:calc(20px + var(--row)*60px);inset-inline-start:calc(20px + (100% - 40px)*var(--at));transform:translateX(calc(-100%*var(--at)))}
.launcher[dir=rtl],.panel[dir=rtl]{transform:translateX(calc(100%*var(--at)))}
.launcher{display:block;position:fixed;z-index:2147483646;width:max-content;max-width:calc(100% - 40px);inset-block-end:calc(var(--side) + env(safe-area-inset-bottom))}
.launcher.top{inset-block:var(--side) auto}
.launcher button{display:flex;align-items:center;gap:8px;min-height:48px;min-width:48px;padding:10px 16px;border-radius:24px;max-width:100%;box-shadow:0 1px 2px rgb(15 18 28/.16),0 6px 20px rgb(15 18 28/.22)}
.launcher button>svg{width:20px;height:20px;flex:none;margin-inline:-2px}
.launcher button.round{padding:10px;justify-content:center}
.launcher .label{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.launcher.drags button{touch-action:none}
.launcher.dragged{cursor:grabbing}
.launcher.dragged button{cursor:grabbing;pointer-events:none}
.badge{min-width:22px;height:22px;padding:0 6px;border-radius:11px;background:var(--on-primary);color:var(--primary);font:700 12px/22px var(--font);text-align:center;font-variant-numeric:tabular-nums}
.round .badge{position:absolute;inset-block-start:-6px;inset-inline-end:-6px;box-shadow:0 0 0 2px var(--primary)}
.panel:popover-open{display:flex}
.panel{flex-direction:column;width:min(calc(var(--width) + 20px),100vw - 24px);max-height:min(640px,calc(100dvh - var(--side) - 68px));overflow:hidden;padding:0;inset-block-end:calc(var(--side) + 56px + env(safe-area-inset-bottom))}
.panel.top{inset-block:calc(var(--side) + 56px) auto}
.panel.alone{inset-block-end:20px;max-height:min(640px,100dvh - 40px)}
.panel.alone.top{inset-block:20px auto}
.head{padding:18px 20px 14px;padding-inline-end:56px;display:grid;gap:4px;flex:none}
.inside{grid-auto-rows:max-content;overflow:auto;overscroll-behavior:contain;padding:0 20px 18px;display:grid;gap:12px;align-content:start}
.inside:focus{outline:none}
.foot{margin:0;padding:10px 20px;border-top:1px solid var(--border);flex:none}
button.plain{background:none;border-color:transparent;color:var(--muted);padding:5px 8px;min-height:32px;font-weight:500}
button.plain:hover{background:color-mix(in srgb,var(--text) 7%,transparent);color:var(--text);filter:none}
.foot button.plain{margin-inline-start:-8px}
@media(max-width:559px){.panel,.panel.top{position:fixed;inset:auto 8px calc(8px + max(var(--keyboard,0px),env(safe-area-inset-bottom)))!important;width:auto;max-height:calc(min(85dvh,100dvh - 24px) - var(--keyboard,0px));transform:none!important}}
@media(max-height:460px){.panel,.panel.top{inset-block:8px!important;height:auto;max-height:none}}
@media(forced-colors:active){.badge{border:1px solid}.launcher button{border:1px solid ButtonText}}
`

/** The sheet of a launcher and its panel; `own` is what one kind adds. */
export const panelSheet = (theme: Theme, own: string): CSSStyleSheet => sheetFor(theme, OWN + own)
