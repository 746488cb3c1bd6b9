import { useParameters } from '../address/parameters.js';
import { targetOf } from '../address/question.js';
import { whereOf } from '../address/where.js';
import { FileField } from '../module-file/file-field.js';
import { useFileTarget } from '../module-file/use-file-target.js';
import { Basis } from '../parts/basis.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { MomentField, PatchField, WhereField } from '../parts/question-fields.js';
import { ReasonsTable } from '../parts/reasons-table.js';
import { ReleaseList } from '../parts/release-list.js';
import { SameQuestion } from '../parts/same-question.js';
import { VerdictShares, VerdictTag } from '../parts/verdicts.js';
import { ViewTitle } from '../parts/view-title.js';
import { useQuestion } from '../registry/use-question.js';
import { MODULE_FILE } from '../texts/module-file.js';
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
  const chosenFile = useFileTarget('what');
  const { file, isReady } = chosenFile;
  const named = targetOf(values.what);
  const isPatch = file !== null || (named.previous === undefined && named.original === undefined);
  const what = file === null ? named : { manifest: file.manifest };
  const question = { what, where, asOf: values.asOf };
  const isAsked = isPatch && isReady && wrong === undefined;
  const verdict = useQuestion(ROLLOUT, isAsked ? question : null);
  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.rollout} />
      <div class="fields">
        <PatchField
          name="what"
          label={TEXTS.what}
          placeholder={TEXTS.whatPlaceholder}
          wrong={isPatch || values.what === undefined ? undefined : TEXTS.noTarget}
        />
        <WhereField wrong={wrong} />
        <MomentField />
      </div>
      <ReleaseList name="what" />
      <FileField target="what" of={chosenFile} />
      {isAsked ? (
        <>
          <Answer of={verdict}>
            {({ canDeploy }) => (
              <div class={verdict.loading ? 'stack asked' : 'stack'} aria-busy={verdict.loading}>
                <Summary
                  title={titleOf(values.what ?? '', file?.name)}
                  answer={canDeploy}
                  again={verdict.again}
                />
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
            <SameQuestion command={commandOf(values, file?.name)} document={documentOf(question)} />
          </Panel>
        </>
      ) : (
        isReady && <Empty title={TEXTS.choose} />
      )}
    </div>
  );
}

/** What is installed, as a heading. */
const titleOf = (what: string, file: string | undefined): string =>
  file === undefined ? TEXTS.title(what.replace(/^(?:release|name|build-id):/, '')) : TEXTS.titleOfFile(file);

function Summary({
  title,
  answer,
  again,
}: {
  title: string;
  answer: Rollout['canDeploy'];
  again: () => void;
}) {
  const { values } = useParameters();
  const { kind, counts, limitedByScope, withoutBuild, waivers, snapshot, whatIf } = answer;
  const { answer: word, why } = sentenceOf(answer);
  return (
    <Panel title={title} wide aside={<VerdictTag kind={kind} />}>
      <div class="stack">
        {limitedByScope && <p class="note warning">{SHELL.limitedByScope}</p>}
        {whatIf && <p class="note">{MODULE_FILE.whatIf}</p>}
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
