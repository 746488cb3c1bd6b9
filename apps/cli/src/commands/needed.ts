import type { Command } from 'commander';
import type { Act } from './act.js';
import type { Commands } from '../program.js';

type Load = () => Promise<(act: Act) => Command>;

/**
 * Commands that are often asked for, each loaded alone. Loading all of them takes most of the time of a
 * simple command.
 */
const ALONE: Readonly<Record<string, Load>> = {
  'can-i-downgrade': async () => (await import('./can-i-downgrade.js')).canIDowngrade,
  'can-i-deploy': async () => (await import('./can-i-deploy.js')).canIDeploy,
  plan: async () => (await import('./plan.js')).plan,
  drift: async () => (await import('./drift.js')).drift,
  nagios: async () => (await import('./nagios.js')).nagios,
  explain: async () => (await import('./explain.js')).explain,
  hosts: async () => (await import('./hosts.js')).hosts,
  host: async () => (await import('./host.js')).host,
  states: async () => (await import('./states.js')).states,
  decision: async () => (await import('./decision.js')).decision,
  waiver: async () => (await import('./waiver.js')).waiver,
  certificate: async () => (await import('./certificate.js')).certificate,
  audit: async () => (await import('./audit.js')).audit,
  token: async () => (await import('./token.js')).token,
  version: async () => (await import('./version.js')).version,
};

const HELP = ['help', '--help', '-h'];

/**
 * Loads the commands that these words need: all, unless the first word names one and no help is asked for.
 */
export async function commandsFor(words: readonly string[]): Promise<Commands> {
  const [first = ''] = words;
  const load = Object.hasOwn(ALONE, first) && !words.some((word) => HELP.includes(word)) && ALONE[first];
  if (!load) return (await import('./all.js')).allCommands;
  const command = await load();
  return (act) => [command(act)];
}
