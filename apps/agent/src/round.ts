import { join } from 'node:path';
import { monotonicMs } from './clock.js';
import { Failure } from './failure.js';
import { removeAbandoned } from './keep/abandoned.js';
import { findHome, type Home } from './keep/instance.js';
import { keepNumber, lastNumber, readAcknowledged, transitionSince } from './keep/memory.js';
import { newest, reserve } from './keep/sequence.js';
import { enqueue, waiting, type Letter } from './keep/spool.js';
import { keepInterval, keepWatch, logOf, lookedAt, readWatch } from './keep/watch.js';
import { writeHeartbeat, writeReport } from './letter.js';
import { observe } from './observe.js';
import { deliver, type Delivered } from './send/deliver.js';
import type { Settings } from './settings.js';

/** What to send: what is due, always a report, or a heartbeat even if a report is due (the registry will ask for it). */
export type Wish = 'due' | 'report' | 'heartbeat';

export interface Round {
  /** The letters that were answered, those that had waited first. */
  readonly delivered: readonly Delivered[];
  /** The number that was sent last, though another agent on this host emptied the spool before us. */
  readonly byAnother: number | null;
}

const MOST_TURNS = 5;

/**
 * Observes under a number that is newer than everybody else's.
 *
 * The registry believes the higher number. So a number is reserved before looking, and if another agent reserved one meanwhile, we look again under a new one:
 * whoever sends the higher number has looked later.
 */
async function writeNext(settings: Settings, home: Home, warn: (text: string) => void) {
  const numbers = `${home.folder}/sequence`;
  for (let turn = 1; ; turn += 1) {
    const sequence = reserve(numbers, lastNumber(home.folder));
    keepNumber(home.folder, sequence);
    const seen = await observe(settings, home.instance, (bootId) => logOf(readWatch(home.folder, bootId)), turn === 1 ? warn : () => undefined);
    const watch = lookedAt(readWatch(home.folder, seen.host.bootId), seen, settings.interval);
    keepWatch(home.folder, watch);
    const since = seen.transition === null ? null : transitionSince(home.folder, seen.host.bootId, seen.transition, seen.wall);
    const report = writeReport(seen, sequence, since, watch.sinceMs);
    if (newest(numbers) === sequence || turn === MOST_TURNS) return report;
  }
}

/** What the registry has, or will have once everything that waits has arrived. */
function lastReport(folder: string, warn: (text: string) => void) {
  const reports = waiting(folder, warn).flatMap((letter) => (letter.kind === 'report' ? [letter.document] : []));
  const report = reports.at(-1);
  return report === undefined ? readAcknowledged(folder) : { digest: report.digest, bootId: report.host.bootId };
}

function openHome(settings: Settings, warn: (text: string) => void): Home {
  const home = findHome(settings, false, warn);
  removeAbandoned([settings.state, ...['.', 'sequence', 'spool', 'refused'].map((name) => join(home.folder, name))]);
  return home;
}

/** Observes, and puts what is to be sent where it outlives the program. */
async function spoolNext(settings: Settings, home: Home, wish: Wish, warn: (text: string) => void) {
  const report = await writeNext(settings, home, warn);
  const before = lastReport(home.folder, warn);
  const same = before !== null && before.digest === report.digest && before.bootId === report.host.bootId;
  const letter: Letter =
    wish === 'heartbeat' || (wish === 'due' && same) ? { kind: 'heartbeat', document: writeHeartbeat(report) } : { kind: 'report', document: report };
  const kept = enqueue(home.folder, letter);
  if (!kept) warn(`the spool in ${home.folder} is full of reports: this ${letter.kind} is not kept`);
  return { report, letter, kept };
}

/**
 * Observes this host and sends nothing: the document waits for the next run that sends.
 *
 * For the time at boot when there is no network yet.
 *
 * @returns null if the spool is full of reports
 */
export async function spool(settings: Settings, wish: Wish, warn: (text: string) => void): Promise<Letter | null> {
  const { letter, kept } = await spoolNext(settings, openHome(settings, warn), wish, warn);
  return kept ? letter : null;
}

/** A connection whose first packets were lost is tried again by the kernel after 1, 3 and 7 seconds. */
const SHORTEST_TRY_MS = 10_000;

/**
 * Tells the registry once how this host is.
 *
 * A heartbeat where nothing changed since the last report that the registry has, else a report; and the report at once where the answer asks for it.
 * The letter is on disk before it is sent, so nothing is lost if the registry is away or we are killed.
 *
 * @throws Failure, after which everything that was not delivered waits in the spool
 */
export async function tell(settings: Settings, wish: Wish, warn: (text: string) => void, signal?: AbortSignal): Promise<Round> {
  const { url, token } = settings;
  if (url === null) throw new Failure('USAGE', 'no registry is configured: give --url, KLPREG_URL or `url` in the configuration file');
  const home = openHome(settings, warn);
  const untilMs = monotonicMs() + settings.timeout * 1_000;
  const shortestTryMs = Math.min(SHORTEST_TRY_MS, settings.timeout * 1_000);
  const delivered: Delivered[] = [];

  for (let next = wish; ; next = 'report') {
    const { report, letter, kept } = await spoolNext(settings, home, next, warn);
    delivered.push(...(await deliver({ url, token, home: home.folder, bootId: report.host.bootId, untilMs, shortestTryMs, warn, signal })));
    const asked = delivered.at(-1)?.answer.intervalSeconds ?? null;
    if (asked !== null) keepInterval(home.folder, report.host.bootId, asked);
    // now that there is room, this host's present can go as well
    if (!kept) continue;
    const answer = delivered.find(({ letter: { document } }) => document.sequence === report.sequence)?.answer;
    if (answer === undefined) return { delivered, byAnother: report.sequence };
    // fine if the newer one is of this state folder: another agent on this host has overtaken us
    if (answer.outcome === 'SUPERSEDED' && newest(`${home.folder}/sequence`) === report.sequence) {
      throw new Failure(
        'REFUSED',
        `the registry has a newer document of instance ${home.instance} than number ${report.sequence}: does another agent use this instance, or was the state folder lost?`,
      );
    }
    if (letter.kind === 'report' || answer.outcome !== 'REPORT_WANTED') return { delivered, byAnother: null };
  }
}
