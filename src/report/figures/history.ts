import { axisX, axisY, dot, gridY, line, ruleX, ruleY, text } from '@observablehq/plot'
import type { HistorySeries } from '../../comparison/history/series.js'
import { MIB } from '../../shared/units.js'
import { type Figure, type FigureOptions, frame } from './parts/figure.js'

/**
 * Draws one series over its commits: the mean of each with the range of its trials, the level
 * between change points, and the names of these.
 */
export function historyFigure(
  { points, changes, metric, name, setting }: HistorySeries,
  options: FigureOptions = {},
): Figure {
  const { width, ink, style } = frame(options)
  const color = ink.roles[0]!
  const edges = [0, ...changes.map(({ at }) => at), points.length]
  const levels = edges.slice(1).map((end, i) => {
    const own = points.slice(edges[i]!, end)
    return { from: edges[i]!, to: end - 1, level: own.reduce((sum, { value }) => sum + value, 0) / own.length / MIB }
  })
  const at = points.map((point, place) => ({
    ...point,
    place,
    mib: point.value / MIB,
    lowMib: point.low / MIB,
    highMib: point.high / MIB,
  }))
  return {
    ariaLabel: `${metric} of ${name}, ${setting}, over commits`,
    width,
    height: 320,
    marginLeft: 70,
    marginTop: 34,
    marginBottom: 44,
    style,
    x: { domain: [-0.5, points.length - 0.5] },
    y: { nice: true, zero: false },
    marks: [
      gridY({ stroke: ink.grid, strokeOpacity: 1 }),
      ...(points.length > 1 ? [line(at, { x: 'place', y: 'mib', stroke: ink.grid })] : []),
      ruleX(at, { x: 'place', y1: 'lowMib', y2: 'highMib', stroke: color, strokeOpacity: 0.5 }),
      dot(at, { x: 'place', y: 'mib', r: 3, fill: color }),
      ruleY(levels, { y: 'level', x1: 'from', x2: 'to', stroke: ink.text, strokeWidth: 2 }),
      ruleX(
        changes.map(({ at: place }) => place - 0.5),
        { stroke: ink.reference, strokeDasharray: '4 3' },
      ),
      text(
        changes.map(({ at: place }) => ({ place, label: points[place]!.commit.slice(0, 10) })),
        { x: 'place', text: 'label', frameAnchor: 'top', dy: -14, fill: ink.reference },
      ),
      axisX({
        label: 'commit',
        labelAnchor: 'center',
        labelArrow: 'none',
        color: ink.text,
        tickFormat: (place: number) => points[place]?.commit.slice(0, 7) ?? '',
        ticks: Math.max(1, Math.min(8, points.length - 1)),
      }),
      axisY({ label: `${metric} (MiB${metric === 'slope' ? ' a round' : ''})`, labelArrow: 'none', color: ink.text }),
    ],
  } as Figure
}
