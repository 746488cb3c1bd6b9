import { instantInWords } from '../gate/moment.js';
import type { ListedPatch } from '../registry/answers.js';
import type { WholeHost } from '../registry/host-answers.js';
import { clean } from './clean.js';
import { facts } from './facts.js';
import type { Paint } from './paint.js';
import { labelsInWords, replaceInWords, statesInWords } from './patches.js';
import { rulesInWords } from './verdict.js';

/** One host: what it runs, what is left over, how well that is known. @param asOf the instant of the past that this is of; left out: now */
export function hostText(host: WholeHost, paint: Paint, asOf?: string): string {
  const { leftovers, departed, transition } = host;
  return [
    `${paint('bold', clean(host.hostname))}  ${clean(host.id)}`,
    facts(
      [
        ['as of', asOf === undefined ? null : `${instantInWords(asOf)}; its name, and what no verdict reads, are today's`],
        ['kernel', host.kernelRelease === null ? 'never reported' : `${host.kernelRelease} ${host.arch ?? ''}`],
        ['', host.kernelVersion],
        ['labels', labelsInWords(host.labels) || 'none'],
        ['known', freshnessInWords(host, asOf === undefined ? 'ago' : 'before')],
        ['rules', rulesInWords(host.rules)],
        ['retired', host.retiredAt === null ? null : `${host.retiredAt} by ${host.retiredBy ?? 'no one knows whom'}`],
        ['runs', host.stack.length === 0 ? (host.freshness.level === 'NEVER' ? 'no one knows what' : 'the original code') : 'oldest first:'],
        ...host.stack.map((patch): [string, string] => ['', listedInWords(patch, Math.max(...host.stack.map((each) => each.name.length)))]),
        [
          'leftovers',
          leftovers.length === 0
            ? null
            : leftovers.map((each) => `${each.name}${each.pinned ? ' (pinned)' : each.referenced ? ' (referenced)' : ''}`).join(', '),
        ],
        ['departed', departed.length === 0 ? null : departed.map((each) => `${each.name} (${each.departure.toLowerCase()})`).join(', ')],
        ['transition', transition === null ? null : transitionInWords(transition)],
      ],
      '  ',
    ),
  ].join('\n');
}

function listedInWords(patch: ListedPatch, width: number): string {
  const published = patch.patch === null ? 'not published' : `release ${patch.patch.release}, of ${patch.patch.owner}`;
  const moving = patch.transition ? `, ${patch.enabled ? 'being applied' : 'being reverted'}` : '';
  return `${patch.name.padEnd(width)}  ${replaceInWords(patch.replace)}, states ${statesInWords(patch.states)}${patch.evidence === null ? '' : ` (${patch.evidence})`}, ${published}${moving}`;
}

function transitionInWords({ patch, enabling, since, tasks, moreTasks }: NonNullable<WholeHost['transition']>): string {
  const held = tasks.slice(0, 5).map((task) => `${task.comm} (${task.pid})`);
  const more = tasks.length - held.length + moreTasks;
  const holders = held.length === 0 ? '' : `; held up by ${held.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `${patch} is being ${enabling ? 'applied' : 'reverted'}${since === null ? '' : ` since ${since}`}${holders}`;
}

function freshnessInWords({ freshness }: WholeHost, ago: string): string {
  if (freshness.ageSeconds === null) return freshness.level;
  return `${freshness.level}, confirmed ${Math.round(freshness.ageSeconds)} s ${ago}${freshness.superseded ? ', and has changed since' : ''}`;
}
