import { formatInstant } from '../gate/point-in-time.js';
import type { ListedPatch } from '../registry/answers.js';
import type { WholeHost } from '../registry/host-answers.js';
import { clean } from './clean.js';
import { facts } from './facts.js';
import type { Paint } from './paint.js';
import { formatLabels, formatReplace, formatStates } from './patches.js';
import { formatRules } from './verdict.js';

/** One host: what it runs, what is left over, how well that is known. @param asOf the instant of the past that this is of; left out: now */
export function hostText(host: WholeHost, paint: Paint, asOf?: string): string {
  const { leftovers, departed, transition } = host;
  return [
    `${paint('bold', clean(host.hostname))}  ${clean(host.id)}`,
    facts(
      [
        ['as of', asOf === undefined ? null : `${formatInstant(asOf)}; its name, and what no verdict reads, are today's`],
        ['kernel', host.kernelRelease === null ? 'never reported' : `${host.kernelRelease} ${host.arch ?? ''}`],
        ['', host.kernelVersion],
        ['labels', formatLabels(host.labels) || 'none'],
        ['known', formatFreshness(host, asOf === undefined ? 'ago' : 'before')],
        ['rules', formatRules(host.rules)],
        ['retired', host.retiredAt === null ? null : `${host.retiredAt} by ${host.retiredBy ?? 'no one knows whom'}`],
        ['runs', host.stack.length === 0 ? (host.freshness.level === 'NEVER' ? 'no one knows what' : 'the original code') : 'oldest first:'],
        ...host.stack.map((patch): [string, string] => ['', formatListed(patch, Math.max(...host.stack.map((each) => each.name.length)))]),
        [
          'leftovers',
          leftovers.length === 0
            ? null
            : leftovers.map((each) => `${each.name}${each.pinned ? ' (pinned)' : each.referenced ? ' (referenced)' : ''}`).join(', '),
        ],
        ['unlisted', departed.length === 0 ? null : departed.map((each) => `${each.name} (${DEPARTURES[each.departure] ?? each.departure})`).join(', ')],
        ['transition', transition === null ? null : formatTransition(transition)],
        ['not active', host.inactive.length === 0 ? null : host.inactive.map((each) => `${each.patch} on ${each.object}, which is not loaded`).join(', ')],
        ['boot history', formatHistory(host)],
        ['gates', host.gates === null ? null : formatGates(host.gates)],
        ['also patched by', host.otherLivePatching.join(', ') || null],
        ['identity', host.suspect ? 'suspect: it looks cloned or replayed, until an admin releases it' : null],
        ['not read', host.unread.join('; ') || null],
        ['warnings', host.warnings.join('; ') || null],
      ],
      '  ',
    ),
  ].join('\n');
}

function formatListed(patch: ListedPatch, width: number): string {
  const published = patch.patch === null ? 'not published' : `release ${patch.patch.release}, of ${patch.patch.owner}`;
  const moving = patch.transition ? `, ${patch.enabled ? 'being applied' : 'being reverted'}` : '';
  const taint = patch.moduleTaint === null ? '' : `, taint ${patch.moduleTaint || 'none'}`;
  const evidence = patch.evidence === null ? '' : ` (${patch.evidence})`;
  return `${patch.name.padEnd(width)}  ${formatReplace(patch.replace)}, states ${formatStates(patch.states)}${evidence}, ${published}${taint}${moving}`;
}

const DEPARTURES: Readonly<Record<string, string>> = { REPLACED: 'replaced', FORCED: 'forced', DISABLED: 'disabled', UNKNOWN: 'how it left is not known' };
const HISTORIES: Readonly<Record<string, string>> = {
  KNOWN: 'known',
  STARTED_LATE: 'not known from before the first report of this boot',
  GAP: 'has a gap: the agent did not look for more than five intervals',
};

function formatHistory({ bootHistory, historyTooLong }: WholeHost): string | null {
  if (bootHistory === null) return null;
  return `${HISTORIES[bootHistory] ?? bootHistory}${historyTooLong ? '; more patches left the list than are kept' : ''}`;
}

function formatGates({ modulesDisabled, ftraceEnabled, signatureEnforced, lockdown }: NonNullable<WholeHost['gates']>): string {
  const told = (value: boolean | null) => (value === null ? 'not reported' : value ? '1' : '0');
  return `modules_disabled ${told(modulesDisabled)}, ftrace_enabled ${told(ftraceEnabled)}, sig_enforce ${told(signatureEnforced)}, lockdown ${lockdown ?? 'not reported'}`;
}

function formatTransition({ patch, enabling, since, tasks, moreTasks }: NonNullable<WholeHost['transition']>): string {
  const held = tasks.slice(0, 5).map((task) => `${task.comm} (${task.pid})`);
  const more = tasks.length - held.length + moreTasks;
  const holders = held.length === 0 ? '' : `; held up by ${held.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `${patch} is being ${enabling ? 'applied' : 'reverted'}${since === null ? '' : ` since ${since}`}${holders}`;
}

function formatFreshness({ freshness }: WholeHost, ago: string): string {
  if (freshness.ageSeconds === null) return freshness.level;
  return `${freshness.level}, confirmed ${Math.round(freshness.ageSeconds)} s ${ago}${freshness.superseded ? ', and has changed since' : ''}`;
}
