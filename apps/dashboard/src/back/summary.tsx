import { addressOf, useParameters } from '../address/parameters.js';
import { Basis } from '../parts/basis.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { isUnresolved } from '../parts/unresolved.js';
import { VerdictShares, VerdictTag } from '../parts/verdicts.js';
import { BACK } from '../texts/back.js';
import { MODULE_FILE } from '../texts/module-file.js';
import { SHELL } from '../texts/shell.js';
import type { Back } from './generated/operations.js';
import { sentenceOf } from './sentence.js';
import { Unresolved } from './unresolved.js';

/** The verdict in words and in numbers. */
export function Summary({
  title,
  isPrevious,
  answer,
  again,
}: {
  /** Where to go. */
  title: string;
  /** Whether that is the previous livepatch of each host. */
  isPrevious: boolean;
  answer: Back['canDowngrade'];
  again: () => void;
}) {
  const { path, values } = useParameters();
  const { kind, counts, cohorts, limitedByScope, whatIf } = answer;
  const { answer: word, why } = sentenceOf({
    ...answer,
    cohorts: cohorts.nodes,
    isComplete: cohorts.totalCount <= cohorts.nodes.length,
  });
  const hidden = counts.harmful - counts.unsafe;
  return (
    <Panel title={title} wide aside={<VerdictTag kind={kind} />}>
      <div class="stack">
        {limitedByScope && <p class="note warning">{SHELL.limitedByScope}</p>}
        {whatIf && <p class="note">{MODULE_FILE.whatIf}</p>}
        <p class="sentence">
          <strong>{BACK.answers[word]}.</strong> {why} {hidden > 0 && BACK.harmful(count(hidden))}
        </p>
        {isUnresolved(counts, answer.heaviest.nodes) && <Unresolved isPrevious={isPrevious} />}
        <VerdictShares
          counts={counts}
          href={(kind) =>
            addressOf(path, { ...values, kind, code: undefined, block: undefined, hostsAfter: undefined })
          }
        />
        <Basis
          at={answer.snapshot.now}
          isPast={values.asOf !== undefined}
          again={again}
          policy={answer.policy}
          waivers={answer.waivers}
        />
      </div>
    </Panel>
  );
}
