import type { Command } from 'commander';
import { type ExitCode, usage } from '../exits.js';
import { openRegistry, type Registry } from '../registry/client.js';
import { type GlobalFlags, type Settings, settingsFrom } from '../settings.js';
import { isReportFormat } from '../show/output.js';
import type { Environment } from '../environment.js';

/** What a command works with. */
export interface Context<F> {
  readonly flags: F;
  /** The arguments in the order of their declaration. A repeatable one is an array. */
  readonly args: readonly unknown[];
  readonly settings: Settings;
  readonly environment: Environment;
  readonly registry: Registry;
}

/** Wraps a command's work as a commander action, which passes its exit code to `ended`. */
export type Act = <F>(
  work: (context: Context<F>) => Promise<ExitCode>,
  /** The formats of other tools can be asked for. */
  options?: { readonly reports: true },
) => (...parameters: unknown[]) => Promise<void>;

export const actIn =
  (environment: Environment, ended: (exit: ExitCode) => void): Act =>
  <F>(work: (context: Context<F>) => Promise<ExitCode>, options?: { readonly reports: true }) =>
  async (...parameters: unknown[]) => {
    const command = parameters.at(-1) as Command;
    const settings = settingsFrom(command.optsWithGlobals<GlobalFlags>(), environment);
    // before anything is changed
    if (isReportFormat(settings.output) && options?.reports !== true)
      throw usage(
        `'${settings.output}' is a format of gates, and ${command.name()} is none`,
        'write table, json or yaml',
      );
    ended(
      await work({
        flags: command.opts() as F,
        args: command.processedArgs,
        settings,
        environment,
        registry: openRegistry(settings, environment),
      }),
    );
  };
