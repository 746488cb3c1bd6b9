import type { Counters } from './counters.js';

const TERMINAL_MS = 500;
const FILE_MS = 10_000;

const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const counts = (map: ReadonlyMap<string, number>): string =>
  [...map].map(([key, count]) => `${key} ${number(count)}`).join(' ');

/** Shows the progress of a run: one line that is updated on a terminal, else a line every ten seconds. */
export class Progress {
  private readonly timer: NodeJS.Timeout;
  private last = { documents: 0, at: performance.now() };
  /** Returns the number of messages that wait. The run sets it. */
  waiting: () => number = () => 0;

  constructor(
    private readonly counters: Counters,
    private readonly hosts: number,
    private readonly stream: NodeJS.WriteStream,
  ) {
    this.timer = setInterval(() => this.show(), stream.isTTY ? TERMINAL_MS : FILE_MS);
    this.timer.unref();
  }

  show(): void {
    const { counters, stream } = this;
    const now = performance.now();
    const perSecond = ((counters.documents - this.last.documents) * 1000) / Math.max(1, now - this.last.at);
    this.last = { documents: counters.documents, at: now };
    const seconds = Math.floor(counters.seconds);
    const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
    const parts = [
      clock,
      ...(counters.loaded < this.hosts ? [`loaded ${number(counters.loaded)} of ${number(this.hosts)}`] : []),
      `${number(perSecond)} documents/s`,
      `p50 ${counters.percentile(0.5)} ms p99 ${counters.percentile(0.99)} ms`,
      counts(counters.outcomes),
      `waiting ${number(this.waiting())}`,
      ...(counters.errors.size > 0 ? [`errors ${counts(counters.errors)}`] : []),
      ...(counters.refused.size > 0 ? [`refused ${counts(counters.refused)}`] : []),
    ];
    const line = parts.join('  ');
    stream.write(stream.isTTY ? `\r\u001b[K${line.slice(0, stream.columns - 1)}` : `${line}\n`);
  }

  /** Writes a line that is not overwritten. */
  print(text: string): void {
    this.stream.write(this.stream.isTTY ? `\r\u001b[K${text}\n` : `${text}\n`);
  }

  close(): void {
    clearInterval(this.timer);
    if (this.stream.isTTY) this.stream.write('\r\u001b[K');
  }
}
