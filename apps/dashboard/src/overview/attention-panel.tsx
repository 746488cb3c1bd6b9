import { addressOf } from '../address/parameters.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { OVERVIEW } from '../texts/overview.js';
import { SHELL } from '../texts/shell.js';
import type { FleetNow } from './generated/operations.js';

/** Hosts whose verdicts are in doubt, or that run what the registry does not know. */
export function AttentionPanel({ fleet }: { fleet: FleetNow['fleet'] }) {
  const rows = [
    { hosts: fleet.suspect, text: OVERVIEW.suspect, where: 'suspect=yes' },
    { hosts: fleet.superseded, text: OVERVIEW.superseded, where: 'superseded=yes' },
    { hosts: fleet.unpublished, text: OVERVIEW.unpublished, where: 'unpublished=yes' },
    { hosts: fleet.withLeftovers, text: OVERVIEW.leftovers, where: 'leftovers=yes' },
  ].filter(({ hosts }) => hosts > 0);
  return (
    <Panel title={OVERVIEW.attention}>
      {rows.length === 0 ? (
        <p class="muted">{OVERVIEW.nothing}</p>
      ) : (
        <ul class="figures">
          {rows.map(({ hosts, text, where }) => (
            <li key={where}>
              <a href={addressOf('/hosts', { where })}>
                <strong>{SHELL.hosts(count(hosts), hosts === 1)}</strong> {text}
              </a>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
