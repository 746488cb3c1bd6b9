import { useRoute } from 'preact-iso/router';
import { Ago } from '../parts/ago.js';
import { Copy } from '../parts/copy.js';
import { Answer, Empty } from '../parts/messages.js';
import { count, localTime } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { ReasonItem } from '../parts/reasons.js';
import { VerdictShares, VerdictTag } from '../parts/verdicts.js';
import { ViewTitle } from '../parts/view-title.js';
import { useQuestion } from '../registry/use-question.js';
import { DECISIONS } from '../texts/decisions.js';
import { SHELL } from '../texts/shell.js';
import { DECISION_PAGE, type DecisionPage } from './generated/operations.js';
import './decisions.css';
import { visible } from '../parts/visible.js';

type Decision = NonNullable<DecisionPage['decision']>;

/** What the gate accepted although it speaks against it, one entry a line. */
function overridesOf({ overrides }: Decision): string[] {
  const { allowed, ignored, waivers, breakGlass } = overrides;
  return [
    ...(allowed.length > 0 ? [DECISIONS.allowed(allowed.join(', '))] : []),
    ...ignored.map(({ code, owner, reason }) => DECISIONS.ignored(code, owner, reason)),
    ...waivers.map(({ codes, owner, hosts }) =>
      DECISIONS.waived(codes.join(', '), owner, SHELL.hosts(count(hosts), hosts === 1)),
    ),
    ...(breakGlass === null ? [] : [DECISIONS.breakGlass(breakGlass)]),
  ];
}

function Afterwards({ of }: { of: NonNullable<Decision['afterwards']> }) {
  return (
    <dl class="facts">
      {(Object.keys(DECISIONS.after) as (keyof typeof DECISIONS.after)[]).map((key) => (
        <>
          <dt>{DECISIONS.after[key]}</dt>
          <dd>{SHELL.hosts(count(of[key]), of[key] === 1)}</dd>
        </>
      ))}
    </dl>
  );
}

/** The same file as `--certificate` of klpreg writes: its content is JSON, so that people can read it. */
function fileOf({ certificate: { content, keyId, signature } }: Decision): string {
  const file = { content: JSON.parse(content) as unknown, keyId, signature };
  return `data:application/json,${encodeURIComponent(`${JSON.stringify(file, null, 2)}\n`)}`;
}

function Shown({ decision }: { decision: Decision }) {
  const { counts, reasons, reasonCount, certificate, afterwards, afterwardsUnknown, noReturn } = decision;
  const overrides = overridesOf(decision);
  return (
    <div class="stack">
      <ViewTitle title={DECISIONS.one(decision.changeId)}>
        <a href="/decisions">{DECISIONS.tabs.decisions}</a>
      </ViewTitle>
      <p class="row">
        <strong class="decision">{DECISIONS.decision[decision.decision]}</strong>
        <code>{DECISIONS.gates[decision.gate]}</code>
        <span class="muted foreign">
          {decision.who}, <Ago at={decision.at} /> ({localTime(decision.at)})
        </span>
      </p>
      {decision.overridden && (
        <p class="note warning">{DECISIONS.registrySays(DECISIONS.decision[decision.registryDecision])}</p>
      )}
      {decision.limitedByScope && <p class="note">{SHELL.limitedByScope}</p>}
      <div class="grid">
        <Panel title={SHELL.verdictShares} aside={<VerdictTag kind={decision.kind} />}>
          <VerdictShares counts={counts} />
          {noReturn !== null && <p>{DECISIONS.noReturn(count(noReturn))}</p>}
        </Panel>
        <Panel title={DECISIONS.overrides}>
          {overrides.length === 0 ? (
            <p class="muted">{DECISIONS.noOverrides}</p>
          ) : (
            <ul class="plain-list">
              {overrides.map((text) => (
                <li key={text} class="foreign">
                  {visible(text)}
                </li>
              ))}
            </ul>
          )}
        </Panel>
        <Panel title={DECISIONS.afterwards}>
          {afterwards === null ? (
            <p class="muted foreign">{afterwardsUnknown ?? '–'}</p>
          ) : (
            <Afterwards of={afterwards} />
          )}
        </Panel>
        <Panel
          title={DECISIONS.certificate}
          aside={
            <a href={fileOf(decision)} download={`decision-${decision.id}.json`}>
              {DECISIONS.download}
            </a>
          }
        >
          <p>{DECISIONS.certificateText}</p>
          <p class="muted">
            {DECISIONS.valid} {localTime(certificate.expiresAt)} (<Ago at={certificate.expiresAt} />)
          </p>
        </Panel>
        <Panel title={DECISIONS.reasons} wide>
          <ul class="reasons">
            {reasons.map(({ reason, hosts }, index) => (
              <ReasonItem key={index} reason={reason}>
                <span class="muted">{SHELL.hosts(count(hosts), hosts === 1)}</span>
              </ReasonItem>
            ))}
          </ul>
          {reasonCount > reasons.length && (
            <p class="muted">{DECISIONS.moreReasons(count(reasonCount - reasons.length))}</p>
          )}
        </Panel>
        <div class="panel wide">
          <Copy title={DECISIONS.question} text={decision.question} />
        </div>
      </div>
    </div>
  );
}

/** One decision of a gate, with what it was made by. */
export default function View() {
  const { params } = useRoute();
  const question = useQuestion(DECISION_PAGE, { id: decodeURIComponent(params.id ?? '') });
  return (
    <Answer of={question}>
      {({ decision }) =>
        decision === null ? (
          <div class="stack">
            <ViewTitle title={SHELL.views.decisions} />
            <Empty title={DECISIONS.unknown}>
              <a href="/decisions">{DECISIONS.tabs.decisions}</a>
            </Empty>
          </div>
        ) : (
          <Shown decision={decision} />
        )
      }
    </Answer>
  );
}
