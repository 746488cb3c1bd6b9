import { Copy } from '../parts/copy.js';
import { Empty } from '../parts/messages.js';
import { OVERVIEW } from '../texts/overview.js';

/** How to begin while no host has reported. */
export function Begin({ limitedByScope }: { limitedByScope: boolean }) {
  if (limitedByScope) return <Empty title={OVERVIEW.emptyScope} />;
  const { origin } = location;
  return (
    <div class="stack">
      <Empty title={OVERVIEW.empty}>{OVERVIEW.emptyNext}</Empty>
      <Copy title={OVERVIEW.demo} text={OVERVIEW.demoCommand(origin)} />
      <Copy title={OVERVIEW.begin} text={OVERVIEW.beginCommands(origin)} />
      <Copy title={OVERVIEW.enrol} text={OVERVIEW.enrolCommands(origin)} />
    </div>
  );
}
