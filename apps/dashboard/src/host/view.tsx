import { useRoute } from 'preact-iso/router';
import { useCallback } from 'preact/hooks';
import { addressOf, useParameters } from '../address/parameters.js';
import { whereHost } from '../address/where-terms.js';
import { targetOf } from '../address/question.js';
import { Answer, Empty } from '../parts/messages.js';
import { localTime } from '../parts/numbers.js';
import { TargetField } from '../parts/question-fields.js';
import { ViewTitle } from '../parts/view-title.js';
import { useLive } from '../registry/use-live.js';
import { useQuestion } from '../registry/use-question.js';
import { HOST } from '../texts/host.js';
import { SHELL } from '../texts/shell.js';
import { FactsPanel } from './facts-panel.js';
import { HOST_CHANGED, HOST_PAGE, HOST_VERDICT_TO, HOST_VERDICTS } from './generated/operations.js';
import { RemainsPanel, TransitionPanel } from './remains.js';
import { type ShownHost, StackPanel } from './stack-panel.js';
import { Timeline } from './timeline.js';
import { VerdictPanel } from './verdict-panel.js';
import './host.css';

/** What is said above everything else, because it changes what the rest means. */
function Notes({ host, asOf }: { host: ShownHost; asOf: string | undefined }) {
  return (
    <>
      {asOf !== undefined && (
        <p class="note warning">
          {localTime(asOf)}. {HOST.historic} <a href={`/hosts/${encodeURIComponent(host.id)}`}>{HOST.now}</a>
        </p>
      )}
      {host.retiredAt !== null && (
        <p class="note warning foreign">{HOST.retired(host.retiredBy ?? '–', localTime(host.retiredAt))}</p>
      )}
      {host.suspect && <p class="note warning">{HOST.suspect}</p>}
      {host.freshness.superseded && <p class="note warning">{HOST.superseded}</p>}
    </>
  );
}

/** Whether the host can go back: to the two usual targets, and to the one in the address. */
function Verdicts({ id, hostname, to }: { id: string; hostname: string; to: string | undefined }) {
  const usualRoute = (target: string) => addressOf('/back', { to: target, where: whereHost(hostname) });
  const usual = useQuestion(HOST_VERDICTS, { id });
  const isOther = to !== undefined && to !== 'previous' && to !== 'original';
  const other = useQuestion(HOST_VERDICT_TO, isOther ? { id, to: targetOf(to) } : null);
  const refresh = useCallback(() => {
    usual.again();
    other.again();
  }, [usual.again, other.again]);
  useLive(HOST_CHANGED, { where: { ids: [id] } }, refresh);
  return (
    <>
      <TargetField />
      <div class="grid">
        {isOther && (
          <Answer of={other}>
            {({ host }) =>
              host !== null && (
                <VerdictPanel
                  title={HOST.back.other(to)}
                  usualRoute={usualRoute(to)}
                  verdict={host.canDowngrade}
                />
              )
            }
          </Answer>
        )}
        <Answer of={usual}>
          {({ host }) =>
            host !== null && (
              <>
                <VerdictPanel
                  title={HOST.back.previous}
                  usualRoute={usualRoute('previous')}
                  verdict={host.previous}
                />
                <VerdictPanel
                  title={HOST.back.original}
                  usualRoute={usualRoute('original')}
                  verdict={host.original}
                />
              </>
            )
          }
        </Answer>
      </div>
    </>
  );
}

/** One host: whether it can go back and why not, what it runs, and how it came to that. */
export default function View() {
  const { params } = useRoute();
  const { values } = useParameters();
  const id = decodeURIComponent(params.id ?? '');
  const page = useQuestion(HOST_PAGE, { id, asOf: values.asOf });
  useLive(HOST_CHANGED, values.asOf === undefined ? { where: { ids: [id] } } : null, page.again);
  return (
    <Answer of={page}>
      {({ host }) =>
        host === null ? (
          <div class="stack">
            <ViewTitle title={SHELL.views.hosts} />
            <Empty title={HOST.unknown}>
              <a href={addressOf('/hosts', {})}>{HOST.unknownNext}</a>
            </Empty>
          </div>
        ) : (
          <div class="stack">
            <ViewTitle title={host.hostname}>
              <a href="/hosts">{SHELL.views.hosts}</a>
            </ViewTitle>
            <Notes host={host} asOf={values.asOf} />
            <Verdicts id={id} hostname={host.hostname} to={values.to} />
            <StackPanel host={host} />
            <div class="grid">
              {host.transition !== null && <TransitionPanel transition={host.transition} />}
              <RemainsPanel leftovers={host.leftovers} unlisted={host.unlisted} />
              <FactsPanel host={host} />
              <Timeline id={id} />
            </div>
          </div>
        )
      }
    </Answer>
  );
}
