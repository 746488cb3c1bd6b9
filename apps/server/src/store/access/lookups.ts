import { setTimeout as sleep } from 'node:timers/promises';

/** How long a statement without an answer holds the next one back. */
const PATIENCE_MS = 1_000;

interface Lookup<Row> {
  readonly keys: Set<string>;
  readonly rows: Promise<ReadonlyMap<string, Row>>;
}

/**
 * Looks up keys by one statement at a time: those that are asked for while it runs share the next one.
 * However many wrong keys are tried, the database has one statement to answer, and a right key waits for two
 * at most.
 */
export class Lookups<Row> {
  private next: Lookup<Row> | null = null;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Row>>) {}

  async find(key: string): Promise<Row | null> {
    this.next ??= this.begin();
    this.next.keys.add(key);
    return (await this.next.rows).get(key) ?? null;
  }

  private begin(): Lookup<Row> {
    const keys = new Set<string>();
    const rows = this.running.then(async () => {
      this.next = null;
      return this.read([...keys]);
    });
    const patience = sleep(PATIENCE_MS, undefined, { ref: false });
    this.running = Promise.race([rows, patience]).catch(() => undefined);
    return { keys, rows };
  }
}
