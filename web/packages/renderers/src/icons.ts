import type { Stage } from './stage.ts'

const SVG = 'http://www.w3.org/2000/svg'

/** A drawing of one path in a field of 14 by 14, in the colour of the text around it; screen readers pass over it. */
export function drawIcon(stage: Pick<Stage, 'document'>, d: string, fill = 'none'): SVGSVGElement {
  const icon = stage.document.createElementNS(SVG, 'svg')
  const path = stage.document.createElementNS(SVG, 'path')
  const set = (element: Element, attributes: Record<string, string>) => {
    for (const name in attributes) element.setAttribute(name, attributes[name] as string)
  }
  set(icon, { viewBox: '0 0 14 14', 'aria-hidden': 'true' })
  set(path, { d, fill, stroke: 'currentColor', 'stroke-width': '1.6', 'stroke-linecap': 'round' })
  icon.append(path)
  return icon
}
