import { useParameters } from '../address/parameters.js';
import { targetOf } from '../address/question.js';
import { whereOf } from '../address/where.js';
import { Basis } from '../parts/basis.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { AddressField, MomentField, WhereField } from '../parts/question-fields.js';
import { ReasonsTable } from '../parts/reasons-table.js';
import { ReleaseList } from '../parts/release-list.js';
import { SameQuestion } from '../parts/same-question.js';
import { VerdictShares, VerdictTag } from '../parts/verdicts.js';
import { ViewTitle } from '../parts/view-title.js';
import { useQuestion } from '../registry/use-question.js';
import { ROLLOUT as TEXTS } from '../texts/rollout.js';
import { SHELL } from '../texts/shell.js';
import { type Rollout, ROLLOUT } from './generated/operations.js';
import { commandOf, documentOf } from './same-question.js';
import { pointOfNoReturn, sentenceOf } from './sentence.js';
import { WayPanel } from './way-panel.js';

/** Who could not go back once a patch is installed. */
export default function View() {
  const { values } = useParameters();
  const { filter: where, wrong } = whereOf(values.where);
  const what = targetOf(values.what);
  const isPatch = what.previous === undefined && what.original === undefined;
  const question = { what, where, asOf: values.asOf };
  const isAsked = isPatch && wrong === undefined;
  const verdict = useQuestion(ROLLOUT, isAsked ? question : null);
  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.rollout} />
      <div class="fields">
        <AddressField
          name="what"
          label={TEXTS.what}
          placeholder={TEXTS.whatPlaceholder}
          wrong={isPatch || values.what === undefined ? undefined : TEXTS.noTarget}
        />
        <WhereField wrong={wrong} />
        <MomentField />
      </div>
      <ReleaseList name="what" />
      {isAsked ? (
        <>
          <Answer of={verdict}>
            {({ canDeploy }) => (
              <div class={verdict.loading ? 'stack asked' : 'stack'} aria-busy={verdict.loading}>
                <Summary what={values.what ?? ''} answer={canDeploy} again={verdict.again} />
                {canDeploy.ways.map((way) => (
                  <WayPanel key={way.to} way={way} />
                ))}
                <Panel title={TEXTS.reasons} wide>
                  {canDeploy.reasons.length === 0 ? (
                    <p class="muted">{TEXTS.noReasons}</p>
                  ) : (
                    <ReasonsTable label={TEXTS.reasonsTable} reasons={canDeploy.reasons} />
                  )}
                </Panel>
              </div>
            )}
          </Answer>
          <Panel title={TEXTS.same} wide>
            <SameQuestion command={commandOf(values)} document={documentOf(question)} />
          </Panel>
        </>
      ) : (
        <Empty title={TEXTS.choose} />
      )}
    </div>
  );
}

function Summary({ what, answer, again }: { what: string; answer: Rollout['canDeploy']; again: () => void }) {
  const { values } = useParameters();
  const { kind, counts, limitedByScope, withoutBuild, waivers, snapshot } = answer;
  const { answer: word, why } = sentenceOf(answer);
  return (
    <Panel
      title={TEXTS.title(what.replace(/^(?:release|name|build-id):/, ''))}
      wide
      aside={<VerdictTag kind={kind} />}
    >
      <div class="stack">
        {limitedByScope && <p class="note warning">{SHELL.limitedByScope}</p>}
        <p class="sentence">
          <strong>{TEXTS.answers[word]}.</strong> {why}
        </p>
        <p class="sentence">
          <strong>{TEXTS.point}</strong> {pointOfNoReturn(answer)}
        </p>
        {withoutBuild > 0 && (
          <p>{TEXTS.withoutBuild(SHELL.hosts(count(withoutBuild), withoutBuild === 1))}</p>
        )}
        <p class="muted">{TEXTS.installation}</p>
        <VerdictShares counts={counts} />
        <Basis waivers={waivers} at={snapshot.now} isPast={values.asOf !== undefined} again={again} />
      </div>
    </Panel>
  );
}
