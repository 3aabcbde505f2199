import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Resvg } from '@resvg/resvg-js'

/** Twice the size in CSS pixels, so that figures are sharp in print and on dense screens. */
const SCALE = 2

/**
 * Converts an SVG to PNG. It uses the font that ships with Tidemark, so labels are the same on a
 * machine without fonts.
 */
export function pngOf(svg: string): Buffer {
  return new Resvg(svg, {
    fitTo: { mode: 'zoom', value: SCALE },
    font: {
      loadSystemFonts: false,
      fontFiles: ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => join(fontFolder(), file)),
      defaultFontFamily: 'DejaVu Sans',
    },
  })
    .render()
    .asPng()
}

function fontFolder(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf')
}
