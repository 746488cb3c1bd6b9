// Many agents as the registry meets them: each with a connection of its own, one document at a time, the oldest first, with the agent's pauses and time limits.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wheel } from '../dist/run/wheel.js';
import { bodyOf, readAnswers } from './drive.mjs';
import { pauseBefore, ROUND_TRIES_MS, timeLimit, untilNextRound } from './spools.mjs';

/** So many connections at once: a process may often open 20,000 files, and both ends stay well below. An agent beyond waits in line, as in a kernel's queue, and its time limit runs. */
const MOST_OPEN = 10_000;
/** A connection that ended keeps its port for a minute, and an address has 28,000: so many addresses of the loopback are enough for 7,000 connections a second. */
const ADDRESSES = 16;
const TICK_MS = 20;
const DOORS = { report: '/v1/reports', heartbeat: '/v1/heartbeats' };
const LATER = new Set([408, 425, 429]);
const TAKEN = new Set(['STORED', 'UNCHANGED', 'REPEATED', 'CONFIRMED', 'REPORT_WANTED']);

/** Agents with their spools: letters, the oldest first, each `{ kind, sequence, write(now) }`. */
export class Agents {
  all = [];
  documents = 0;
  /** Answers that say "later", requests that ran into their time limit, and those whose connection broke. */
  busy = 0;
  late = 0;
  broken = 0;
  slowestMs = 0;
  mostOpen = 0;
  #tries = new Wheel();
  #rounds = new Wheel();
  #underWay = new Set();
  #inRound = new Set();
  #line = [];
  #open = 0;
  #opened = 0;
  #behind = 0;
  #lastBack = 0;
  /** The answer that no agent understands. @type {string | null} */
  #wrong = null;

  /** @param next gives the letter of the round that an agent begins, `next(n, 'round', now)`, and the report that the registry asks for, `next(n, 'report', now)` */
  constructor({ url, token, next }) {
    const { hostname, port } = new URL(url);
    this.place = { host: hostname, port: Number(port), noDelay: true };
    this.next = next;
    const headers = `host: ${hostname}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\nuser-agent: klpreg-agent`;
    this.heads = Object.fromEntries(Object.entries(DOORS).map(([kind, path]) => [kind, `POST ${path} HTTP/1.1\r\n${headers}\r\ncontent-length: `]));
  }

  /** One more agent, with what waits in its spool. The times are from now, as `whenBack` tells them; without a next round it lives for this spool alone. */
  add(letters, { turn = 0, triesMs, endsMs, nextRoundMs = null }, now) {
    const n = this.all.length;
    const agent = { n, letters, turn, ends: now + endsMs, socket: null, began: 0, until: 0, behind: true, acknowledged: { report: 0, heartbeat: 0 } };
    this.all.push(agent);
    this.#behind++;
    if (nextRoundMs !== null) this.#rounds.add(now + nextRoundMs, n);
    if (triesMs === null) return;
    this.#inRound.add(agent);
    this.#tries.add(now + triesMs, n);
  }

  /** Lives until every spool was empty once, and then to the end of the rounds that are under way. @returns the seconds until the last spool was empty */
  async run(longestSeconds) {
    const began = Date.now();
    while (this.#behind > 0 || this.#inRound.size > 0) {
      const now = Date.now();
      if (this.#wrong !== null) throw new Error(`a document was not taken: ${this.#wrong}`);
      if (now > began + longestSeconds * 1000) throw new Error(`${this.#behind} agents are not back after ${longestSeconds} s`);
      for (const n of this.#tries.take(now)) this.#knock(this.all[n]);
      if (this.#behind > 0) for (const n of this.#rounds.take(now)) this.#beginRound(this.all[n], now);
      for (const agent of this.#underWay) if (agent.until <= now) this.#giveUp(agent);
      await sleep(TICK_MS);
    }
    return (this.#lastBack - began) / 1000;
  }

  #beginRound(agent, now) {
    this.#rounds.add(now + untilNextRound(), agent.n);
    agent.letters.push(this.next(agent.n, 'round', now));
    agent.turn = 0;
    agent.ends = now + ROUND_TRIES_MS;
    this.#inRound.add(agent);
    this.#knock(agent);
  }

  /** Begins to send the oldest letter. */
  #knock(agent) {
    agent.began = Date.now();
    agent.until = agent.began + timeLimit(agent.ends - agent.began);
    this.#underWay.add(agent);
    if (agent.socket !== null) this.#write(agent);
    else if (this.#open < MOST_OPEN) this.#connect(agent);
    else this.#line.push(agent);
  }

  #connect(agent) {
    const socket = net.connect({ ...this.place, localAddress: `127.0.0.${2 + (this.#opened++ % ADDRESSES)}` });
    agent.socket = socket;
    this.mostOpen = Math.max(this.mostOpen, ++this.#open);
    socket.on('connect', () => this.#write(agent));
    // an error closes it
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(agent, socket));
    readAnswers(socket, (answer) => {
      if (agent.socket === socket && agent.until > 0) this.#answered(agent, answer);
    });
  }

  #closed(agent, socket) {
    this.#open--;
    if (agent.socket === socket) {
      agent.socket = null;
      if (agent.until > 0) {
        this.broken++;
        this.#tryLater(agent, null);
      }
    }
    while (this.#open < MOST_OPEN && this.#line.length > 0) {
      const first = this.#line.shift();
      // some have lost their patience
      if (first.until > 0 && first.socket === null) this.#connect(first);
    }
  }

  #write({ socket, letters: [letter], began }) {
    const body = letter.write(began);
    socket?.write(`${this.heads[letter.kind]}${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #answered(agent, answer) {
    const status = Number(answer.slice(9, 12));
    this.slowestMs = Math.max(this.slowestMs, Date.now() - agent.began);
    if (status >= 500 || LATER.has(status)) {
      this.busy++;
      const asked = /\r\nretry-after: (\d+)/i.exec(answer)?.[1];
      this.#tryLater(agent, asked === undefined ? null : Number(asked));
      return;
    }
    const outcome = /"outcome":"(\w+)"/.exec(bodyOf(answer))?.[1];
    if (!TAKEN.has(outcome)) this.#wrong ??= answer.slice(0, 600);
    this.#rest(agent);
    const letter = agent.letters.shift();
    agent.acknowledged[letter.kind] = letter.sequence;
    agent.turn = 0;
    this.documents++;
    if (outcome === 'REPORT_WANTED' && agent.letters.length === 0) agent.letters.push(this.next(agent.n, 'report', Date.now()));
    if (agent.letters.length > 0 && Date.now() <= agent.ends) this.#knock(agent);
    else this.#endRound(agent);
  }

  #giveUp(agent) {
    this.late++;
    const { socket } = agent;
    agent.socket = null;
    socket?.destroy();
    this.#tryLater(agent, null);
  }

  #tryLater(agent, afterSeconds) {
    this.#rest(agent);
    const now = Date.now();
    const pause = pauseBefore(agent.turn++, afterSeconds, agent.ends - now);
    if (pause === null) this.#endRound(agent);
    else this.#tries.add(now + pause, agent.n);
  }

  #rest(agent) {
    agent.until = 0;
    this.#underWay.delete(agent);
  }

  #endRound(agent) {
    this.#inRound.delete(agent);
    const { socket } = agent;
    agent.socket = null;
    socket?.end();
    if (agent.letters.length > 0 || !agent.behind) return;
    agent.behind = false;
    this.#behind--;
    this.#lastBack = Date.now();
  }
}
