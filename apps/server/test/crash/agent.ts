import type { Heartbeat, Report } from '@klpreg/wire';
import { listed, running, sealed } from '../registry.js';
import type { Random } from './random.js';

/** What an agent sends, and where to. */
export type Letter =
  | { readonly door: 'reports'; readonly body: Report }
  | {
      readonly door: 'heartbeats';
      readonly body: Heartbeat;
      readonly expected: 'CONFIRMED' | 'REPORT_WANTED';
    };

export interface Outcome {
  readonly outcome?: string;
  readonly reason?: string | null;
}

const STACKS = [[], ['lab_r_1v1_a'], ['lab_r_1v2_a'], ['lab_r_1v1_a', 'lab_n_1v1_a']];
const listOf = (names: readonly string[]) => names.map((name, i) => listed(name, { stackOrder: i + 1 }));

/** A host's agent: sends one document after the other, and one that was not answered again until it is. */
export class Agent {
  readonly id: string;
  /** The last report and the last document at all that the registry acknowledged. */
  report: Report | null = null;
  sequence = 0;
  acknowledged = 0;
  /** Written, and not acknowledged yet. */
  pending: Letter | null = null;
  private tries = 0;
  /** The registry was told of other content: it wants a report. */
  private wanted = false;

  constructor(
    readonly name: string,
    private readonly random: Random,
  ) {
    this.id = running(name, []).host.instance;
  }

  /** The document to send now. */
  next(): Letter {
    this.tries = this.pending === null ? 0 : this.tries + 1;
    return (this.pending ??= this.write(this.sequence + 1));
  }

  /** @returns what is wrong with this answer; null: nothing */
  hear(letter: Letter, { outcome = '', reason = null }: Outcome): string | null {
    this.pending = null;
    this.sequence = letter.body.sequence;
    this.acknowledged += 1;
    if (letter.door === 'reports') {
      this.report = letter.body;
      this.wanted = false;
    } else if (outcome === 'REPORT_WANTED') this.wanted = true;
    const fine =
      letter.door === 'heartbeats'
        ? [letter.expected]
        : this.tries > 0
          ? ['STORED', 'UNCHANGED', 'REPEATED']
          : ['STORED', 'UNCHANGED'];
    return fine.includes(outcome)
      ? null
      : `${this.name}: ${letter.door} ${letter.body.sequence} was answered ${outcome} ${reason ?? ''}, not ${fine.join(' or ')}`;
  }

  private write(sequence: number): Letter {
    const { report, random } = this;
    if (report === null)
      return { door: 'reports', body: sealed({ ...running(this.name, random.pick(STACKS)), sequence }) };
    if (this.wanted || random.chance(0.45))
      return { door: 'reports', body: sealed({ ...report, ...this.change(report), sequence }) };
    const other = random.chance(0.1);
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
    return { door: 'heartbeats', body, expected: other ? 'REPORT_WANTED' : 'CONFIRMED' };
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
