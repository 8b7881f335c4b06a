import { type Page, type Plugin, plugins, type Settings } from './plugin.ts'

declare const LIQUID: string

const view = window as Page & { handrailDestination?: (settings: Settings) => Plugin[] }
const base = new URL('.', (document.currentScript as HTMLScriptElement | null)?.src ?? location.href).href

/** analytics.js loads this script, then calls the function that the settings document names. */
view.handrailDestination = (settings) =>
  plugins(settings, {
    view,
    loadSdk: (wanted) =>
      new Promise((loaded, failed) => {
        const script = document.createElement('script')
        script.async = true
        script.src = `${base}handrail.js`
        if (wanted.key) script.dataset['key'] = wanted.key
        script.onload = () => loaded()
        script.onerror = () => failed(new Error(`${script.src} did not load`))
        document.head.append(script)
      }),
    loadLiquid: async () => (await import(/* @vite-ignore */ `${base}${LIQUID}`)).render,
  })
