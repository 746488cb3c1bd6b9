import type { Heartbeat, Report } from '@klpreg/wire';
import { listed, running, sealed } from '../registry.js';
import type { Random } from '../random.js';

/** A message of an agent; `kind` names the route. */
export type Message =
  | { readonly kind: 'reports'; readonly body: Report }
  | {
      readonly kind: 'heartbeats';
      readonly body: Heartbeat;
      readonly expected: 'CONFIRMED' | 'REPORT_WANTED';
    };

export interface Outcome {
  readonly outcome?: string;
  readonly reason?: string | null;
}

const STACKS = [[], ['lab_r_1v1_a'], ['lab_r_1v2_a'], ['lab_r_1v1_a', 'lab_n_1v1_a']];
const listOf = (names: readonly string[]) => names.map((name, i) => listed(name, { stackOrder: i + 1 }));

/** A host's agent: sends one message after the other, and repeats a message until it is answered. */
export class Agent {
  readonly id: string;
  /** The last report that the registry acknowledged. */
  report: Report | null = null;
  /** Of the last message that the registry acknowledged. */
  sequence = 0;
  acknowledged = 0;
  /** Made, and not acknowledged yet. */
  pending: Message | null = null;
  private tries = 0;
  /** The registry answered REPORT_WANTED. */
  private reportWanted = false;

  constructor(
    readonly name: string,
    private readonly random: Random,
  ) {
    this.id = running(name, []).host.instance;
  }

  /** Returns the message to send now. */
  next(): Message {
    this.tries = this.pending === null ? 0 : this.tries + 1;
    return (this.pending ??= this.make(this.sequence + 1));
  }

  /** Takes an answer. @returns what is wrong with it, or null */
  receive(message: Message, { outcome = '', reason = null }: Outcome): string | null {
    this.pending = null;
    this.sequence = message.body.sequence;
    this.acknowledged += 1;
    if (message.kind === 'reports') {
      this.report = message.body;
      this.reportWanted = false;
    } else if (outcome === 'REPORT_WANTED') this.reportWanted = true;
    const expected =
      message.kind === 'heartbeats'
        ? [message.expected]
        : this.tries > 0
          ? ['STORED', 'UNCHANGED', 'REPEATED']
          : ['STORED', 'UNCHANGED'];
    return expected.includes(outcome)
      ? null
      : `${this.name}: ${message.kind} ${message.body.sequence} was answered ${outcome} ${reason ?? ''}, ` +
          `not ${expected.join(' or ')}`;
  }

  private make(sequence: number): Message {
    const { report, random } = this;
    if (report === null)
      return { kind: 'reports', body: sealed({ ...running(this.name, random.pick(STACKS)), sequence }) };
    if (this.reportWanted || random.happens(0.45))
      return { kind: 'reports', body: sealed({ ...report, ...this.change(report), sequence }) };
    const other = random.happens(0.1);
    const digest = other ? 'a'.repeat(64) : report.digest;
    const { host, clock } = report;
    const body: Heartbeat = {
      schema: 'heartbeat/v1',
      instance: host.instance,
      bootId: host.bootId,
      sequence,
      digest,
      clock,
    };
    return { kind: 'heartbeats', body, expected: other ? 'REPORT_WANTED' : 'CONFIRMED' };
  }

  private change({ host }: Report): Partial<Report> {
    const { random } = this;
    const what = random.next();
    if (what < 0.7) return { livepatches: listOf(random.pick(STACKS)) };
    if (what < 0.85) return { host: { ...host, labels: { rack: `r${random.between(1, 4)}` } } };
    return what < 0.95
      ? {
          host: {
            ...host,
            bootId: `b0b0b0b0-0000-4000-8000-${String(random.between(0, 999_999)).padStart(12, '0')}`,
          },
        }
      : {};
  }
}
