import type { Fleet } from '../fleet/fleet.js';
import { Stop } from '../stop.js';
import type { Answer, Road } from './post.js';
import type { Tally } from './tally.js';

/** A document on its way. It is written when it leaves. */
export interface Letter {
  readonly host: number;
  readonly kind: 'report' | 'heartbeat';
  /** When the host looked, in milliseconds since 1970. */
  readonly at: number;
  readonly sequence: number;
  /** A clone's: the machine that bears the host's id. */
  readonly machine?: string;
  /** A lie: what it is called, its text, and whether the registry should take it. */
  readonly lie?: { readonly name: string; readonly text: string; readonly right: readonly string[] };
}

/** What the registry said to one letter. */
export interface Reply {
  readonly letter: Letter;
  /** LATER: nothing was done with it, and it may be sent again. */
  readonly result: 'TAKEN' | 'REFUSED' | 'LATER';
  /** The outcome of a letter that was taken, else the code of the problem, or the network's word. */
  readonly word: string;
  readonly intervalSeconds: number | null;
  readonly afterSeconds: number | null;
}

const DOORS = { report: '/v1/reports', heartbeat: '/v1/heartbeats' } as const;

const textOf = (fleet: Fleet, letter: Letter): string => {
  const { host, kind, at, sequence, machine, lie } = letter;
  if (lie !== undefined) return lie.text;
  const moment = { sequence, at, sentAt: Math.max(at, Date.now()), ...(machine === undefined ? {} : { machine }) };
  return kind === 'report' ? fleet.reportText(host, moment) : fleet.heartbeatText(host, moment);
};

/**
 * What does the registry say to each of these letters?
 *
 * @param letters all of one kind; several go as one request, compressed, as a relay sends them
 * @throws Stop where no letter can ever arrive: the token is wrong, or something else listens there
 */
export async function deliver(road: Road, fleet: Fleet, letters: readonly Letter[], relay: boolean, tally: Tally): Promise<Reply[]> {
  const began = performance.now();
  const door = DOORS[letters[0]!.kind];
  const texts = letters.map((letter) => textOf(fleet, letter));
  const answer = relay ? await road.post(`${door}:batch`, `[${texts.join(',')}]`, true) : await road.post(door, texts[0]!, false);
  if (answer.failure === null) tally.took(performance.now() - began);
  if (answer.status === 401 || answer.status === 403)
    throw new Stop(`The registry does not accept the token (HTTP ${answer.status}): ${textIn(answer.body, 'detail') ?? 'no reason was given'}`);
  const whole = replyTo(letters[0]!, answer.status, answer.body, answer);
  if (!relay || whole.result !== 'TAKEN') return letters.map((letter) => ({ ...whole, letter }));
  const { results } = answer.body as { results?: unknown[] };
  if (!Array.isArray(results) || results.length !== letters.length)
    throw new Stop('What answers there is not a registry: a batch was not answered letter by letter');
  return letters.map((letter, at) => replyTo(letter, statusOf(results[at]), results[at], answer));
}

const statusOf = (result: unknown): number => {
  const { status } = result as { status?: unknown };
  return typeof status === 'number' ? status : 200;
};

const textIn = (body: unknown, field: string): string | null => {
  const value = (body as Record<string, unknown> | null)?.[field];
  return typeof value === 'string' ? value : null;
};

function replyTo(letter: Letter, status: number, body: unknown, { failure, afterSeconds }: Answer): Reply {
  const { intervalSeconds: asked } = (body ?? {}) as { intervalSeconds?: unknown };
  const intervalSeconds = typeof asked === 'number' && asked > 0 ? asked : null;
  if (status >= 200 && status < 300) return { letter, result: 'TAKEN', word: textIn(body, 'outcome') ?? 'TAKEN', intervalSeconds, afterSeconds: null };
  const code = textIn(body, 'code');
  const word = failure ?? (code === null ? String(status) : `${status} ${code}`);
  const later = status === 0 || status === 408 || status === 425 || status === 429 || status >= 500;
  return { letter, result: later ? 'LATER' : 'REFUSED', word, intervalSeconds: null, afterSeconds };
}
