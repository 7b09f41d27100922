import type { Hue } from './chart-definition.ts'
import { fontOf, type Palette } from './palette.ts'

interface Picture {
  canvas: HTMLCanvasElement
  palette: Palette
  title: string
  subtitle: string
  legend: readonly { hue: Hue; text: string }[]
}

/** Sizes (px), times the pixels of the screen for one of the page. */
const padding = 16
const titleSize = 16
const textSize = 12
const lineHeight = 20

/** A chart as a picture that explains itself: with its title, legend and background. */
export const toPng = async ({ canvas, palette, title, subtitle, legend }: Picture): Promise<Blob> => {
  const ratio = devicePixelRatio
  const target = document.createElement('canvas')
  const context = target.getContext('2d')
  if (context === null) throw new Error('This browser gives no canvas.')
  const width = canvas.width / ratio + 2 * padding
  const font = (size: number, weight = 400): string => fontOf(palette, size, weight)
  context.font = font(textSize)
  const placed = inLines(legend, width - 2 * padding, (text) => context.measureText(text).width + 28)
  const lines = (placed.at(-1)?.line ?? -1) + 1
  const head = padding + 2 * lineHeight + 8
  const height = head + canvas.height / ratio + 8 + lines * lineHeight + padding
  target.width = Math.round(width * ratio)
  target.height = Math.round(height * ratio)
  context.scale(ratio, ratio)
  context.fillStyle = palette.paper
  context.fillRect(0, 0, width, height)
  context.textBaseline = 'middle'
  context.fillStyle = palette.ink
  context.font = font(titleSize, 600)
  context.fillText(title, padding, padding + lineHeight / 2)
  context.fillStyle = palette.faint
  context.font = font(textSize)
  context.fillText(subtitle, padding, padding + 1.5 * lineHeight)
  context.drawImage(canvas, padding, head, canvas.width / ratio, canvas.height / ratio)
  const top = head + canvas.height / ratio + 8
  for (const { item, left, line } of placed) {
    const middle = top + (line + 0.5) * lineHeight
    context.fillStyle = palette.hues[item.hue]
    context.fillRect(padding + left, middle - 2, 12, 4)
    context.fillStyle = palette.ink
    context.fillText(item.text, padding + left + 18, middle)
  }
  return new Promise((resolve, reject) => {
    target.toBlob(
      (blob) => (blob === null ? reject(new Error('The canvas gave no picture.')) : resolve(blob)),
      'image/png',
    )
  })
}

const inLines = <Item extends { text: string }>(
  items: readonly Item[],
  width: number,
  widthOf: (text: string) => number,
): { item: Item; left: number; line: number }[] => {
  let left = 0
  let line = 0
  return items.map((item) => {
    const needed = widthOf(item.text)
    if (left > 0 && left + needed > width) {
      left = 0
      line += 1
    }
    const placed = { item, left, line }
    left += needed
    return placed
  })
}
