import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { Reasons } from '../parts/reasons.js';
import { VerdictTag } from '../parts/verdicts.js';
import { BACK } from '../texts/back.js';
import { SHELL } from '../texts/shell.js';
import { sharedBy } from './blocks.js';
import type { BackCohort } from './generated/operations.js';
import { stepsText } from './steps.js';
import { visible } from '../parts/visible.js';

/** Why a group of hosts has its verdict. */
export function BlockPanel({ cohort }: { cohort: BackCohort }) {
  const { hosts, verdict, examples } = cohort;
  const { kind, errno, route, steps, reasons } = verdict;
  return (
    <Panel title={BACK.chosen} wide aside={<VerdictTag kind={kind} />}>
      <div class="stack">
        <p class="foreign">
          <strong>{SHELL.hosts(count(hosts), hosts === 1)}</strong> · {sharedBy(cohort, BACK.original)}{' '}
          <span class="muted">
            {[errno === null ? '' : BACK.errno(errno), route === null ? '' : BACK.by(route)].join(' ')}
          </span>
        </p>
        {steps.length > 0 && <p class="foreign muted">{stepsText(steps)}</p>}
        <Reasons reasons={reasons} />
        <p class="foreign muted">
          {BACK.suchAs} {examples.map(visible).join(', ')}
        </p>
      </div>
    </Panel>
  );
}
