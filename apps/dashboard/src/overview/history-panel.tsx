import lazy from 'preact-iso/lazy';
import { Answer } from '../parts/messages.js';
import { share } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { useQuestion } from '../registry/use-question.js';
import { OVERVIEW } from '../texts/overview.js';
import { HISTORY } from './generated/operations.js';
import type { CountsAt } from './history-series.js';

/** The library for charts is loaded when there is something to draw. */
const HistoryChart = lazy(() => import('./history-chart.js'));

const DAYS = 7;
const from = new Date(Date.now() - DAYS * 86_400_000).toISOString();

const safeShare = ({ safe, unknown, unsafe, refused }: CountsAt): string =>
  share(safe, safe + unknown + unsafe + refused);

/** The verdicts of the last days. A token with a scope may not see them. */
export function HistoryPanel() {
  const history = useQuestion(HISTORY, { from, step: '1h' });
  return (
    <Panel title={OVERVIEW.history} wide>
      <Answer of={history}>
        {(data) =>
          data.previous.length < 2 ? (
            <p class="muted">{OVERVIEW.noHistory}</p>
          ) : (
            <div class="overview-verdicts">
              {(['previous', 'original'] as const)
                .filter((to) => data[to].length > 1)
                .map((to) => (
                  <figure key={to}>
                    <figcaption>
                      {OVERVIEW.historyTarget[to]}{' '}
                      <span class="muted">
                        {OVERVIEW.historyText(safeShare(data[to][0]!), safeShare(data[to].at(-1)!))}
                      </span>
                    </figcaption>
                    <HistoryChart rows={data[to]} />
                  </figure>
                ))}
            </div>
          )
        }
      </Answer>
    </Panel>
  );
}
