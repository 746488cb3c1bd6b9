import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedOptions, EmbeddedPostgres } from './embedded-postgres.js';
import { EmbeddedPostgresError } from './error.js';

/** The maximum number of restarts within this time. After that a restart does not help. */
const STARTS = 3;
const WITHIN_MS = 10 * 60_000;
/** Until the child processes of a killed server have ended. */
const PAUSE_MS = 1_000;

/**
 * Restarts an embedded PostgreSQL at its address when it ends, whether this process started or adopted it.
 */
export class EmbeddedKeeper {
  private readonly starts: number[] = [];
  private stopping = false;

  private constructor(
    private server: EmbeddedPostgres,
    private readonly options: EmbeddedOptions,
    private readonly say: (line: string) => void,
    private readonly failed: (error: EmbeddedPostgresError) => void,
  ) {
    void this.keep();
  }

  /**
   * @param say called at each restart
   * @param failed called if the server cannot be kept running
   * @throws EmbeddedPostgresError if the first start fails
   */
  static async start(
    options: EmbeddedOptions,
    say: (line: string) => void,
    failed: (error: EmbeddedPostgresError) => void,
  ): Promise<EmbeddedKeeper> {
    return new EmbeddedKeeper(await EmbeddedPostgres.start(options), options, say, failed);
  }

  get url(): string {
    return this.server.url;
  }

  /** True: another process started it. */
  get adopted(): boolean {
    return this.server.adopted;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.server.stop();
  }

  private async keep(): Promise<void> {
    for (;;) {
      await this.server.ended();
      if (this.stopping) return;
      try {
        await this.again();
      } catch (error) {
        this.failed(error as EmbeddedPostgresError);
        return;
      }
    }
  }

  /** @throws EmbeddedPostgresError after too many starts */
  private async again(): Promise<void> {
    const { url } = this.server;
    for (let last = 'it ended'; ; await sleep(PAUSE_MS)) {
      const now = performance.now();
      while (this.starts.length > 0 && now - this.starts[0]! > WITHIN_MS) this.starts.shift();
      if (this.starts.length >= STARTS)
        throw new EmbeddedPostgresError(
          `The embedded PostgreSQL ended ${STARTS + 1} times within ${WITHIN_MS / 60_000} minutes ` +
            `(${last}): look at its disk and memory, then start again`,
        );
      this.starts.push(now);
      this.say(`the embedded PostgreSQL has ended; it is started again (${this.starts.length} of ${STARTS})`);
      try {
        this.server = await EmbeddedPostgres.start({ ...this.options, port: Number(new URL(url).port) });
      } catch (error) {
        last = (error as Error).message;
        continue;
      }
      // clients know the earlier address
      if (this.server.url === url) {
        if (this.stopping) await this.server.stop();
        return;
      }
      throw new EmbeddedPostgresError(
        'Another process has started the embedded PostgreSQL at another address: start this server again',
      );
    }
  }
}
