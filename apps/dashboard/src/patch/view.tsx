import { addressOf, useParameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { Answer, Empty } from '../parts/messages.js';
import { short } from '../parts/numbers.js';
import { ViewTitle } from '../parts/view-title.js';
import { useQuestion } from '../registry/use-question.js';
import { useMay } from '../session/session.js';
import { PATCH as TEXT } from '../texts/patch.js';
import { Author } from './author.js';
import { Declared } from './declared.js';
import { Files } from './files.js';
import { Findings } from './findings.js';
import { PATCH } from './generated/operations.js';
import { Hosts } from './hosts.js';
import './patch.css';
import { Recall } from './recall.js';

export default function View({ params }: { params?: { buildId?: string } }) {
  const { values } = useParameters();
  const may = useMay();
  const { to, where, asOf } = values;
  const buildId = params?.buildId ?? '';
  const question = useQuestion(PATCH, { buildId });
  return (
    <Answer of={question}>
      {({ patch }) =>
        patch === null ? (
          <Empty title={TEXT.notFound(buildId)}>
            <a href={addressOf('/catalog', { to, where, asOf })}>{TEXT.toCatalog}</a>
          </Empty>
        ) : (
          <div class={question.loading ? 'stack loading' : 'stack'}>
            <ViewTitle title={patch.name}>
              <div class="row">
                {may('Mutation.recallPatch') && (
                  <>
                    <a
                      class="button"
                      href={addressOf('/catalog', {
                        publish: 'yes',
                        ofRelease: patch.release,
                        ofOwner: patch.owner,
                      })}
                    >
                      {TEXT.changeStatement}
                    </a>
                    <Recall buildId={buildId} isRecalled={patch.recalledAt !== null} done={question.again} />
                  </>
                )}
              </div>
            </ViewTitle>
            {patch.recalledAt !== null && (
              <p class="note warning foreign" role="status">
                <strong>{TEXT.recalled}</strong> <Ago at={patch.recalledAt} />.{' '}
                {patch.recallReason ?? TEXT.noReason}
              </p>
            )}
            {patch.conflicts.length > 0 && (
              <div class="note warning">
                <strong>{TEXT.conflicts}</strong> {TEXT.conflictsMean}
                <ul class="patch-list">
                  {patch.conflicts.map((conflict) => (
                    <li key={conflict} class="foreign">
                      {conflict}
                    </li>
                  ))}
                </ul>
              </div>
            )}
            <p class="row">
              <a href={addressOf('/back', { to: buildId, where, asOf })}>{TEXT.back}</a>
              <a href={addressOf('/rollout', { to: buildId, where })}>{TEXT.rollout}</a>
              <a href={addressOf('/matrix', { kernel: patch.kernelRelease, find: short(buildId), where })}>
                {TEXT.matrix}
              </a>
              <a href={addressOf('/catalog', { by: 'builds', release: patch.release, where })}>
                {TEXT.otherBuilds}
              </a>
            </p>
            <div class="grid">
              <Declared patch={patch} />
              <Author author={patch.author} />
              <Files patch={patch} />
              <Hosts buildId={buildId} />
              <Findings patch={patch} />
            </div>
          </div>
        )
      }
    </Answer>
  );
}
