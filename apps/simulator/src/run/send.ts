import type { Fleet } from '../fleet/fleet.js';
import { FatalError } from '../fatal-error.js';
import type { Counters } from './counters.js';
import type { Endpoint, Response } from './endpoint.js';

/** A message to send. Its text is written when it is sent. */
export interface Message {
  readonly host: number;
  readonly kind: 'report' | 'heartbeat';
  /** When the agent read the facts, in milliseconds since 1970. */
  readonly at: number;
  readonly sequence: number;
  /** The machine id of a clone. */
  readonly machine?: string;
  /** Set if the message is faulty on purpose. */
  readonly fault?: Fault;
}

export interface Fault {
  readonly name: string;
  readonly text: string;
  /** The codes with which the registry may answer. */
  readonly expected: readonly string[];
}

/** The registry's reply to one message. */
export interface Reply {
  readonly message: Message;
  /** RETRY: the registry did not process the message, and it may be sent again. */
  readonly result: 'ACCEPTED' | 'REJECTED' | 'RETRY';
  /**
   * The outcome of an accepted message; else the HTTP status with the problem's code, or the network error.
   */
  readonly code: string;
  readonly intervalSeconds: number | null;
  readonly retryAfterSeconds: number | null;
}

const ROUTES = { report: '/v1/reports', heartbeat: '/v1/heartbeats' } as const;

const textOf = (fleet: Fleet, { host, kind, at, sequence, machine, fault }: Message): string => {
  if (fault !== undefined) return fault.text;
  const sentAt = Math.max(at, Date.now());
  const envelope = machine === undefined ? { sequence, at, sentAt } : { sequence, at, sentAt, machine };
  return kind === 'report' ? fleet.reportText(host, envelope) : fleet.heartbeatText(host, envelope);
};

/**
 * Sends messages in one request and returns the reply to each.
 *
 * @param messages all of one kind, and only one unless `batch` is set
 * @param batch use the batch route with a compressed body, as relays do
 * @throws FatalError if retrying is useless: the token is wrong, or the server is not a registry
 */
export async function sendMessages(
  endpoint: Endpoint,
  fleet: Fleet,
  messages: readonly Message[],
  batch: boolean,
  counters: Counters,
): Promise<Reply[]> {
  const startedAt = performance.now();
  const route = ROUTES[messages[0]!.kind];
  const texts = messages.map((message) => textOf(fleet, message));
  const response = batch
    ? await endpoint.post(`${route}:batch`, `[${texts.join(',')}]`, true)
    : await endpoint.post(route, texts[0]!, false);
  if (response.failure === null) counters.addLatency(performance.now() - startedAt);
  const { status, body } = response;
  if (status === 401 || status === 403)
    throw new FatalError(
      `The registry does not accept the token (HTTP ${status}): ${textIn(body, 'detail') ?? 'no reason'}`,
    );
  const whole = replyTo(messages[0]!, status, body, response);
  if (!batch || whole.result !== 'ACCEPTED') return messages.map((message) => ({ ...whole, message }));
  const { results } = body as { results?: unknown[] };
  if (!Array.isArray(results) || results.length !== messages.length)
    throw new FatalError(
      'The server is not a registry: the response to a batch does not have one result for each message',
    );
  return messages.map((message, index) =>
    replyTo(message, statusOf(results[index]), results[index], response),
  );
}

const statusOf = (result: unknown): number => {
  const { status } = result as { status?: unknown };
  return typeof status === 'number' ? status : 200;
};

const textIn = (body: unknown, field: string): string | null => {
  const value = (body as Record<string, unknown> | null)?.[field];
  return typeof value === 'string' ? value : null;
};

function replyTo(
  message: Message,
  status: number,
  body: unknown,
  { failure, retryAfterSeconds }: Response,
): Reply {
  const { intervalSeconds: interval } = (body ?? {}) as { intervalSeconds?: unknown };
  const intervalSeconds = typeof interval === 'number' && interval > 0 ? interval : null;
  if (status >= 200 && status < 300) {
    const outcome = textIn(body, 'outcome') ?? 'TAKEN';
    return { message, result: 'ACCEPTED', code: outcome, intervalSeconds, retryAfterSeconds: null };
  }
  const problem = textIn(body, 'code');
  const code = failure ?? (problem === null ? String(status) : `${status} ${problem}`);
  const retry = status === 0 || status === 408 || status === 425 || status === 429 || status >= 500;
  return { message, result: retry ? 'RETRY' : 'REJECTED', code, intervalSeconds: null, retryAfterSeconds };
}
