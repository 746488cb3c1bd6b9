import { useMemo, useState } from 'preact/hooks';
import { useParameters } from '../address/parameters.js';
import { isFound } from '../parts/find-patches.js';
import { Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { MATRIX } from '../texts/matrix.js';
import { ANSWERS, compare, compareAll, countAnswers, inOrder, type MatrixPatch } from './compatibility.js';
import { type Cell, Grid } from './grid.js';
import { Pair, sentencesOf } from './pair.js';
import { SIGNS } from './signs.js';

/** What the grid says to screen readers about a cell. */
function labelOf(running: MatrixPatch, loaded: MatrixPatch): string {
  const comparison = compare(running, loaded);
  const said = MATRIX.pair(loaded.name, running.name, MATRIX.answers[comparison.answer]);
  return [`${said}.`, ...sentencesOf(comparison)].join(' ').slice(0, 1000);
}

const Legend = ({ counts }: { counts: readonly number[] }) => (
  <ul class="legend" aria-label={MATRIX.legend}>
    {ANSWERS.map((name, index) => (
      <li key={name}>
        <span class={`matrix-sign ${name}`} aria-hidden="true">
          {SIGNS[name]}
        </span>
        {MATRIX.answers[name]} <strong>{count(counts[index]!)}</strong>
      </li>
    ))}
  </ul>
);

/** The matrix of the patches that the search finds, and the pair that is pointed at or chosen. */
export function Compared({ patches }: { patches: readonly MatrixPatch[] }) {
  const { values, change } = useParameters();
  const { find = '', row, column, zoom, where } = values;
  const [pointed, setPointed] = useState<Cell | null>(null);
  const [all, answers] = useMemo(() => {
    const ordered = inOrder(patches);
    return [ordered, compareAll(ordered)] as const;
  }, [patches]);
  const shown = useMemo(() => [...all.keys()].filter((index) => isFound(all[index]!, find)), [all, find]);
  const shownPatches = useMemo(() => shown.map((index) => all[index]!), [shown]);
  const answer = useMemo(
    () => (row: number, column: number) => answers[shown[row]! * all.length + shown[column]!]!,
    [shown],
  );
  const counts = useMemo(() => countAnswers(answers, all.length, shown), [shown]);
  if (shown.length === 0) return <Empty title={MATRIX.noneFound}>{MATRIX.noneFoundNext}</Empty>;

  const indexOf = (buildId: string | undefined) =>
    shownPatches.findIndex((patch) => patch.buildId === buildId);
  const chosen = { row: indexOf(row), column: indexOf(column) };
  const isChosen = chosen.row >= 0 && chosen.column >= 0;
  const seen = pointed ?? (isChosen ? chosen : null);
  const pairOf = (cell: Cell) => [shownPatches[cell.row]!, shownPatches[cell.column]!] as const;
  const choose = (cell: Cell, isTyped: boolean) => {
    const [running, loaded] = pairOf(cell);
    setPointed(null);
    change({ row: running.buildId, column: loaded.buildId }, isTyped);
  };
  // a search may leave fewer patches than when the pointer came to the cell
  const isThere = seen !== null && Math.max(seen.row, seen.column) < shown.length;
  return (
    <div class="matrix">
      <Panel
        title={MATRIX.shown(count(shown.length), count(all.length))}
        aside={<span class="muted">{`${MATRIX.rowsAre} ${MATRIX.columnsAre}`}</span>}
      >
        <Grid
          patches={shownPatches}
          answer={answer}
          isLarge={zoom === 'large'}
          chosen={isChosen ? chosen : null}
          label={(cell) => labelOf(...pairOf(cell))}
          choose={choose}
          point={setPointed}
        />
        <Legend counts={counts} />
        <p class="muted">{MATRIX.gridHelp}</p>
      </Panel>
      <Panel
        title={MATRIX.chosen}
        aside={
          isChosen &&
          chosen.row !== chosen.column && (
            <button type="button" class="plain" onClick={() => change({ row: column, column: row })}>
              {MATRIX.swap}
            </button>
          )
        }
      >
        {isThere ? (
          <Pair running={pairOf(seen)[0]} loaded={pairOf(seen)[1]} where={where} />
        ) : (
          <p class="muted">
            {row === undefined || column === undefined ? MATRIX.chooseFirst : MATRIX.notShown}
          </p>
        )}
      </Panel>
    </div>
  );
}
