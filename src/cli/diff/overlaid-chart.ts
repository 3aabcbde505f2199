import pc from 'picocolors'
import { type ChartSeries, terminalChart } from '../../report/terminal/terminal-chart.js'
import { printable } from '../../shared/printable.js'

/** Width where there is no terminal to ask. */
const WIDTH = 100
const HEIGHT = 16

/** Draws two or more curves over one another in characters, as wide as the terminal. */
export function overlaidChart(
  series: readonly ChartSeries[],
  { axis, title }: { axis: 'time' | 'rounds'; title?: string },
): string {
  const { stdout, env } = process
  const hasColor = stdout.isTTY && pc.isColorSupported
  const colors = pc.createColors(hasColor)
  const paints = [colors.cyan, colors.yellow, colors.magenta, colors.green]
  return terminalChart(
    series.map(({ name, points }) => ({ name: printable(name), points })),
    {
      axis,
      width: Math.max(40, stdout.columns ?? WIDTH),
      height: HEIGHT,
      // Without colours, letters distinguish the curves.
      isPlain: env.TERM === 'dumb' || !hasColor,
      paint: (index, text) => paints[index % paints.length]!(text),
      ...(title !== undefined && { title: printable(title) }),
    },
  )
}
