import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsOptions } from '@klpreg/connection';
import type { Report } from '@klpreg/wire';
import { monotonicMs } from '../clock.js';
import type { Bearer } from '../enrol/bearer.js';
import { Failure } from '../failure.js';
import { keepAcknowledged } from '../state/records.js';
import { dequeue, refuse, waiting, type Message } from '../state/spool.js';
import type { Answer } from './answer.js';
import { backoff } from './backoff.js';
import { RetryableError, sendOnce, Unauthenticated } from './send-once.js';

export interface DeliveryOptions {
  readonly url: string;
  readonly tls: TlsOptions;
  readonly bearer: Bearer;
  /** `STATE/instances/INSTANCE` */
  readonly directory: string;
  readonly bootId: string;
  /** The end of all attempts, on the monotonic clock. */
  readonly deadlineMs: number;
  /** The timeout of an attempt just before the deadline. A shorter one would waste work on both sides. */
  readonly minTimeoutMs: number;
  readonly warn: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A message with the registry's answer. */
export interface Delivered {
  readonly message: Message;
  readonly answer: Answer;
}

const MAX_TIMEOUT_MS = 15_000;
const ENDPOINTS = { report: '/v1/reports', heartbeat: '/v1/heartbeats' } as const;

/**
 * Returns the document with the time of sending.
 *
 * The monotonic clock is the same only within one boot.
 * For a message of an earlier boot the wall clock is used.
 */
function stamped({ document }: Message, bootId: string): Message['document'] {
  const ofThisBoot = ('host' in document ? document.host.bootId : document.bootId) === bootId;
  const lay = Math.max(0, Date.now() - Date.parse(document.clock.wall));
  const sentMs = ofThisBoot
    ? Math.max(monotonicMs(), document.clock.observedMs)
    : document.clock.observedMs + lay;
  return { ...document, clock: { ...document.clock, sentMs } };
}

/** Sends one message. If its token is refused, tries the next one. */
async function sendAuthenticated(
  { url, tls, bearer, bootId, signal: stop }: DeliveryOptions,
  message: Message,
  timeoutMs: number,
): Promise<Answer> {
  for (let token = await bearer.token(); ;) {
    try {
      const options = { token, timeoutMs, stop, tls };
      const answer = await sendOnce(url + ENDPOINTS[message.kind], stamped(message, bootId), options);
      bearer.accepted(token);
      return answer;
    } catch (error) {
      if (!(error instanceof Unauthenticated)) throw error;
      token = await bearer.another();
      if (token === null) throw error;
    }
  }
}

/** Sends one message, with retries until the deadline. */
async function sendWithRetries(options: DeliveryOptions, message: Message): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    const timeoutMs = Math.min(
      MAX_TIMEOUT_MS,
      Math.max(options.minTimeoutMs, options.deadlineMs - monotonicMs()),
    );
    try {
      return await sendAuthenticated(options, message, timeoutMs);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      const pause = backoff(attempt, error.retryAfterSeconds);
      if (monotonicMs() + pause > options.deadlineMs || options.signal?.aborted) throw error;
      await sleep(pause, undefined, { signal: options.signal }).catch(() => {
        throw error;
      });
    }
  }
}

/**
 * Records a stored report. If that fails, the report still
 * counts as delivered, and the next message is a report.
 */
function rememberReport({ directory, warn }: DeliveryOptions, { sequence, digest, host }: Report): void {
  try {
    keepAcknowledged(directory, { sequence, digest, bootId: host.bootId });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    warn(error.message);
  }
}

/**
 * Sends all waiting messages, oldest first.
 *
 * A message leaves the spool when the registry has stored it (2xx) or
 * rejects it. If it cannot be sent now, it and all later ones stay.
 *
 * @returns the delivered messages in this order
 * @throws Failure UNREACHABLE or UNAUTHORISED: the rest still waits; REFUSED: the last message was rejected
 */
export async function deliver(options: DeliveryOptions): Promise<Delivered[]> {
  const messages = waiting(options.directory, options.warn);
  const delivered: Delivered[] = [];
  for (const [index, message] of messages.entries()) {
    try {
      if (index > 0 && monotonicMs() > options.deadlineMs)
        throw new Failure(
          'UNREACHABLE',
          `${options.url}: the time limit was reached before all messages were sent`,
        );
      const answer = await sendWithRetries(options, message);
      dequeue(options.directory, message);
      if (message.kind === 'report' && answer.outcome !== 'SUPERSEDED') {
        rememberReport(options, message.document);
      }
      delivered.push({ message, answer });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code !== 'REFUSED') {
        options.warn(
          `${messages.length - index} ` +
            `${messages.length - index === 1 ? 'message waits' : 'messages wait'} in ${options.directory}`,
        );
        throw error;
      }
      refuse(options.directory, message);
      if (index === messages.length - 1) throw error;
      options.warn(error.message);
    }
  }
  return delivered;
}
