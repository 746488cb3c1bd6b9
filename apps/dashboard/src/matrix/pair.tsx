import { addressOf } from '../address/parameters.js';
import { MATRIX } from '../texts/matrix.js';
import { compare, type Comparison, type MatrixPatch } from './compatibility.js';
import { SIGNS } from './signs.js';

/** What a comparison says, in sentences. */
export function sentencesOf({ answer, refusals, doubts, isSameName }: Comparison): string[] {
  if (isSameName) return [MATRIX.sameName];
  return [
    MATRIX.why[answer],
    ...refusals.map(({ patch, stateId, need, have }) =>
      have == null
        ? MATRIX.missing(patch!, String(stateId), String(need))
        : MATRIX.tooLow(patch!, String(stateId), String(need), String(have)),
    ),
    ...doubts.map(({ doubt, of }) => MATRIX.doubts[doubt](of.name)),
  ];
}

/** A pair of patches: what the state rule says, why, and the states of both. */
export function Pair({
  running,
  loaded,
  where,
}: {
  running: MatrixPatch;
  loaded: MatrixPatch;
  where: string | undefined;
}) {
  const comparison = compare(running, loaded);
  const { answer } = comparison;
  return (
    <div class="stack">
      <p>
        <span class={`matrix-sign ${answer}`} aria-hidden="true">
          {SIGNS[answer]}
        </span>{' '}
        <strong>{MATRIX.answers[answer]}</strong>
      </p>
      <ul class="matrix-why">
        {sentencesOf(comparison).map((sentence) => (
          <li key={sentence} class="foreign">
            {sentence}
          </li>
        ))}
      </ul>
      <dl class="facts">
        {(
          [
            [MATRIX.runs, running],
            [MATRIX.loaded, loaded],
          ] as const
        ).map(([title, patch]) => (
          <>
            <dt>{title}</dt>
            <dd>
              <a class="foreign matrix-name" href={addressOf(`/catalog/${patch.buildId}`, { where })}>
                {patch.name}
              </a>
              <span class="muted foreign">
                {[
                  patch.release,
                  patch.owner,
                  flagOf(patch),
                  ...(patch.recalledAt ? [MATRIX.recalled] : []),
                ].join(' · ')}
              </span>
            </dd>
          </>
        ))}
      </dl>
      <States running={running} loaded={loaded} />
    </div>
  );
}

const flagOf = ({ replace }: MatrixPatch): string =>
  replace === null ? MATRIX.cumulativeUnknown : replace ? MATRIX.cumulative : MATRIX.notCumulative;

/** The states of both patches, one below the other. */
function States({ running, loaded }: { running: MatrixPatch; loaded: MatrixPatch }) {
  const ids = [...new Set([running, loaded].flatMap(({ states }) => states?.map(({ id }) => id) ?? []))];
  const version = ({ states }: MatrixPatch, id: string) =>
    states === null
      ? MATRIX.unreadableStates
      : states
          .filter((state) => state.id === id)
          .map(({ version }) => version)
          .join(', ') || '–';
  if (ids.length === 0)
    return (
      <p class="muted">
        {MATRIX.states}:{' '}
        {running.states === null || loaded.states === null ? MATRIX.unreadableStates : MATRIX.noStates}
      </p>
    );
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">{MATRIX.state}</th>
            <th scope="col" class="number">
              {MATRIX.runs}
            </th>
            <th scope="col" class="number">
              {MATRIX.loaded}
            </th>
          </tr>
        </thead>
        <tbody>
          {ids
            .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
            .map((id) => (
              <tr key={id}>
                <td class="mono">{id}</td>
                <td class="number">{version(running, id)}</td>
                <td class="number">{version(loaded, id)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
