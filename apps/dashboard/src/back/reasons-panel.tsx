import { addressOf, useParameters } from '../address/parameters.js';
import { count } from '../parts/numbers.js';
import { Pager } from '../parts/pager.js';
import { Panel } from '../parts/panel.js';
import { ReasonsTable } from '../parts/reasons-table.js';
import { BACK } from '../texts/back.js';
import type { Back } from './generated/operations.js';

/** The reasons with the number of hosts that have them. Each opens its hosts. */
export function ReasonsPanel({ reasons }: { reasons: Back['canDowngrade']['reasons'] }) {
  const { path, values } = useParameters();
  const none = { kind: undefined, block: undefined, hostsAfter: undefined };
  return (
    <Panel title={BACK.reasons} wide>
      {reasons.nodes.length === 0 ? (
        <p class="muted">{BACK.noReasons}</p>
      ) : (
        <ReasonsTable
          label={BACK.reasonsTable}
          reasons={reasons.nodes}
          open={(code) => addressOf(path, { ...values, ...none, code })}
          chosen={values.code}
        />
      )}
      <Pager
        name="reasonsAfter"
        page={reasons.pageInfo}
        next={BACK.moreReasons(count(reasons.totalCount))}
        first={BACK.firstReasons}
      />
    </Panel>
  );
}
