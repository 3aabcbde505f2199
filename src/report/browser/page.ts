/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The script of report.html: draws the same figures as the files, live. It is bundled with Plot by the build and runs in
 * a browser, from disk, without network.
 */
import { plot } from '@observablehq/plot'
import { FIGURES } from '../figures/all.js'
import { INKS, type Theme } from '../figures/parts/figure.js'
import { rolesOf } from '../figures/parts/roles.js'
import type { ReportData } from '../html/report-data.js'

const data = JSON.parse(document.getElementById('data')?.textContent ?? 'null') as ReportData
const hidden = { settings: new Set<string>(), names: new Set<string>() }
const darkMode = matchMedia('(prefers-color-scheme: dark)')

addSwitches('settings', data.settings, hidden.settings)
addSwitches('roles', data.names, hidden.names)
drawAll()
darkMode.addEventListener('change', drawAll)
redrawWhenResized()

/** One checkbox a name; native ones, so that the keyboard reaches them. */
function addSwitches(id: string, names: readonly string[], off: Set<string>): void {
  const colors = new Map(rolesOf(data, INKS[theme()]).map(({ name, color }) => [name, color]))
  const list = document.getElementById(id)
  for (const name of names) {
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.checked = true
    box.addEventListener('change', () => {
      if (box.checked) off.delete(name)
      else off.add(name)
      drawAll()
    })
    const label = document.createElement('label')
    label.append(box, ...swatch(colors.get(name)), name)
    list?.append(label)
  }
}

/** Processes have a colour, settings have none. */
function swatch(color: string | undefined): Node[] {
  if (color === undefined) return []
  const mark = document.createElement('span')
  mark.className = 'swatch'
  mark.style.background = color
  return [mark]
}

function drawAll(): void {
  const shown = shownData()
  for (const figure of document.querySelectorAll<HTMLElement>('[data-figure]')) {
    const entry = FIGURES.find(({ name }) => name === figure.dataset.figure)
    const place = figure.querySelector('.drawing')
    if (entry === undefined || place === null) continue
    const width = Math.floor(place.clientWidth)
    const options = { width, theme: theme(), tips: true }
    place.replaceChildren(entry.hasData(shown) ? plot(entry.draw(shown, options)) : nothing())
  }
}

function shownData(): ReportData {
  return {
    ...data,
    settings: data.settings.filter((setting) => !hidden.settings.has(setting)),
    trials: data.trials
      .filter(({ setting }) => !hidden.settings.has(setting))
      .map((trial) => ({ ...trial, processes: trial.processes.filter(({ name }) => !hidden.names.has(name)) })),
  }
}

function nothing(): Node {
  const note = document.createElement('p')
  note.className = 'note'
  note.textContent = 'Nothing to draw: all that this figure shows is switched off.'
  return note
}

function theme(): Theme {
  return darkMode.matches ? 'dark' : 'light'
}

/** Only a change of width counts: the height is what drawing itself changes. */
function redrawWhenResized(): void {
  let width = document.body.clientWidth
  let frame = 0
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return
    width = document.body.clientWidth
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(drawAll)
  }).observe(document.body)
}
