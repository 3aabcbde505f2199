/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The script of report.html: draws the same figures as the files, live. It is bundled with Plot by
 * the build and runs in a browser, from disk, without network.
 */
import { plot } from '@observablehq/plot'
import { FIGURES, type FigureEntry } from '../figures/all.js'
import { INKS, type Theme } from '../figures/parts/figure.js'
import { rolesOf } from '../figures/parts/roles.js'
import { colorOf, type SettingsFigureOptions, settingsOverRounds } from '../figures/settings-over-rounds.js'
import { type ValueTable, valueTable } from '../figures/value-tables.js'
import type { ReportData } from '../html/report-data.js'
import { copyButtons } from './copy-buttons.js'
import { settingsTable } from './settings-table.js'
import { zoomByDragging } from './zoom-by-dragging.js'

const data = JSON.parse(document.getElementById('data')?.textContent ?? 'null') as ReportData
const hidden = { settings: new Set<string>(), names: new Set<string>() }
const darkMode = matchMedia('(prefers-color-scheme: dark)')
const MAIN = 'settings-over-rounds'
let layout: NonNullable<SettingsFigureOptions['layout']> = 'overlaid'
/** Rounds shown in the main figure; undefined: all of them. */
let zoom: SettingsFigureOptions['rounds']

addSwitches('settings', data.settings, hidden.settings)
addProcesses()
addLayouts()
addTables()
copyButtons()
settingsTable()
drawAll()
darkMode.addEventListener('change', () => {
  paintSwatches()
  drawAll()
})
redrawWhenResized()

/** Adds one checkbox per name. They are native ones, so that the keyboard reaches them. */
function addSwitches(id: string, names: readonly string[], off: Set<string>): void {
  const list = document.getElementById(id)
  for (const name of names) list?.append(checkbox(name, 'setting', (isOn) => setShown(off, [name], isOn)).label)
  paintSwatches()
}

/**
 * Adds the processes of each role below one checkbox for all of them. A role whose only process
 * bears its name is a single checkbox.
 */
function addProcesses(): void {
  const list = document.getElementById('roles')
  for (const [role, names] of namesByRole()) {
    const each = names.map((name) => checkbox(name, 'name', (isOn) => setShown(hidden.names, [name], isOn)))
    if (names.length === 1 && names[0] === role) {
      list?.append(each[0]!.label)
      continue
    }
    const all = checkbox(`${role}: ${names.length === 1 ? '1 process' : `all ${names.length}`}`, undefined, (isOn) => {
      for (const { box } of each) box.checked = isOn
      setShown(hidden.names, names, isOn)
    })
    for (const { box } of each)
      box.addEventListener('change', () => {
        const on = each.filter((one) => one.box.checked).length
        all.box.checked = on === each.length
        all.box.indeterminate = on > 0 && on < each.length
      })
    const group = document.createElement('div')
    group.className = 'role'
    group.setAttribute('role', 'group')
    group.setAttribute('aria-label', role)
    group.append(all.label, ...each.map(({ label }) => label))
    list?.append(group)
  }
  paintSwatches()
}

/** Returns process names by role in the order of the names, so that the judged role comes first. */
function namesByRole(): Map<string, string[]> {
  const roles = new Map(data.trials.flatMap(({ processes }) => processes.map(({ name, role }) => [name, role])))
  const groups = new Map<string, string[]>()
  for (const name of data.names) {
    const role = roles.get(name) ?? name
    groups.set(role, [...(groups.get(role) ?? []), name])
  }
  return groups
}

function setShown(off: Set<string>, names: readonly string[], isOn: boolean): void {
  for (const name of names) {
    if (isOn) off.delete(name)
    else off.add(name)
  }
  drawInPlace()
}

/**
 * Makes a checkbox.
 *
 * @param of what the name stands for, which gives the colour of the mark before it; no mark where
 *   it stands for several processes
 */
function checkbox(
  name: string,
  of: 'setting' | 'name' | undefined,
  onChange: (isOn: boolean) => void,
): { box: HTMLInputElement; label: HTMLLabelElement } {
  const box = document.createElement('input')
  box.type = 'checkbox'
  box.checked = true
  box.addEventListener('change', () => onChange(box.checked))
  const label = document.createElement('label')
  label.append(box)
  if (of !== undefined) {
    const mark = document.createElement('span')
    mark.className = 'swatch'
    mark.dataset[of] = name
    label.append(mark)
  }
  const short = data.overview?.names[name] ?? name
  label.append(of === 'setting' && short !== name ? `${short} = ${name}` : name)
  return { box, label }
}

function paintSwatches(): void {
  const ink = INKS[theme()]
  const colors = new Map(rolesOf(data, ink).map(({ name, color }) => [name, color]))
  for (const mark of document.querySelectorAll<HTMLElement>('.swatch')) {
    const { setting, name } = mark.dataset
    mark.style.background = setting === undefined ? (colors.get(name ?? '') ?? '') : colorOf(data, setting, ink)
  }
}

function addLayouts(): void {
  for (const radio of document.querySelectorAll<HTMLInputElement>('#layout input'))
    radio.addEventListener('change', () => {
      layout = radio.value === 'panels' ? 'panels' : 'overlaid'
      zoomTo(undefined)
    })
  document.getElementById('all-rounds')?.addEventListener('click', () => {
    zoomTo(undefined)
    // The button that had the focus no longer exists.
    document.querySelector<HTMLInputElement>('#layout input:checked')?.focus({ preventScroll: true })
  })
}

/** Zooms to whole rounds; to at least two, since a line needs two points. */
function zoomTo(part: { from: number; to: number } | undefined): void {
  const [from, to] = part === undefined ? [] : [Math.max(1, Math.floor(part.from)), Math.ceil(part.to)]
  zoom = from === undefined || to === undefined ? undefined : { from, to: Math.max(to, from + 1) }
  const button = document.getElementById('all-rounds')
  if (button !== null) button.hidden = zoom === undefined
  const figure = document.querySelector<HTMLElement>(`[data-figure=${MAIN}]`)
  if (figure !== null) draw(figure, shownData())
}

/**
 * Adds the tables of values. Each is filled when it is opened: together they are larger than the
 * figures.
 */
function addTables(): void {
  for (const details of document.querySelectorAll<HTMLDetailsElement>('details.values'))
    details.addEventListener('toggle', () => {
      const name = details.closest<HTMLElement>('[data-figure]')?.dataset.figure
      const place = details.querySelector('.scroll')
      if (details.open && name !== undefined) place?.replaceChildren(tableOf(valueTable(name, shownData())))
      else place?.replaceChildren()
    })
}

function tableOf({ columns, rows }: ValueTable): HTMLTableElement {
  const table = document.createElement('table')
  const row = (cells: readonly string[], kind: 'th' | 'td') => {
    const made = document.createElement('tr')
    for (const [i, text] of cells.entries()) {
      const cell = document.createElement(i === 0 ? 'th' : kind)
      cell.textContent = text
      if (cell.tagName === 'TH') cell.setAttribute('scope', kind === 'th' ? 'col' : 'row')
      made.append(cell)
    }
    return made
  }
  const head = document.createElement('thead')
  head.append(row(columns, 'th'))
  const body = document.createElement('tbody')
  body.append(...rows.map((cells) => row(cells, 'td')))
  table.append(head, body)
  return table
}

/**
 * Redraws in place. What is below a figure stays where it is, since a reader who switches something
 * off looks at what is left.
 */
function drawInPlace(): void {
  for (const place of document.querySelectorAll<HTMLElement>('.drawing'))
    place.style.minHeight = `${place.offsetHeight}px`
  drawAll()
}

function drawAll(): void {
  const shown = shownData()
  for (const figure of document.querySelectorAll<HTMLElement>('[data-figure]')) draw(figure, shown)
  for (const details of document.querySelectorAll<HTMLDetailsElement>('details.values[open]'))
    details.dispatchEvent(new Event('toggle'))
}

function draw(figure: HTMLElement, shown: ReportData): void {
  const entry = FIGURES.find(({ name }) => name === figure.dataset.figure)
  const place = figure.querySelector<HTMLElement>('.drawing')
  if (entry === undefined || place === null) return
  if (!entry.hasData(shown)) {
    place.replaceChildren(nothing())
    return
  }
  const options = { width: Math.floor(place.clientWidth), theme: theme(), tips: true }
  const isMain = entry.name === MAIN
  const drawn = plot(
    isMain
      ? settingsOverRounds(shown, { ...options, layout, ...(zoom === undefined ? {} : { rounds: zoom }) })
      : entry.draw(shown, options),
  )
  describe(drawn, entry, shown)
  place.replaceChildren(drawn)
  if (isMain && layout === 'overlaid') zoomByDragging(drawn, zoomTo)
}

/**
 * Presents a figure to readers who do not see it as one image with a sentence. Its values are in
 * the table below it.
 */
function describe(drawn: Element, entry: FigureEntry, shown: ReportData): void {
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector('svg')
  // Plot puts an aria-label on the groups of its marks, which is only allowed on an element with a
  // role.
  for (const group of svg?.querySelectorAll('g[aria-label]') ?? []) group.setAttribute('role', 'group')
  svg?.setAttribute('role', 'img')
  svg?.setAttribute('aria-label', `${entry.title}. ${entry.sentence?.(shown) ?? entry.note(shown)}`)
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

/**
 * Redraws when the width changes. A change of height is ignored, since drawing itself causes it.
 */
function redrawWhenResized(): void {
  let width = document.body.clientWidth
  let frame = 0
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return
    width = document.body.clientWidth
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(() => {
      for (const place of document.querySelectorAll<HTMLElement>('.drawing')) place.style.minHeight = ''
      drawAll()
    })
  }).observe(document.body)
}
