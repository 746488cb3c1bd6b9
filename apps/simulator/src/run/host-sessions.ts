import type { Fleet } from '../fleet/fleet.js';
import { randomUnit } from '../fleet/random.js';
import { backoff } from './backoff.js';
import type { Counters } from './counters.js';
import type { SendQueue } from './send-queue.js';
import type { Message, Reply } from './send.js';
import { sequenceAt } from './sequence.js';
import { TimerWheel } from './timer-wheel.js';

/** Flags of a host. */
const REPORT_DUE = 1;
const DISCONNECTED = 2;
const GONE = 4;
/** A message of the host is being sent or waits for a retry. */
const IN_FLIGHT = 8;
/** A clone or a faulty agent also sends messages with the id of the host. */
const SHARED_ID = 16;

/** The time between two messages varies by this share of the interval in both directions. */
const JITTER = 0.1;
/** The agent's limit: when it is reached, the oldest heartbeat is dropped, but never a report. */
const SPOOL_LIMIT = 500;
const PURPOSE = 500;

export interface SessionOptions {
  /** Milliseconds between two heartbeats of a host. */
  readonly intervalMs: number;
  /** Whether the registry's replies may change the interval. */
  readonly followsRegistry: boolean;
  /** Factor by which simulated time is faster than the clock. */
  readonly speed: number;
}

/**
 * The session of each host with the registry: its timers, spool and retries. At most one message of a host
 * is in flight.
 */
export class HostSessions {
  private readonly flags: Uint8Array;
  private readonly failures: Uint8Array;
  private readonly sequences: Float64Array;
  private readonly spools = new Map<number, Message[]>();
  private readonly messageTimers = new TimerWheel();
  private readonly retryTimers = new TimerWheel();
  private readonly retries = new Map<number, Message>();
  private readonly options: SessionOptions;
  private intervalMs: number;
  private draws = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly queue: SendQueue,
    private readonly counters: Counters,
    options: SessionOptions,
  ) {
    this.flags = new Uint8Array(fleet.hosts);
    this.failures = new Uint8Array(fleet.hosts);
    this.sequences = new Float64Array(fleet.hosts);
    this.options = options;
    this.intervalMs = options.intervalMs;
  }

  /** Schedules the first message of each host within the next interval. */
  start(now: number): void {
    for (let n = 0; n < this.fleet.hosts; n++)
      this.messageTimers.add(now + randomUnit(this.fleet.seed, PURPOSE, n) * this.intervalMs, n);
  }

  /** Queues the messages and retries that are due. */
  tick(now: number): void {
    for (const n of this.messageTimers.take(now)) this.writeMessage(n, now);
    for (const key of this.retryTimers.take(now)) {
      const message = this.retries.get(key)!;
      this.retries.delete(key);
      this.queue.push(message);
    }
  }

  /**
   * Whether the setup of a host may change now. A message that is in flight must stay true until its reply.
   */
  isIdle = (n: number): boolean => (this.flags[n]! & (DISCONNECTED | GONE | IN_FLIGHT)) === 0;
  markChanged = (n: number): void => this.set(n, REPORT_DUE);
  markSharedId = (n: number): void => this.set(n, SHARED_ID);
  switchOff = (n: number): void => this.set(n, GONE);
  disconnect = (n: number): void => this.set(n, DISCONNECTED);

  /** Reconnects a host. It sends its spool immediately. */
  reconnect(n: number): void {
    this.flags[n]! &= ~DISCONNECTED;
    if ((this.flags[n]! & (IN_FLIGHT | GONE)) === 0) this.sendNext(n);
  }

  nextSequence(n: number, now: number): number {
    // The report that loaded the host may have been sent in this second.
    return (this.sequences[n] = Math.max(this.sequences[n]!, sequenceAt(now)) + 1);
  }

  /** Number of messages without a reply, except those that are being sent. */
  get waiting(): number {
    let waiting = this.queue.length + this.retries.size;
    for (const spool of this.spools.values()) waiting += spool.length;
    return waiting;
  }

  handleReply(reply: Reply, now: number): void {
    const { message, result, code } = reply;
    if (result === 'RETRY') return this.scheduleRetry(reply, now);
    this.counters.documents++;
    if (message.fault !== undefined) {
      const { name, expected } = message.fault;
      return this.counters.increment(
        this.counters.faults,
        `${name} ${expected.includes(code) ? 'as expected' : code}`,
      );
    }
    this.counters.increment(this.counters.outcomes, code);
    if (message.machine !== undefined) return;
    const n = message.host;
    // for a shared id, another agent may have sent a newer sequence
    const refused = (result === 'REJECTED' || code === 'SUPERSEDED') && (this.flags[n]! & SHARED_ID) === 0;
    if (refused) this.counters.increment(this.counters.refused, `${message.kind} ${code}`);
    this.flags[n]! &= ~IN_FLIGHT;
    this.failures[n] = 0;
    if (message.kind === 'report') this.flags[n]! &= ~REPORT_DUE;
    const { followsRegistry, speed } = this.options;
    if (reply.intervalSeconds !== null && followsRegistry)
      this.intervalMs = (reply.intervalSeconds * 1000) / speed;
    if (code === 'REPORT_WANTED' && !this.spools.has(n)) {
      this.set(n, REPORT_DUE);
      this.addToSpool(n, now);
    }
    this.sendNext(n);
  }

  private writeMessage(n: number, now: number): void {
    if (this.flags[n]! & GONE) return;
    const jitter = 1 + JITTER * (2 * randomUnit(this.fleet.seed, PURPOSE + 1, this.draws++) - 1);
    this.messageTimers.add(now + this.intervalMs * jitter, n);
    this.addToSpool(n, now);
    if ((this.flags[n]! & (DISCONNECTED | IN_FLIGHT)) === 0) this.sendNext(n);
  }

  private addToSpool(n: number, now: number): void {
    const spool = this.spools.get(n) ?? [];
    const hasReport = spool.some((message) => message.kind === 'report');
    const kind = this.flags[n]! & REPORT_DUE && !hasReport ? 'report' : 'heartbeat';
    if (spool.length >= SPOOL_LIMIT) {
      const oldestHeartbeat = spool.findIndex((message) => message.kind === 'heartbeat');
      spool.splice(Math.max(0, oldestHeartbeat), 1);
    }
    spool.push({ host: n, kind, at: now, sequence: this.nextSequence(n, now) });
    this.spools.set(n, spool);
  }

  private sendNext(n: number): void {
    const spool = this.spools.get(n);
    if (spool === undefined || this.flags[n]! & (IN_FLIGHT | DISCONNECTED)) return;
    const message = spool.shift()!;
    if (spool.length === 0) this.spools.delete(n);
    this.flags[n]! |= IN_FLIGHT;
    this.queue.push(message);
  }

  private scheduleRetry({ message, code, retryAfterSeconds }: Reply, now: number): void {
    this.counters.increment(this.counters.errors, code);
    this.counters.retried++;
    // clones and faulty agents have no spool: they send their next message at the next interval
    if (message.machine !== undefined || message.fault !== undefined) return;
    const failures = this.failures[message.host]!;
    this.failures[message.host] = Math.min(failures + 1, 255);
    this.retries.set(message.host, message);
    const random = randomUnit(this.fleet.seed, PURPOSE + 2, this.draws++);
    this.retryTimers.add(now + backoff(failures, retryAfterSeconds, random), message.host);
  }

  private set(n: number, flag: number): void {
    this.flags[n]! |= flag;
  }
}
