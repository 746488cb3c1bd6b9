import type { ComponentChildren } from 'preact';
import { Ago } from '../parts/ago.js';
import { Panel } from '../parts/panel.js';
import { HOST } from '../texts/host.js';
import { SHELL } from '../texts/shell.js';
import type { ShownHost } from './stack-panel.js';

const onOff = (value: boolean | null): string =>
  value === null ? HOST.notReported : value ? HOST.on : HOST.off;

function gatesOf({ gates }: ShownHost): string {
  if (gates === null) return HOST.notReported;
  const { modulesDisabled, ftraceEnabled, signatureEnforced, lockdown } = gates;
  return [
    `${HOST.gates.modulesDisabled}: ${onOff(modulesDisabled)}`,
    `${HOST.gates.ftraceEnabled}: ${onOff(ftraceEnabled)}`,
    `${HOST.gates.signatureEnforced}: ${onOff(signatureEnforced)}`,
    `${HOST.gates.lockdown}: ${lockdown?.toLowerCase() ?? HOST.notReported}`,
  ].join('; ');
}

function nextBootOf({ boot }: ShownHost): string {
  if (boot === null) return HOST.notReported;
  const loads =
    boot.loads === null ? '' : `: ${HOST.bootLoads(boot.loads.map(({ name }) => name).join(', '))}`;
  return `${HOST.bootOutcome[boot.outcome]}${loads}`;
}

/** What the registry knows of the host, one fact a line. What a host does not have is left out. */
function factsOf(host: ShownHost): [string, ComponentChildren][] {
  const { freshness, fact } = { freshness: host.freshness, fact: HOST.fact };
  return [
    [
      fact.freshness,
      <>
        <span class={`swatch ${freshness.level}`} aria-hidden="true" /> {SHELL.freshness[freshness.level]}
      </>,
    ],
    [fact.confirmed, <Ago at={freshness.confirmedAt} />],
    [fact.contact, <Ago at={freshness.contactAt} />],
    [fact.kernel, [host.kernelRelease, host.arch, host.kernelVersion].filter(Boolean).join(' · ') || '–'],
    [fact.rules, `${host.rules.sets.join(', ')} (${host.rules.basis.toLowerCase()})`],
    [fact.labels, host.labels.map(({ key, value }) => `${key}=${value}`).join(', ') || '–'],
    [fact.gates, gatesOf(host)],
    [fact.nextBoot, nextBootOf(host)],
    ...present(fact.bootHistory, host.bootHistory === null ? '' : HOST.bootHistory[host.bootHistory]),
    ...present(fact.others, host.otherLivePatching.join(', ')),
    ...present(fact.weakest, host.weakestEvidence ?? ''),
    ...present(fact.agent, host.agent?.version ?? ''),
    ...present(fact.inactive, host.inactive.map(({ patch, object }) => `${patch}: ${object}`).join(', ')),
    ...present(fact.unread, host.unread.join(', ')),
    ...present(fact.warnings, host.warnings.join('; ')),
    ...present(fact.boot, host.bootId ?? ''),
    [fact.id, host.id],
    [fact.instance, host.instance],
  ];
}

const present = (name: string, text: string): [string, string][] => (text === '' ? [] : [[name, text]]);

/** Facts of the host that are no list of patches. */
export const FactsPanel = ({ host }: { host: ShownHost }) => (
  <Panel title={HOST.facts}>
    <dl class="facts">
      {factsOf(host).map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd class="foreign">{value}</dd>
        </>
      ))}
    </dl>
  </Panel>
);
