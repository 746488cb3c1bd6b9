import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count } from '../parts/numbers.js';
import { SHELL } from '../texts/shell.js';
import { AREAS, areasOf, type CountsAt } from './history-series.js';

const HEIGHT = 160;

/** Hosts by verdict over time, as areas on each other in the colours of the theme. */
export default function HistoryChart({ rows }: { rows: readonly CountsAt[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(optionsOf(rows, current.clientWidth), areasOf(rows) as uPlot.AlignedData, current);
    };
    draw();
    const size = new ResizeObserver(() => plot?.setSize({ width: current.clientWidth, height: HEIGHT }));
    size.observe(current);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      size.disconnect();
      theme.disconnect();
      plot?.destroy();
    };
  }, [rows]);
  return <div ref={box} aria-hidden="true" />;
}

function optionsOf(rows: readonly CountsAt[], width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`);
  const axis = {
    stroke: colour('muted'),
    grid: { stroke: colour('border'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most)] } },
    axes: [axis, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => count(tick)) }],
    series: [
      {},
      ...[...AREAS].reverse().map((area) => ({
        label: SHELL.verdicts[area.toUpperCase() as Uppercase<typeof area>],
        fill: colour(area),
        stroke: colour('panel'),
        width: 1,
        points: { show: rows.length < 3 },
      })),
    ],
  };
}
