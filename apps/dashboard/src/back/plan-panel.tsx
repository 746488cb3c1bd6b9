import { addressOf, useParameters } from '../address/parameters.js';
import { DataTable } from '../parts/data-table.js';
import { Answer } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { OneLine } from '../parts/one-line.js';
import { Pager } from '../parts/pager.js';
import { Panel } from '../parts/panel.js';
import { VerdictTag } from '../parts/verdicts.js';
import { useQuestion } from '../registry/use-question.js';
import { BACK } from '../texts/back.js';
import { SHELL } from '../texts/shell.js';
import {
  BACK_PLAN,
  type BackPlan,
  type BackPlanGroup,
  type BackPlanVariables,
} from './generated/operations.js';
import { stepsText } from './steps.js';

/** The cheapest way for each group of hosts. It is asked for on demand, because it tries every route. */
export function PlanPanel({ variables }: { variables: BackPlanVariables }) {
  const { path, values } = useParameters();
  const isOpen = values.plan === 'open';
  const toggle = addressOf(path, { ...values, plan: isOpen ? undefined : 'open', planAfter: undefined });
  return (
    <Panel title={BACK.plan} wide aside={isOpen && <a href={toggle}>{BACK.closePlan}</a>}>
      {isOpen ? (
        <Plan variables={{ ...variables, after: values.planAfter }} />
      ) : (
        <p class="row">
          <a class="button" href={toggle}>
            {BACK.askPlan}
          </a>
          <span class="muted">{BACK.planHelp}</span>
        </p>
      )}
    </Panel>
  );
}

function Plan({ variables }: { variables: BackPlanVariables }) {
  const plan = useQuestion(BACK_PLAN, variables);
  return (
    <Answer of={plan}>
      {({ plan }) => (
        <div class="stack">
          {plan.limitedByScope && <p class="note warning">{SHELL.limitedByScope}</p>}
          <p>
            {BACK.planSentence(count(plan.served), count(plan.matched), count(plan.blocked))}{' '}
            {plan.routes.map(({ route, hosts }) => `${BACK.routes[route]}: ${count(hosts)}`).join(' · ')}
          </p>
          <Cost plan={plan} />
          {plan.groups.nodes.length > 0 && (
            <>
              <DataTable
                label={BACK.groupsInOrder}
                rows={plan.groups.nodes}
                rowKey={(_, index) => index}
                columns={[
                  { title: BACK.hosts, number: true, cell: ({ hosts }) => count(hosts) },
                  {
                    title: BACK.route,
                    cell: ({ verdict: { route } }) => BACK.routes[route ?? 'NONE_NEEDED'],
                  },
                  { title: BACK.price, cell: ({ verdict: { price } }) => priceText(price) },
                  {
                    title: BACK.operations,
                    cell: ({ verdict: { steps } }) => <span class="why">{stepsText(steps)}</span>,
                  },
                  ...COMMON,
                ]}
              />
              <Pager
                name="planAfter"
                page={plan.groups.pageInfo}
                next={BACK.nextGroups(count(plan.groups.totalCount))}
                first={BACK.firstGroups}
              />
            </>
          )}
          {plan.blockedGroups.nodes.length > 0 && (
            <>
              <h3>{BACK.blockedTitle(count(plan.blockedGroups.totalCount))}</h3>
              <DataTable
                label={BACK.blocked}
                rows={plan.blockedGroups.nodes}
                rowKey={(_, index) => index}
                columns={[
                  { title: BACK.hosts, number: true, cell: ({ hosts }) => count(hosts) },
                  { title: BACK.verdict, cell: ({ verdict: { kind } }) => <VerdictTag kind={kind} /> },
                  {
                    title: BACK.because,
                    cell: ({ verdict: { kind, reasons } }) => (
                      <ul class="why">
                        {reasons
                          .filter((reason) => reason.kind === kind)
                          .map(({ text }, index) => (
                            <li key={index}>{text}</li>
                          ))}
                      </ul>
                    ),
                  },
                  ...COMMON,
                ]}
              />
            </>
          )}
        </div>
      )}
    </Answer>
  );
}

const COMMON = [
  {
    title: BACK.runs,
    cell: ({ runs }: BackPlanGroup) => <OneLine text={runs.join(' < ') || BACK.original} />,
  },
  {
    title: BACK.kernel,
    cell: ({ kernelRelease }: BackPlanGroup) => <OneLine text={kernelRelease ?? SHELL.never} />,
  },
  { title: BACK.suchAs, cell: ({ examples }: BackPlanGroup) => <OneLine text={examples.join(', ')} /> },
];

const Cost = ({ plan: { reboots, unpatched, cvesReopened } }: { plan: BackPlan['plan'] }) => (
  <dl class="facts">
    <dt>{BACK.reboots}</dt>
    <dd>{count(reboots)}</dd>
    <dt>{BACK.unpatched}</dt>
    <dd>{count(unpatched)}</dd>
    <dt>{BACK.cves}</dt>
    <dd class="foreign">{cvesReopened.join(', ') || BACK.none}</dd>
  </dl>
);

/** The cost of a route in words. */
function priceText(price: BackPlanGroup['verdict']['price']): string {
  if (price === null) return '';
  const { reboots, transitions, transitionsUnpatched, cvesReopened } = price;
  return [
    ...(reboots > 0 ? [BACK.prices.reboot] : []),
    ...(transitions > 0 ? [BACK.prices.transitions(transitions)] : []),
    ...(transitionsUnpatched > 0 ? [BACK.prices.unpatched(transitionsUnpatched)] : []),
    ...(cvesReopened.length > 0 ? [BACK.prices.cves(cvesReopened.join(' '))] : []),
  ].join(', ');
}
