import type { Content } from '../certificate/file.js';
import type { CertificateHolds } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { reasonsTable } from './reasons-table.js';
import { table } from './table.js';

/** Formats what a certificate says. */
export function certificateText(content: Content, width: number | null): string {
  const { answer, overrides } = content;
  const { counts, snapshot } = answer;
  const rows = answer.reasons.map(({ hosts, reason }) => [
    String(hosts),
    clean(reason.kind),
    clean(reason.code),
    clean(reason.text),
  ]);
  return [
    clean(
      `${content.gate}: ` +
        `${content.decision}${content.passed && content.decision !== 'YES' ? ', overridden' : ''}`,
    ),
    clean(`decision ${content.id} for change ${content.changeId}, by ${content.who}`),
    clean(`issued ${content.issuedAt}, expires ${content.expiresAt}`),
    `${counts.total} hosts: ${counts.refused} refused, ${counts.unsafe} unsafe, ${counts.unknown} unknown, ` +
      `${counts.safe} safe`,
    clean(
      `evidence ${answer.evidence}, rule sets ${answer.ruleSets.join(' ')}, ` +
        `as of ${snapshot.now}, rules ${snapshot.rules}`,
    ),
    ...[
      ...(overrides.breakGlass === null ? [] : [`break-glass: ${overrides.breakGlass}`]),
      ...(overrides.allowed.length === 0 ? [] : [`allowed: ${overrides.allowed.join(' ')}`]),
      ...overrides.waivers.map(({ id, owner, expiresAt }) => `waiver ${id} of ${owner}, until ${expiresAt}`),
      ...overrides.ignored.map(
        ({ code, owner, expiresAt }) => `ignored: ${code} by ${owner}, until ${expiresAt}`,
      ),
    ].map(clean),
    ...reasonsTable(rows, width),
  ].join('\n');
}

type Check = CertificateHolds['certificateHolds'];

/** Formats whether a certificate still holds, and what changed. */
export function checkText(answer: Check, width: number | null): string {
  const { expired, holds, why, decisionThen, decisionNow, countsThen, countsNow, changes, historyGone } =
    answer;
  const isDoubtful = !holds && decisionNow === 'CANNOT_TELL';
  const head = expired
    ? 'DOES NOT HOLD'
    : holds
      ? 'STILL HOLDS'
      : isDoubtful
        ? 'CANNOT TELL'
        : 'DOES NOT HOLD';
  const what = why ?? `the decision was ${decisionThen}, and is ${decisionNow} now`;
  const rows = changes.map(({ hostsThen, hostsNow, reason }) => [
    String(hostsThen),
    String(hostsNow),
    reason.kind,
    clean(reason.code),
    clean(reason.text),
  ]);
  const counts = ({ total, refused, unsafe, unknown, safe }: Check['countsNow']) =>
    `${total} hosts: ${refused} refused, ${unsafe} unsafe, ${unknown} unknown, ${safe} safe`;
  return [
    clean(`${head}: ${expired && holds ? 'it has expired' : what}`),
    ...(expired && !holds ? ['it has expired'] : []),
    `then ${counts(countsThen)}`,
    `now  ${counts(countsNow)}`,
    ...(historyGone === null ? [] : [clean(`the answer of then cannot be given again: ${historyGone}`)]),
    ...(rows.length === 0
      ? ['no reason changed']
      : [
          '',
          table(
            [
              { head: 'THEN', align: 'right' },
              { head: 'NOW', align: 'right' },
              { head: 'KIND' },
              { head: 'CODE' },
              { head: 'WHY', wrap: true },
            ],
            rows,
            width,
          ),
        ]),
  ].join('\n');
}
