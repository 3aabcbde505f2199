import { axisY, type Markish, ruleY } from '@observablehq/plot'
import { FONT_SIZE, type Ink } from './figure.js'

/** One row per setting, its name at the left, for figures whose values run from left to right. */
export interface SettingRows {
  marginLeft: number
  /** Height of all rows together. */
  height: number
  scale: { domain: readonly string[]; padding: number; label: null }
  marks: Markish[]
}

export function settingRows(settings: readonly string[], ink: Ink, rowHeight: number): SettingRows {
  const longest = Math.max(6, ...settings.map((setting) => setting.length))
  return {
    marginLeft: Math.min(260, Math.round(longest * FONT_SIZE * 0.62) + 16),
    height: rowHeight * Math.max(1, settings.length),
    scale: { domain: settings, padding: 0.2, label: null },
    marks: [
      axisY({ color: ink.text, tickSize: 0, label: null, fontSize: FONT_SIZE }),
      ruleY(settings, { stroke: ink.grid }),
    ],
  }
}
