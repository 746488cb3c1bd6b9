import type { Letter } from './deliver.js';

/** Letters that wait for a connection. Reports go before heartbeats: somebody has asked for them. */
export class Outbox {
  private readonly lines: Record<Letter['kind'], { letters: Letter[]; from: number }> = {
    report: { letters: [], from: 0 },
    heartbeat: { letters: [], from: 0 },
  };
  private waiting: (() => void)[] = [];
  private closed = false;

  get length(): number {
    const { report, heartbeat } = this.lines;
    return report.letters.length - report.from + heartbeat.letters.length - heartbeat.from;
  }

  put(letter: Letter): void {
    this.lines[letter.kind].letters.push(letter);
    this.waiting.pop()?.();
  }

  /** Up to so many letters of one kind, oldest first; waits until there is one. @returns none: the box is closed */
  async take(most: number): Promise<Letter[]> {
    while (!this.closed) {
      for (const line of [this.lines.report, this.lines.heartbeat]) {
        if (line.letters.length === line.from) continue;
        const taken = line.letters.slice(line.from, line.from + most);
        line.from += taken.length;
        if (line.from === line.letters.length || line.from > 10_000) {
          line.letters = line.letters.slice(line.from);
          line.from = 0;
        }
        return taken;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return [];
  }

  close(): void {
    this.closed = true;
    for (const wake of this.waiting.splice(0)) wake();
  }
}
