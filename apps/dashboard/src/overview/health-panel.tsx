import { useEffect } from 'preact/hooks';
import { Answer } from '../parts/messages.js';
import { count, duration } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { useQuestion } from '../registry/use-question.js';
import { HEALTH } from '../texts/overview.js';
import { REGISTRY_HEALTH, type RegistryHealth } from './generated/operations.js';

type Registry = RegistryHealth['registry'];

/** Changes that wait for longer than this are late: the roll-up runs about once a second. */
const LATE_SECONDS = 30;

/** Whether something needs an operator, in a sentence; null: nothing does. */
function problemOf({ problem, rollUpDelaySeconds, load }: Registry): string | null {
  if (problem !== null) return problem;
  if (rollUpDelaySeconds !== null && rollUpDelaySeconds > LATE_SECONDS)
    return HEALTH.late(duration(rollUpDelaySeconds));
  return load !== null && load.shed > 0 ? HEALTH.overloaded(count(load.shed)) : null;
}

/** What the registry does, one fact a line. */
function factsOf({ version, rules, replicaLagSeconds, load }: Registry): [string, string][] {
  return [
    ...(load === null
      ? []
      : ([
          [HEALTH.messages, HEALTH.inMinute(count(load.accepted))],
          [HEALTH.refused, HEALTH.inMinute(count(load.refused))],
          [HEALTH.cohorts, HEALTH.ofHosts(count(load.cohorts), count(load.hosts))],
        ] as [string, string][])),
    ...(replicaLagSeconds === null
      ? []
      : ([[HEALTH.replica, duration(replicaLagSeconds)]] as [string, string][])),
    [HEALTH.version, version],
    [HEALTH.rules, rules],
  ];
}

/** The health of the registry itself. */
export function HealthPanel({ minute }: { minute: number }) {
  const question = useQuestion(REGISTRY_HEALTH, {});
  useEffect(question.again, [minute, question.again]);
  return (
    <Panel title={HEALTH.title}>
      <Answer of={question}>
        {({ registry }) => {
          const problem = problemOf(registry);
          return (
            <div class="stack">
              {problem === null ? <p>{HEALTH.fine}</p> : <p class="wrong foreign">{problem}</p>}
              <dl class="facts">
                {factsOf(registry).map(([name, value]) => (
                  <>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </>
                ))}
              </dl>
            </div>
          );
        }}
      </Answer>
    </Panel>
  );
}
