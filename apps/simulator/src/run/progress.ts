import type { Tally } from './tally.js';

const ON_A_TERMINAL_MS = 500;
const IN_A_FILE_MS = 10_000;

const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const counts = (map: ReadonlyMap<string, number>): string => [...map].map(([key, count]) => `${key} ${number(count)}`).join(' ');

/** Shows how it goes: one line that changes on a terminal, else a line every ten seconds. */
export class Progress {
  private readonly timer: NodeJS.Timeout;
  private last = { documents: 0, at: performance.now() };
  /** Told by whoever knows. */
  waiting: () => number = () => 0;

  constructor(
    private readonly tally: Tally,
    private readonly hosts: number,
    private readonly stream: NodeJS.WriteStream,
  ) {
    this.timer = setInterval(() => this.show(), stream.isTTY ? ON_A_TERMINAL_MS : IN_A_FILE_MS);
    this.timer.unref();
  }

  /** One line, now. */
  show(): void {
    const { tally, stream } = this;
    const now = performance.now();
    const perSecond = ((tally.documents - this.last.documents) * 1000) / Math.max(1, now - this.last.at);
    this.last = { documents: tally.documents, at: now };
    const seconds = Math.floor(tally.seconds);
    const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
    const parts = [
      clock,
      ...(tally.loaded < this.hosts ? [`loaded ${number(tally.loaded)} of ${number(this.hosts)}`] : []),
      `${number(perSecond)} documents/s`,
      `p50 ${tally.percentile(0.5)} ms p99 ${tally.percentile(0.99)} ms`,
      counts(tally.outcomes),
      `waiting ${number(this.waiting())}`,
      ...(tally.errors.size > 0 ? [`errors ${counts(tally.errors)}`] : []),
      ...(tally.refused.size > 0 ? [`refused ${counts(tally.refused)}`] : []),
    ];
    const line = parts.join('  ');
    stream.write(stream.isTTY ? `\r\u001b[K${line.slice(0, stream.columns - 1)}` : `${line}\n`);
  }

  /** A line that stays. */
  say(text: string): void {
    this.stream.write(this.stream.isTTY ? `\r\u001b[K${text}\n` : `${text}\n`);
  }

  close(): void {
    clearInterval(this.timer);
    if (this.stream.isTTY) this.stream.write('\r\u001b[K');
  }
}
