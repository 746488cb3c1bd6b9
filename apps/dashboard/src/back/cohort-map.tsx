import { addressOf, useParameters } from '../address/parameters.js';
import { SIGNS } from '../parts/kinds.js';
import { count } from '../parts/numbers.js';
import { BACK } from '../texts/back.js';
import { SHELL } from '../texts/shell.js';
import { type Block, decidingCodes, sharedBy } from './blocks.js';
import { treemap } from './treemap.js';

/** Width of the map, divided by its height. The stylesheet has the same. */
const ASPECT = 3;

const percent = (part: number): string => `${100 * part}%`;

/**
 * Groups of hosts as blocks: the area is the number of hosts, and the colour, sign and pattern the verdict.
 */
export function CohortMap({ blocks }: { blocks: readonly Block[] }) {
  const { path, values } = useParameters();
  const boxes = treemap(
    blocks.map(({ hosts }) => hosts),
    ASPECT,
  );
  return (
    <ul class="map" aria-label={BACK.map}>
      {blocks.map(({ key, kind, hosts, cohort }, index) => {
        const { x, y, width, height } = boxes[index]!;
        const shared = cohort === null ? BACK.othersBlock : sharedBy(cohort, BACK.original) || BACK.noValue;
        const codes = cohort === null ? '' : decidingCodes(cohort.verdict).join(', ');
        const text = SHELL.hosts(count(hosts), hosts === 1);
        return (
          <li
            key={key}
            class={`block ${kind}`}
            style={{ left: percent(x), top: percent(y), width: percent(width), height: percent(height) }}
          >
            <a
              href={addressOf(path, {
                ...values,
                block: key,
                kind: undefined,
                code: undefined,
                hostsAfter: undefined,
              })}
              aria-current={values.block === key ? 'true' : undefined}
              title={[SHELL.verdicts[kind], text, shared, codes].filter((part) => part !== '').join('; ')}
            >
              <strong>
                <span aria-hidden="true">{SIGNS[kind]}</span>
                <span class="unseen">{SHELL.verdicts[kind]}</span> {text}
              </strong>
              <span class="foreign">{shared}</span>
              <span>{codes}</span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}
