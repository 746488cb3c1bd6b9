import { formatAge } from '@klpreg/compat';
import { formatInstant } from '../gate/point-in-time.js';
import type { ListedPatch, WholeHost } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { facts } from './facts.js';
import type { Paint } from './paint.js';
import { formatLabels, formatReplace, formatStates } from './patches.js';
import { formatRules } from './verdict.js';

/**
 * Formats one host: what it runs, its leftovers and its
 * history. @param asOf the instant of the facts; undefined: now
 */
export function hostText(host: WholeHost, paint: Paint, asOf?: string): string {
  const { leftovers, unlisted, transition } = host;
  return [
    `${paint('bold', clean(host.hostname))}  ${clean(host.id)}`,
    facts(
      [
        [
          'as of',
          asOf === undefined
            ? null
            : `${formatInstant(asOf)}; the hostname, and facts that no verdict depends on, are today's`,
        ],
        [
          'kernel',
          host.kernelRelease === null ? 'never reported' : `${host.kernelRelease} ${host.arch ?? ''}`,
        ],
        ['', host.kernelVersion],
        ['labels', formatLabels(host.labels) || 'none'],
        ['known', formatFreshness(host, asOf === undefined ? 'ago' : 'before')],
        ['rules', formatRules(host.rules)],
        [
          'retired',
          host.retiredAt === null ? null : `${host.retiredAt} (by: ${host.retiredBy ?? 'not recorded'})`,
        ],
        [
          'runs',
          host.stack.length === 0
            ? host.freshness.level === 'NEVER'
              ? 'unknown'
              : 'the original code'
            : 'oldest first:',
        ],
        ...host.stack.map((patch): [string, string] => [
          '',
          formatListed(patch, Math.max(...host.stack.map((each) => each.name.length))),
        ]),
        [
          'leftovers',
          leftovers.length === 0
            ? null
            : leftovers
                .map(
                  (each) =>
                    `${each.name}${each.pinned ? ' (pinned)' : each.referenced ? ' (referenced)' : ''}`,
                )
                .join(', '),
        ],
        [
          'unlisted',
          unlisted.length === 0
            ? null
            : unlisted
                .map((each) => `${each.name} (${UNLISTED_BY[each.unlistedBy] ?? each.unlistedBy})`)
                .join(', '),
        ],
        ['transition', transition === null ? null : formatTransition(transition)],
        [
          'not active',
          host.inactive.length === 0
            ? null
            : host.inactive.map((each) => `${each.patch} on ${each.object}, which is not loaded`).join(', '),
        ],
        ['boot history', formatHistory(host)],
        ['gates', host.gates === null ? null : formatGates(host.gates)],
        ['forced', host.forcedTransition ? 'a transition of this boot was forced' : null],
        ['boot loads', host.boot === null ? null : formatBoot(host.boot)],
        ['agent', host.agent === null ? null : formatAgent(host.agent)],
        ['also patched by', host.otherLivePatching.join(', ') || null],
        [
          'identity',
          host.suspect
            ? 'suspect: the host looks cloned, or its reports were replayed; klpreg host release clears this'
            : null,
        ],
        ['not read', host.unread.join('; ') || null],
        ['warnings', host.warnings.join('; ') || null],
      ],
      '  ',
    ),
  ].join('\n');
}

function formatListed(patch: ListedPatch, width: number): string {
  const published =
    patch.patch === null ? 'not published' : `release ${patch.patch.release} (owner: ${patch.patch.owner})`;
  const moving = patch.transition ? `, ${patch.enabled ? 'being applied' : 'being reverted'}` : '';
  const taint = patch.moduleTaint === null ? '' : `, taint ${patch.moduleTaint || 'none'}`;
  const evidence = patch.evidence === null ? '' : ` (${patch.evidence})`;
  return (
    `${patch.name.padEnd(width)}  ${formatReplace(patch.replace)}, states ` +
    `${formatStates(patch.states)}${evidence}, ${published}${taint}${moving}`
  );
}

const UNLISTED_BY: Readonly<Record<string, string>> = {
  REPLACED: 'replaced',
  FORCED: 'forced',
  DISABLED: 'disabled',
  UNKNOWN: 'cause unknown',
};
const HISTORIES: Readonly<Record<string, string>> = {
  KNOWN: 'complete',
  STARTED_LATE: 'unknown before the first report of this boot',
  GAP: 'has a gap: no report for more than five intervals',
};

function formatHistory({ bootHistory, historyTooLong }: WholeHost): string | null {
  if (bootHistory === null) return null;
  return `${HISTORIES[bootHistory] ?? bootHistory}${historyTooLong ? '; too many patches left the list to record them all' : ''}`;
}

const BOOTS: Readonly<Record<string, string>> = {
  SAME: 'the same list as now',
  OTHER: 'another list',
  UNKNOWN: 'cannot be told',
};

function formatBoot({ outcome, loads }: NonNullable<WholeHost['boot']>): string {
  const names = loads?.map(({ name }) => name).join(', ');
  const what = names === undefined ? 'not reported' : names === '' ? 'nothing' : names;
  return `${BOOTS[outcome] ?? outcome}: ${what}`;
}

const formatAgent = ({ version, notReported }: NonNullable<WholeHost['agent']>): string =>
  notReported.length === 0 ? version : `${version}; does not report ${notReported.join(', ')}`;

function formatGates({
  modulesDisabled,
  ftraceEnabled,
  signatureEnforced,
  lockdown,
}: NonNullable<WholeHost['gates']>): string {
  const sysctl = (value: boolean | null) => (value === null ? 'not reported' : value ? '1' : '0');
  return [
    `modules_disabled ${sysctl(modulesDisabled)}`,
    `ftrace_enabled ${sysctl(ftraceEnabled)}`,
    `sig_enforce ${sysctl(signatureEnforced)}`,
    `lockdown ${lockdown?.toLowerCase() ?? 'not reported'}`,
  ].join(', ');
}

function formatTransition({
  patch,
  enabling,
  since,
  tasks,
  moreTasks,
}: NonNullable<WholeHost['transition']>): string {
  const shown = tasks.slice(0, 5).map((task) => `${task.comm} (${task.pid})`);
  const more = tasks.length - shown.length + moreTasks;
  const blockers =
    shown.length === 0 ? '' : `; blocked by ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return (
    `${patch} is being ` +
    `${enabling ? 'applied' : 'reverted'}${since === null ? '' : ` since ${since}`}${blockers}`
  );
}

function formatFreshness({ freshness }: WholeHost, ago: string): string {
  if (freshness.ageSeconds === null) return freshness.level;
  return (
    `${freshness.level}, confirmed ${formatAge(freshness.ageSeconds)} ` +
    `${ago}${freshness.superseded ? ', and superseded since' : ''}`
  );
}
