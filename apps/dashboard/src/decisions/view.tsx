import { useParameters } from '../address/parameters.js';
import { Tabs } from '../parts/tabs.js';
import { ViewTitle } from '../parts/view-title.js';
import { useMay } from '../session/session.js';
import { DECISIONS } from '../texts/decisions.js';
import { SHELL } from '../texts/shell.js';
import { DecisionList } from './decision-list.js';
import { PolicyPanel } from './policy-panel.js';
import { WaiverList } from './waiver-list.js';

const TABS = [
  { name: 'decisions', title: DECISIONS.tabs.decisions, needs: 'Query.decisions', Content: DecisionList },
  { name: 'waivers', title: DECISIONS.tabs.waivers, needs: 'Query.waivers', Content: WaiverList },
  { name: 'policy', title: DECISIONS.tabs.policy, needs: 'Query.policy', Content: PolicyPanel },
] as const;

/** What gates decided, what they accept, and the registry's own rules. */
export default function View() {
  const may = useMay();
  const { values } = useParameters();
  const tabs = TABS.filter(({ needs }) => may(needs));
  const chosen = tabs.find(({ name }) => name === values.tab) ?? tabs[0];
  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.decisions} />
      <Tabs label={SHELL.views.decisions} tabs={tabs} />
      {chosen !== undefined && <chosen.Content />}
    </div>
  );
}
