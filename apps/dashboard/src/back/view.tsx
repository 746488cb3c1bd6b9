import { useParameters } from '../address/parameters.js';
import { targetOf } from '../address/question.js';
import { whereOf } from '../address/where.js';
import { FileField } from '../module-file/file-field.js';
import type { FileTarget } from '../module-file/file-target.js';
import { useFileTarget } from '../module-file/use-file-target.js';
import { Answer } from '../parts/messages.js';
import { Panel } from '../parts/panel.js';
import { MomentField, TargetField, WhereField } from '../parts/question-fields.js';
import { ReleaseList } from '../parts/release-list.js';
import { SameQuestion } from '../parts/same-question.js';
import { ViewTitle } from '../parts/view-title.js';
import { useQuestion } from '../registry/use-question.js';
import { BACK as TEXTS } from '../texts/back.js';
import { SHELL } from '../texts/shell.js';
import './back.css';
import { BlockPanel } from './block-panel.js';
import { blocksOf } from './blocks.js';
import { chosenOf } from './chosen.js';
import { CohortMap } from './cohort-map.js';
import { BACK } from './generated/operations.js';
import { cohortArguments } from './grouping.js';
import { GroupingFields } from './grouping-fields.js';
import { HostsPanel } from './hosts-panel.js';
import { PlanPanel } from './plan-panel.js';
import { ReasonsPanel } from './reasons-panel.js';
import { RouteField, routeOf } from './route-field.js';
import { commandOf, documentOf } from './same-question.js';
import { Summary } from './summary.js';
import { useFocusOnChange } from './use-focus-on-change.js';

/** Whether hosts can go to a target, why not, and by which way they can. */
export default function View() {
  const { values } = useParameters();
  const chosenFile = useFileTarget('to');
  const { file, isReady } = chosenFile;
  const { filter: where, wrong } = whereOf(values.where);
  const to = file === null ? targetOf(values.to) : { manifest: file.manifest };
  const question = { to, where, ...routeOf(values.route), asOf: values.asOf };
  const isAsked = wrong === undefined && isReady;
  const verdict = useQuestion(
    BACK,
    isAsked ? { ...question, ...cohortArguments(values), reasonsAfter: values.reasonsAfter } : null,
  );
  const chosenPart = useFocusOnChange([values.kind, values.code, values.block].join());
  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.back} />
      <div class="fields">
        <TargetField />
        <WhereField wrong={wrong} />
        <RouteField />
        <MomentField />
      </div>
      <ReleaseList name="to" />
      <FileField target="to" of={chosenFile} />
      {isAsked && (
        <Answer of={verdict}>
          {({ canDowngrade: answer }) => {
            const blocks = blocksOf(answer.cohorts.nodes, answer.counts);
            const chosen = chosenOf(values, blocks);
            return (
              <div class={verdict.loading ? 'stack asked' : 'stack'} aria-busy={verdict.loading}>
                <Summary
                  title={titleOf(values.to, file)}
                  isPrevious={'previous' in to}
                  answer={answer}
                  again={verdict.again}
                />
                {blocks.length > 0 && (
                  <Panel title={TEXTS.map} wide aside={<GroupingFields />}>
                    <p class="muted">{TEXTS.mapHelp}</p>
                    <CohortMap blocks={blocks} />
                  </Panel>
                )}
                {chosen !== null && (
                  <div class="stack" ref={chosenPart} tabIndex={-1}>
                    {chosen.block?.cohort != null && <BlockPanel cohort={chosen.block.cohort} />}
                    <HostsPanel variables={question} chosen={chosen} />
                  </div>
                )}
                <ReasonsPanel reasons={answer.reasons} />
              </div>
            );
          }}
        </Answer>
      )}
      {isAsked && (
        <>
          <PlanPanel variables={{ to, where, asOf: values.asOf }} />
          <Panel title={TEXTS.same} wide>
            <SameQuestion command={commandOf(values, file?.name)} document={documentOf(question)} />
          </Panel>
        </>
      )}
    </div>
  );
}

/** Where the question leads, as a heading. */
function titleOf(target: string | undefined, file: FileTarget | null): string {
  if (file !== null) return TEXTS.target.file(file.name);
  const to = targetOf(target);
  if (to.release !== undefined) return TEXTS.target.release(to.release);
  if (to.name !== undefined) return TEXTS.target.name(to.name);
  if (to.buildId !== undefined) return TEXTS.target.build(to.buildId);
  return to.original === true ? TEXTS.target.original : TEXTS.target.previous;
}
