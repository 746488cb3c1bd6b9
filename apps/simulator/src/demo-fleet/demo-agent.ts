import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError } from '../fatal-error.js';
import type { Registry } from '../registry.js';
import type { CapturedFiles } from './captured-files.js';
import { failure, type Programs } from './fill-registry.js';
import type { DemoHost } from './hosts.js';

/**
 * The agent of a demo host, in one boot of it.
 *
 * The instance is the hostname, so that a second demo reports the same host, in another boot.
 * The agent's state is kept in `state`, so that its sequence continues.
 */
export class DemoAgent {
  private readonly bootId = randomUUID();

  constructor(
    private readonly host: DemoHost,
    private readonly captured: CapturedFiles,
    private readonly state: string,
    private readonly programs: Programs,
    private readonly registry: Registry,
  ) {}

  /** Reports the host twice: as at boot, before its first livepatch, and as it is now. */
  async start(): Promise<void> {
    const { atBoot, now } = await this.captured.roots(this.host);
    await this.report(atBoot);
    await this.report(now);
  }

  /** Confirms that the host is as before: a heartbeat, or a report if the registry wants one. */
  async confirm(): Promise<void> {
    await this.report((await this.captured.roots(this.host)).now);
  }

  private async report(root: readonly string[]): Promise<void> {
    const { hostname, labels, kernel } = this.host;
    const labelFlags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    const identity = [
      '--instance',
      `demo/${hostname}`,
      '--hostname',
      hostname,
      '--boot-id',
      this.bootId,
      ...labelFlags,
    ];
    const folders = ['--modules', this.captured.modules(kernel), '--state', path.join(this.state, hostname)];
    const args = ['report', ...root, ...identity, ...folders, '--url', this.registry.url];
    const result = await this.programs.agent(args, { KLPREG_TOKEN: this.registry.token });
    if (result.exit !== 0)
      throw new FatalError(`The agent of ${hostname} failed ${failure(result)}\n${ANOTHER_STATE}`);
  }
}

const ANOTHER_STATE =
  'If this registry has hosts of a demo that ran in another folder, set KLPREG_DATA to a new folder for ' +
  'both.';

/**
 * Runs one agent after the other, each once in `intervalMs`, until the signal.
 *
 * @param warn is called once if agents begin to fail, and with null when they succeed again
 */
export async function keepFresh(
  agents: readonly DemoAgent[],
  intervalMs: number,
  signal: AbortSignal,
  warn: (message: string | null) => void,
): Promise<void> {
  let failing = false;
  for (let i = 0; !signal.aborted; i = (i + 1) % agents.length) {
    const next = sleep(intervalMs / agents.length, undefined, { signal }).catch(() => undefined);
    try {
      await agents[i]!.confirm();
      if (failing) warn(null);
      failing = false;
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      if (!failing && !signal.aborted) warn(error.message);
      failing = true;
    }
    await next;
  }
}
