import { join } from 'node:path';
import { monotonicMs } from './clock.js';
import { type Bearer, configuredToken, HostBearer } from './enrol/bearer.js';
import type { EnrollingHost } from './enrol/credential-request.js';
import { Failure } from './failure.js';
import { removeAbandoned } from './state/temporary-files.js';
import { openTlsFiles } from './send/tls-files.js';
import { findStateDirectory, type StateDirectory } from './state/instance.js';
import { keepSequence, lastSequence, readAcknowledged, transitionSince } from './state/records.js';
import { newestSequence, reserveSequence } from './state/sequence.js';
import { enqueue, waiting, type Message } from './state/spool.js';
import { keepInterval, keepWatch, logOf, watchAfter, readWatch } from './state/watch.js';
import { writeHeartbeat, writeReport } from './message.js';
import { observe } from './observe.js';
import { deliver, type Delivered } from './send/deliver.js';
import type { Settings } from './settings.js';

/**
 * What to send: what is due, a report, or a heartbeat even
 * if a report is due (the registry then asks for it).
 */
export type Mode = 'due' | 'report' | 'heartbeat';

export interface Cycle {
  /** The delivered messages, spooled ones first. */
  readonly delivered: readonly Delivered[];
  /** The last sequence number, if another agent on this host sent it. */
  readonly byAnother: number | null;
}

const MAX_ATTEMPTS = 5;

/**
 * Observes with a reserved sequence number.
 *
 * The registry uses the message with the higher number, so a higher number must mean a later observation.
 * If another agent reserved a number meanwhile, this one observes again with a new number.
 */
async function writeNext(settings: Settings, directory: StateDirectory, warn: (text: string) => void) {
  const numbers = `${directory.folder}/sequence`;
  for (let attempt = 1; ; attempt += 1) {
    const sequence = reserveSequence(numbers, lastSequence(directory.folder));
    keepSequence(directory.folder, sequence);
    const seen = await observe(
      settings,
      directory.instance,
      (bootId) => logOf(readWatch(directory.folder, bootId)),
      attempt === 1 ? warn : () => undefined,
    );
    const watch = watchAfter(readWatch(directory.folder, seen.host.bootId), seen, settings.interval);
    keepWatch(directory.folder, watch);
    const since =
      seen.transition === null
        ? null
        : transitionSince(directory.folder, seen.host.bootId, seen.transition, seen.wall);
    const report = writeReport(seen, sequence, since, watch.sinceMs);
    if (newestSequence(numbers) === sequence || attempt === MAX_ATTEMPTS) return report;
  }
}

/** Returns the last report that the registry has, or will have when the spool is empty. */
function lastReport(folder: string, warn: (text: string) => void) {
  const reports = waiting(folder, warn).flatMap((message) =>
    message.kind === 'report' ? [message.document] : [],
  );
  const report = reports.at(-1);
  return report === undefined
    ? readAcknowledged(folder)
    : { digest: report.digest, bootId: report.host.bootId };
}

function openStateDirectory(settings: Settings, warn: (text: string) => void): StateDirectory {
  const directory = findStateDirectory(settings, false, warn);
  removeAbandoned([
    settings.state,
    ...['.', 'sequence', 'spool', 'refused'].map((name) => join(directory.folder, name)),
  ]);
  return directory;
}

/** Observes, and writes the message to the spool. */
async function spoolNext(
  settings: Settings,
  directory: StateDirectory,
  mode: Mode,
  warn: (text: string) => void,
) {
  const report = await writeNext(settings, directory, warn);
  const before = lastReport(directory.folder, warn);
  const same = before !== null && before.digest === report.digest && before.bootId === report.host.bootId;
  const message: Message =
    mode === 'heartbeat' || (mode === 'due' && same)
      ? { kind: 'heartbeat', document: writeHeartbeat(report) }
      : { kind: 'report', document: report };
  const kept = enqueue(directory.folder, message);
  if (!kept) warn(`the spool in ${directory.folder} is full of reports: this ${message.kind} is not kept`);
  return { report, message, kept };
}

/**
 * Observes this host and spools the message. Used at boot, before the network is up.
 *
 * @returns null if the spool is full of reports
 */
export async function spool(
  settings: Settings,
  mode: Mode,
  warn: (text: string) => void,
): Promise<Message | null> {
  const { message, kept } = await spoolNext(settings, openStateDirectory(settings, warn), mode, warn);
  return kept ? message : null;
}

/** The kernel repeats a lost connection attempt after 1, 3 and 7 seconds. */
const MIN_TIMEOUT_MS = 10_000;

/**
 * Reports this host to the registry once.
 *
 * Sends a heartbeat if nothing changed since the last report that the registry has, else a report.
 * Also sends a report if the answer to the heartbeat asks for one.
 * The message is on disk before it is sent, so it survives an outage and a kill.
 *
 * @throws Failure; undelivered messages stay in the spool
 */
export async function reportOnce(
  settings: Settings,
  mode: Mode,
  warn: (text: string) => void,
  signal?: AbortSignal,
): Promise<Cycle> {
  const { url } = settings;
  if (url === null)
    throw new Failure(
      'USAGE',
      'no registry is configured: set --url, KLPREG_URL or `url` in the configuration file',
    );
  const directory = openStateDirectory(settings, warn);
  const tls = openTlsFiles(settings.tls);
  const deadlineMs = monotonicMs() + settings.timeout * 1_000;
  const minTimeoutMs = Math.min(MIN_TIMEOUT_MS, settings.timeout * 1_000);
  const delivered: Delivered[] = [];
  const limits = () => ({
    timeoutMs: Math.max(minTimeoutMs, deadlineMs - monotonicMs()),
    stop: signal,
    tls,
  });
  const bearerOf = (host: EnrollingHost): Bearer =>
    settings.token === null
      ? new HostBearer({ url, folder: directory.folder, host, enrolment: settings.enrolment, limits, warn })
      : configuredToken(settings.token);
  let bearer: Bearer | null = null;

  for (let next = mode; ; next = 'report') {
    const { report, message, kept } = await spoolNext(settings, directory, next, warn);
    delivered.push(
      ...(await deliver({
        url,
        tls,
        bearer: (bearer ??= bearerOf(report.host)),
        directory: directory.folder,
        bootId: report.host.bootId,
        deadlineMs,
        minTimeoutMs,
        warn,
        signal,
      })),
    );
    const asked = delivered.at(-1)?.answer.intervalSeconds ?? null;
    if (asked !== null) keepInterval(directory.folder, report.host.bootId, asked);
    // The spool has room now, so the present state can also be sent.
    if (!kept) continue;
    const answer = delivered.find(
      ({ message: { document } }) => document.sequence === report.sequence,
    )?.answer;
    if (answer === undefined) return { delivered, byAnother: report.sequence };
    // A newer message from this state directory is no error: another agent on this host was faster.
    if (
      answer.outcome === 'SUPERSEDED' &&
      newestSequence(`${directory.folder}/sequence`) === report.sequence
    ) {
      throw new Failure(
        'REFUSED',
        `the registry has a newer message of instance ${directory.instance} than number ` +
          `${report.sequence}: another agent uses this instance, or the state directory was lost`,
      );
    }
    if (message.kind === 'report' || answer.outcome !== 'REPORT_WANTED')
      return { delivered, byAnother: null };
  }
}
