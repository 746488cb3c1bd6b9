// Simulates many agents. Each has its own connection, sends one message at a time, oldest first,
// and keeps the real agent's pauses and time limits.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TimerWheel } from '../dist/run/timer-wheel.js';
import { bodyOf, readResponses } from './drive.mjs';
import { pauseBefore, CYCLE_LIMIT_MS, timeLimit, untilNextCycle } from './spools.mjs';

/**
 * Maximum number of open connections: a process can often open 20,000 files, and client and server stay well
 * below.
 * Further agents wait in a queue, as in the kernel's accept backlog, while their time limits run.
 */
const MAX_OPEN = 10_000;
/**
 * Number of loopback addresses to connect from, enough for 7,000 connections a second:
 * a closed connection keeps its port for a minute (TIME_WAIT), and an address has 28,000 ports.
 */
const ADDRESSES = 16;
const TICK_MS = 20;
const ROUTES = { report: '/v1/reports', heartbeat: '/v1/heartbeats' };
const RETRY = new Set([408, 425, 429]);
const ACCEPTED = new Set(['STORED', 'UNCHANGED', 'REPEATED', 'CONFIRMED', 'REPORT_WANTED']);

/** Agents with their spools. A spool has messages `{ kind, sequence, write(now) }`, oldest first. */
export class Agents {
  all = [];
  documents = 0;
  /** Replies that ask to retry, requests over their time limit, and connections that were closed early. */
  busy = 0;
  timedOut = 0;
  broken = 0;
  slowestMs = 0;
  maxOpen = 0;
  #retryTimers = new TimerWheel();
  #cycleTimers = new TimerWheel();
  #inFlight = new Set();
  #inCycle = new Set();
  #connectQueue = [];
  #open = 0;
  #connections = 0;
  #recovering = 0;
  #lastRecovered = 0;
  /** The first reply that is neither an acceptance nor a retry. @type {string | null} */
  #unexpected = null;

  /**
   * @param next returns the message of a new cycle for `next(n, 'cycle', now)`,
   * and the report that the registry asks for with `next(n, 'report', now)`
   */
  constructor({ url, token, next }) {
    const { hostname, port } = new URL(url);
    this.address = { host: hostname, port: Number(port), noDelay: true };
    this.next = next;
    const headers = [
      `host: ${hostname}`,
      `authorization: Bearer ${token}`,
      'content-type: application/json',
      'user-agent: klpreg-agent',
    ].join('\r\n');
    const headOf = (path) => `POST ${path} HTTP/1.1\r\n${headers}\r\ncontent-length: `;
    this.heads = Object.fromEntries(Object.entries(ROUTES).map(([kind, path]) => [kind, headOf(path)]));
  }

  /**
   * Adds an agent with the messages of its spool. The times are relative to `now`, as `agentAfterOutage`
   * returns them.
   * Without a next cycle, the agent stops when its spool is empty.
   */
  add(messages, { failures = 0, retryMs, endsMs, nextCycleMs = null }, now) {
    const n = this.all.length;
    const agent = {
      n,
      messages,
      failures,
      endsAt: now + endsMs,
      socket: null,
      sentAt: 0,
      deadline: 0,
      recovering: true,
      acknowledged: { report: 0, heartbeat: 0 },
    };
    this.all.push(agent);
    this.#recovering++;
    if (nextCycleMs !== null) this.#cycleTimers.add(now + nextCycleMs, n);
    if (retryMs === null) return;
    this.#inCycle.add(agent);
    this.#retryTimers.add(now + retryMs, n);
  }

  /**
   * Runs until each spool was empty once, and then to the end of the open cycles.
   *
   * @returns the seconds until the last spool was empty
   */
  async run(limitSeconds) {
    const startedAt = Date.now();
    while (this.#recovering > 0 || this.#inCycle.size > 0) {
      const now = Date.now();
      if (this.#unexpected !== null) throw new Error(`a message was not accepted: ${this.#unexpected}`);
      if (now > startedAt + limitSeconds * 1000)
        throw new Error(`${this.#recovering} agents still have spooled messages after ${limitSeconds} s`);
      for (const n of this.#retryTimers.take(now)) this.#sendOldest(this.all[n]);
      if (this.#recovering > 0)
        for (const n of this.#cycleTimers.take(now)) this.#startCycle(this.all[n], now);
      for (const agent of this.#inFlight) if (agent.deadline <= now) this.#timeOut(agent);
      await sleep(TICK_MS);
    }
    return (this.#lastRecovered - startedAt) / 1000;
  }

  #startCycle(agent, now) {
    this.#cycleTimers.add(now + untilNextCycle(), agent.n);
    agent.messages.push(this.next(agent.n, 'cycle', now));
    agent.failures = 0;
    agent.endsAt = now + CYCLE_LIMIT_MS;
    this.#inCycle.add(agent);
    this.#sendOldest(agent);
  }

  #sendOldest(agent) {
    agent.sentAt = Date.now();
    agent.deadline = agent.sentAt + timeLimit(agent.endsAt - agent.sentAt);
    this.#inFlight.add(agent);
    if (agent.socket !== null) this.#write(agent);
    else if (this.#open < MAX_OPEN) this.#connect(agent);
    else this.#connectQueue.push(agent);
  }

  #connect(agent) {
    const socket = net.connect({
      ...this.address,
      localAddress: `127.0.0.${2 + (this.#connections++ % ADDRESSES)}`,
    });
    agent.socket = socket;
    this.maxOpen = Math.max(this.maxOpen, ++this.#open);
    socket.on('connect', () => this.#write(agent));
    // 'close' follows
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose(agent, socket));
    readResponses(socket, (response) => {
      if (agent.socket === socket && agent.deadline > 0) this.#onReply(agent, response);
    });
  }

  #onClose(agent, socket) {
    this.#open--;
    if (agent.socket === socket) {
      agent.socket = null;
      if (agent.deadline > 0) {
        this.broken++;
        this.#scheduleRetry(agent, null);
      }
    }
    while (this.#open < MAX_OPEN && this.#connectQueue.length > 0) {
      const first = this.#connectQueue.shift();
      // the time limit of some agents is over
      if (first.deadline > 0 && first.socket === null) this.#connect(first);
    }
  }

  #write({ socket, messages: [message], sentAt }) {
    const body = message.write(sentAt);
    socket?.write(`${this.heads[message.kind]}${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #onReply(agent, response) {
    const status = Number(response.slice(9, 12));
    this.slowestMs = Math.max(this.slowestMs, Date.now() - agent.sentAt);
    if (status >= 500 || RETRY.has(status)) {
      this.busy++;
      const retryAfter = /\r\nretry-after: (\d+)/i.exec(response)?.[1];
      this.#scheduleRetry(agent, retryAfter === undefined ? null : Number(retryAfter));
      return;
    }
    const outcome = /"outcome":"(\w+)"/.exec(bodyOf(response))?.[1];
    if (!ACCEPTED.has(outcome)) this.#unexpected ??= response.slice(0, 600);
    this.#clearDeadline(agent);
    const message = agent.messages.shift();
    agent.acknowledged[message.kind] = message.sequence;
    agent.failures = 0;
    this.documents++;
    if (outcome === 'REPORT_WANTED' && agent.messages.length === 0)
      agent.messages.push(this.next(agent.n, 'report', Date.now()));
    if (agent.messages.length > 0 && Date.now() <= agent.endsAt) this.#sendOldest(agent);
    else this.#endCycle(agent);
  }

  #timeOut(agent) {
    this.timedOut++;
    const { socket } = agent;
    agent.socket = null;
    socket?.destroy();
    this.#scheduleRetry(agent, null);
  }

  #scheduleRetry(agent, retryAfterSeconds) {
    this.#clearDeadline(agent);
    const now = Date.now();
    const pause = pauseBefore(agent.failures++, retryAfterSeconds, agent.endsAt - now);
    if (pause === null) this.#endCycle(agent);
    else this.#retryTimers.add(now + pause, agent.n);
  }

  #clearDeadline(agent) {
    agent.deadline = 0;
    this.#inFlight.delete(agent);
  }

  #endCycle(agent) {
    this.#inCycle.delete(agent);
    const { socket } = agent;
    agent.socket = null;
    socket?.end();
    if (agent.messages.length > 0 || !agent.recovering) return;
    agent.recovering = false;
    this.#recovering--;
    this.#lastRecovered = Date.now();
  }
}
