import { useCallback } from 'preact/hooks';
import { whereKernel, whereStack } from '../address/where-terms.js';
import { Panel } from '../parts/panel.js';
import { Answer } from '../parts/messages.js';
import { isUnresolved } from '../parts/unresolved.js';
import { ViewTitle } from '../parts/view-title.js';
import { useLive } from '../registry/use-live.js';
import { useQuestion } from '../registry/use-question.js';
import { useMay, useSession } from '../session/session.js';
import { OVERVIEW } from '../texts/overview.js';
import { SHELL } from '../texts/shell.js';
import { AttentionPanel } from './attention-panel.js';
import { Begin } from './begin.js';
import { FreshnessPanel, TopPanel } from './fleet-panels.js';
import { FLEET_CHANGED, FLEET_NOW, RECENT } from './generated/operations.js';
import { HealthPanel } from './health-panel.js';
import { HistoryPanel } from './history-panel.js';
import './overview.css';
import { RecentPanel } from './recent-panel.js';
import { TransitionsPanel } from './transitions-panel.js';
import { useMinute } from './use-minute.js';
import { VerdictPanel } from './verdict-panel.js';

const HOUR_MS = 3_600_000;

/** Says at a glance whether the fleet can go back. */
export default function View() {
  const may = useMay();
  const { viewer } = useSession();
  const now = useQuestion(FLEET_NOW, {});
  const minute = useMinute(now.again);
  const recent = useQuestion(RECENT, {
    since: new Date(minute - HOUR_MS).toISOString(),
    decisions: may('Query.decisions'),
  });
  const { again: askNow } = now;
  const { again: askRecent } = recent;
  const refresh = useCallback(() => {
    askNow();
    askRecent();
  }, [askNow, askRecent]);
  useLive(FLEET_CHANGED, {}, refresh);

  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.overview} />
      <Answer of={now}>
        {({ fleet, previous, original, stalled }) => {
          const reported = fleet.kernels.reduce((sum, { hosts }) => sum + hosts, 0);
          return fleet.hosts === 0 ? (
            <Begin limitedByScope={fleet.limitedByScope} />
          ) : (
            <>
              {fleet.limitedByScope && <p class="note warning">{SHELL.limitedByScope}</p>}
              <div class="overview-verdicts">
                <VerdictPanel to="previous" verdict={previous}>
                  {isUnresolved(previous.counts, previous.reasons.nodes) && (
                    <p class="note">
                      {OVERVIEW.unresolved} <a href="/back">{OVERVIEW.chooseRelease}</a>
                    </p>
                  )}
                </VerdictPanel>
                <VerdictPanel to="original" verdict={original} />
              </div>
              <div class="grid overview-panels">
                <FreshnessPanel freshness={fleet.freshness} />
                <TransitionsPanel inTransition={fleet.inTransition} stalled={stalled} />
                <AttentionPanel fleet={fleet} />
                <TopPanel
                  title={OVERVIEW.kernels}
                  label={OVERVIEW.byKernel}
                  column={OVERVIEW.kernel}
                  values={fleet.kernels}
                  total={reported}
                  where={whereKernel}
                />
                <TopPanel
                  title={OVERVIEW.stacks}
                  label={OVERVIEW.byStack}
                  column={OVERVIEW.stack}
                  values={fleet.stacks}
                  total={reported}
                  where={whereStack}
                />
                <Panel title={OVERVIEW.recent}>
                  <Answer of={recent}>{(data) => <RecentPanel {...data} />}</Answer>
                </Panel>
                {viewer.scope === null && may('Query.verdictHistory') && <HistoryPanel />}
                {may('Query.registry') && <HealthPanel minute={minute} />}
              </div>
            </>
          );
        }}
      </Answer>
    </div>
  );
}
