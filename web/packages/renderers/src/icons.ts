import type { Stage } from './stage.ts'

const SVG = 'http://www.w3.org/2000/svg'

/** A drawing of one path in a field of 14 by 14, in the colour of the text around it; screen readers pass over it. */
export function drawIcon(stage: Pick<Stage, 'document'>, d: string, fill = ''): SVGSVGElement {
  const icon = stage.document.createElementNS(SVG, 'svg')
  const path = stage.document.createElementNS(SVG, 'path')
  icon.setAttribute('viewBox', '0 0 14 14')
  icon.ariaHidden = 'true'
  path.setAttribute('d', d)
  path.style.fill = fill
  icon.append(path)
  return icon
}
