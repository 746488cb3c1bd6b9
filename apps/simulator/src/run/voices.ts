import { unit } from '../fleet/chance.js';
import type { Fleet } from '../fleet/fleet.js';
import { backoff } from './backoff.js';
import type { Letter, Reply } from './deliver.js';
import type { Outbox } from './outbox.js';
import type { Tally } from './tally.js';
import { Wheel } from './wheel.js';

/** What is said of a host beside its number. */
const REPORT_DUE = 1;
const SILENT = 2;
const GONE = 4;
/** A letter of this host is on its way, or waits for its next try. */
const BUSY = 8;
/** A clone or a liar speaks for it, too. */
const DISPUTED = 16;

/** A heartbeat comes up to a tenth of the interval sooner or later. */
const JITTER = 0.1;
/** As the agent: beyond these the oldest heartbeat is forgotten, never a report. */
const MOST_SPOOLED = 500;
const PURPOSE = 500;

/** How hosts speak: who is due when, what waits to be sent, and what the registry said. A host has at most one letter on its way. */
export class Voices {
  private readonly flags: Uint8Array;
  private readonly tries: Uint8Array;
  private readonly sequences: Float64Array;
  private readonly spools = new Map<number, Letter[]>();
  private readonly due = new Wheel();
  private readonly again = new Wheel();
  private readonly retries = new Map<number, Letter>();
  private draws = 0;

  /** @param intervalMs between two heartbeats; @param follows the registry may ask for another one; @param speed how many times faster it lives */
  constructor(
    private readonly fleet: Fleet,
    private readonly outbox: Outbox,
    private readonly tally: Tally,
    private intervalMs: number,
    private readonly follows: boolean,
    private readonly speed: number,
  ) {
    this.flags = new Uint8Array(fleet.hosts);
    this.tries = new Uint8Array(fleet.hosts);
    this.sequences = new Float64Array(fleet.hosts);
  }

  /** Every host speaks within the next interval. */
  begin(now: number): void {
    for (let n = 0; n < this.fleet.hosts; n++) this.due.add(now + unit(this.fleet.seed, PURPOSE, n) * this.intervalMs, n);
  }

  /** Whoever is due writes; whoever has to try again does. */
  tick(now: number): void {
    for (const n of this.due.take(now)) this.write(n, now);
    for (const key of this.again.take(now)) {
      const letter = this.retries.get(key)!;
      this.retries.delete(key);
      this.outbox.put(letter);
    }
  }

  /** Can something happen to this host now? What nobody can tell the registry has to wait. */
  isIdle = (n: number): boolean => (this.flags[n]! & (SILENT | GONE | BUSY)) === 0;
  changed = (n: number): void => this.set(n, REPORT_DUE);
  dispute = (n: number): void => this.set(n, DISPUTED);
  leave = (n: number): void => this.set(n, GONE);
  silence = (n: number): void => this.set(n, SILENT);

  /** The host can be heard again; what it wrote meanwhile goes at once. */
  restore(n: number): void {
    this.flags[n]! &= ~SILENT;
    if ((this.flags[n]! & (BUSY | GONE)) === 0) this.sendNext(n);
  }

  nextSequence(n: number, now: number): number {
    return (this.sequences[n] = Math.max(this.sequences[n]! + 1, now));
  }

  /** How many letters nobody has acknowledged. */
  get waiting(): number {
    let waiting = this.outbox.length + this.retries.size;
    for (const spool of this.spools.values()) waiting += spool.length;
    return waiting;
  }

  /** Takes what the registry said. */
  hear(reply: Reply, now: number): void {
    const { letter, result, word } = reply;
    if (result === 'LATER') return this.tryAgain(reply, now);
    this.tally.documents++;
    if (letter.lie !== undefined) return this.tally.add(this.tally.lies, `${letter.lie.name} ${letter.lie.right.includes(word) ? 'as it should' : word}`);
    this.tally.add(this.tally.outcomes, word);
    if (letter.machine !== undefined) return;
    const n = letter.host;
    if ((result === 'REFUSED' || word === 'SUPERSEDED') && (this.flags[n]! & DISPUTED) === 0) this.tally.add(this.tally.refused, `${letter.kind} ${word}`);
    this.flags[n]! &= ~BUSY;
    this.tries[n] = 0;
    if (letter.kind === 'report') this.flags[n]! &= ~REPORT_DUE;
    if (reply.intervalSeconds !== null && this.follows) this.intervalMs = (reply.intervalSeconds * 1000) / this.speed;
    if (word === 'REPORT_WANTED' && !this.spools.has(n)) {
      this.set(n, REPORT_DUE);
      this.enqueue(n, now);
    }
    this.sendNext(n);
  }

  private write(n: number, now: number): void {
    if (this.flags[n]! & GONE) return;
    const jitter = 1 + JITTER * (2 * unit(this.fleet.seed, PURPOSE + 1, this.draws++) - 1);
    this.due.add(now + this.intervalMs * jitter, n);
    this.enqueue(n, now);
    if ((this.flags[n]! & (SILENT | BUSY)) === 0) this.sendNext(n);
  }

  private enqueue(n: number, now: number): void {
    const spool = this.spools.get(n) ?? [];
    const reported = spool.some((letter) => letter.kind === 'report');
    const kind = this.flags[n]! & REPORT_DUE && !reported ? 'report' : 'heartbeat';
    if (spool.length >= MOST_SPOOLED)
      spool.splice(
        Math.max(
          0,
          spool.findIndex((letter) => letter.kind === 'heartbeat'),
        ),
        1,
      );
    spool.push({ host: n, kind, at: now, sequence: this.nextSequence(n, now) });
    this.spools.set(n, spool);
  }

  private sendNext(n: number): void {
    const spool = this.spools.get(n);
    if (spool === undefined || this.flags[n]! & (BUSY | SILENT)) return;
    const letter = spool.shift()!;
    if (spool.length === 0) this.spools.delete(n);
    this.flags[n]! |= BUSY;
    this.outbox.put(letter);
  }

  private tryAgain({ letter, word, afterSeconds }: Reply, now: number): void {
    this.tally.add(this.tally.errors, word);
    this.tally.retried++;
    const honest = letter.machine === undefined && letter.lie === undefined;
    // a clone or a liar has no spool: it tries again at its next turn
    if (!honest) return;
    const turn = this.tries[letter.host]!;
    this.tries[letter.host] = Math.min(turn + 1, 255);
    this.retries.set(letter.host, letter);
    this.again.add(now + backoff(turn, afterSeconds, unit(this.fleet.seed, PURPOSE + 2, this.draws++)), letter.host);
  }

  private set(n: number, flag: number): void {
    this.flags[n]! |= flag;
  }
}
