import type { Block, Button, RichText, Span } from '@handrail/wire'
import type { Stage } from './stage.ts'

const MARKS = { bold: 'strong', italic: 'em', underline: 'u', code: 'code' } as const

/** An element with a class and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  stage: Pick<Stage, 'document'>,
  tag: K,
  name = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = stage.document.createElement(tag)
  if (name) element.className = name
  element.append(...children)
  return element
}

/** A step's blocks as elements; buttons of one run stand in one row. Text is set as text, addresses are checked. */
export function drawBlocks(stage: Stage, blocks: readonly Block[], wrap = true): (Node | string)[] {
  const drawn: (Node | string)[] = []
  let row: HTMLElement | undefined
  for (const block of blocks) {
    if (block.type !== 'button') {
      row = undefined
      drawn.push(drawBlock(stage, block))
    } else if (wrap) {
      if (!row) drawn.push((row = make(stage, 'div', 'buttons')))
      row.append(drawButton(stage, block))
    } else drawn.push(drawButton(stage, block))
  }
  return drawn
}

function drawBlock(stage: Stage, block: Exclude<Block, Button>): Node | string {
  switch (block.type) {
    case 'heading':
      return make(stage, 'h2', `h${block.level ?? 2}`, stage.text(block.text))
    case 'paragraph':
      return make(stage, 'p', '', ...drawText(stage, block.text))
    case 'list':
      return make(
        stage,
        block.ordered ? 'ol' : 'ul',
        '',
        ...block.lines.map((line) => make(stage, 'li', '', ...drawText(stage, line))),
      )
    case 'divider':
      return make(stage, 'hr')
    case 'columns':
      return make(
        stage,
        'div',
        'columns',
        ...block.columns.map((column) => make(stage, 'div', 'body', ...drawBlocks(stage, column))),
      )
    default:
      return stage.media?.(stage, block) ?? ''
  }
}

export function drawButton(stage: Stage, block: Button): HTMLButtonElement {
  const button = make(stage, 'button', block.style ?? 'primary', stage.text(block.label))
  button.type = 'button'
  const actions = block.actions ?? []
  button.addEventListener(
    'click',
    stage.guard(() => stage.act(actions, 'cta', block.key)),
  )
  return button
}

function drawText(stage: Stage, text: RichText): (Node | string)[] {
  return Array.isArray(text) ? text.map((span) => drawSpan(stage, span)) : [stage.text(text)]
}

function drawSpan(stage: Stage, span: Span): Node | string {
  let node: Node | string = stage.text(span.text)
  for (const mark of span.marks ?? []) node = make(stage, MARKS[mark], '', node)
  const href = span.link && stage.href(span.link)
  if (!href) return node
  const link = make(stage, 'a', '', node)
  link.href = href
  link.rel = 'noopener'
  return link
}
