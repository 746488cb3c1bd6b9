import { addressOf, useParameters } from '../address/parameters.js';
import { STATES as TEXT } from '../texts/states.js';
import { MARK_SIGNS, RESTORE_SIGNS } from './signs.js';
import type { MapCell, Mark, Restore, StateMap } from './state-map.js';

const RESTORES = Object.keys(RESTORE_SIGNS) as Restore[];
const MARKS = Object.keys(MARK_SIGNS) as Mark[];

/** Patches and their states: a row for each patch, the newest first, and a column for each state id. */
export function MapTable({ map: { ids, rows } }: { map: StateMap }) {
  const { values } = useParameters();
  const { to, where, asOf } = values;
  if (ids.length === 0) return <p class="muted">{TEXT.noStates}</p>;
  return (
    <>
      <div class="table-box states-box" role="group" aria-label={TEXT.map} tabIndex={0}>
        <table class="states-map">
          <caption class="unseen">{TEXT.map}</caption>
          <thead>
            <tr>
              <th scope="col">{TEXT.patch}</th>
              <th scope="col">{TEXT.owner}</th>
              {ids.map((id) => (
                <th key={id} scope="col" class="mono">
                  <a href={addressOf('/states', { ...values, state: id })}>{id}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ patch, cells }) => (
              <tr key={patch.buildId}>
                <th scope="row" title={`${patch.release}, ${patch.kernelRelease}`}>
                  <a class="states-cut" href={addressOf(`/catalog/${patch.buildId}`, { to, where, asOf })}>
                    {patch.name}
                  </a>
                  <span class="states-cut muted">
                    {patch.kernelRelease}
                    {patch.recalledAt !== null && `, ${TEXT.recalled}`}
                  </span>
                </th>
                <td>
                  <span class="states-cut" title={patch.owner}>
                    {patch.owner}
                  </span>
                </td>
                {cells.map((cell, index) => (
                  <td key={ids[index]} class={cell !== null && cell.marks.length > 0 ? 'marked' : undefined}>
                    {patch.states === null ? TEXT.unreadable : cell === null ? '·' : <Cell cell={cell} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul class="legend" aria-label={TEXT.legend}>
        {RESTORES.map((restore) => (
          <li key={restore}>
            <strong aria-hidden="true">{RESTORE_SIGNS[restore]}</strong> {TEXT.restores[restore]}
          </li>
        ))}
        {MARKS.map((mark) => (
          <li key={mark}>
            <strong aria-hidden="true">{MARK_SIGNS[mark]}</strong> {TEXT.marks[mark]}
          </li>
        ))}
      </ul>
    </>
  );
}

function Cell({ cell: { version, restore, isSigned, what, marks } }: { cell: MapCell }) {
  const restored =
    isSigned || restore === 'UNKNOWN' ? TEXT.restores[restore] : TEXT.unsigned(TEXT.restores[restore]);
  const said = [what.slice(0, 200), restored, ...marks.map((mark) => TEXT.marks[mark])]
    .filter(Boolean)
    .join('. ');
  return (
    <span title={said}>
      {version ?? TEXT.authorOnly} <span aria-hidden="true">{RESTORE_SIGNS[restore]}</span>
      {marks.map((mark) => (
        <span key={mark} class="states-mark" aria-hidden="true">
          {' '}
          {MARK_SIGNS[mark]}
        </span>
      ))}
      <span class="unseen">{said}</span>
    </span>
  );
}
