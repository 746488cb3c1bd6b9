import type { Capabilities } from './capabilities.js';
import { blockDisable } from './block-disable.js';
import { klp55 } from './klp-5.5.js';
import { none } from './none.js';
import { replaceSet } from './replace-set.js';
import type { Replacing, Rules, RuleSet } from './rules.js';

/** What a choice of rules is based on: what the agent probed, the release alone, the question, or nothing. */
export type RulesBasis = 'KALLSYMS' | 'BTF' | 'SYSFS' | 'RELEASE' | 'QUESTION' | 'NOTHING';

/**
 * The rule sets that a kernel may follow. Several: judge under each. None: a kernel that no rule set
 * describes.
 */
export interface RulesChoice {
  readonly candidates: readonly Rules[];
  readonly basis: RulesBasis;
  /** The same as data, for a verdict. */
  readonly chosen: { readonly sets: readonly RuleSet[]; readonly basis: RulesBasis };
}

const choice = (candidates: readonly Rules[], basis: RulesBasis): RulesChoice => ({
  candidates,
  basis,
  chosen: { sets: candidates.map((candidate) => candidate.name), basis },
});

export const RULE_SETS: Readonly<Record<RuleSet, Rules>> = {
  none,
  'klp-5.5': klp55,
  'block-disable': blockDisable,
  'replace-set': replaceSet,
};

/** Each of these came with the state check, and link-time optimisation can inline the first. */
const STATE_CHECK = ['klp_is_patch_compatible', 'klp_get_state', 'klp_get_prev_state'];

/**
 * Chooses the rules that this kernel follows.
 *
 * What the agent probed decides, not the release: distributions backport. Only without kallsyms does a
 * mainline release from 5.5 to 7.3 decide.
 */
export function chooseRules(
  capabilities: Capabilities,
  kernelRelease: string,
  requested: RuleSet | null = null,
): RulesChoice {
  if (requested !== null) return choice([RULE_SETS[requested]], 'QUESTION');
  const { symbols, symbolsComplete, stateFields } = capabilities;
  if (capabilities.replaceSetAttribute === true) return choice([replaceSet], 'SYSFS');
  if (symbols?.includes('klp_patch_disable_blocked')) return choice([blockDisable], 'KALLSYMS');
  if (stateFields !== null && !stateFields.includes('version')) return choice([blockDisable], 'BTF');

  const release = numberOf(kernelRelease);
  const mainline = release !== null && release >= 505 && release <= 703;
  if (symbols?.some((name) => STATE_CHECK.includes(name)))
    return choice(
      mainline || capabilities.replaceSetAttribute === false ? [klp55] : [klp55, replaceSet],
      'KALLSYMS',
    );
  if (
    symbols !== null &&
    symbolsComplete &&
    symbols.includes('klp_enable_patch') &&
    release !== null &&
    release >= 501
  )
    return choice([none], 'KALLSYMS');
  if (mainline) return choice([klp55], 'RELEASE');
  if (release !== null && release > 703)
    return choice(stateFields === null ? [klp55, blockDisable, replaceSet] : [klp55, replaceSet], 'NOTHING');
  return choice(release !== null && release >= 501 ? [none, klp55] : [], 'NOTHING');
}

/** The release as a number: `6.12.95+deb12` is 612; null if there is no number to read. */
export function numberOf(release: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})(?!\d)/.exec(release);
  if (parts === null || Number(parts[2]) > 99) return null;
  return Number(parts[1]) * 100 + Number(parts[2]);
}

/**
 * Returns the patches that loading this one replaces; null if that is not known. The oldest of several rule
 * sets decides.
 */
export const replacedBy = <P extends Replacing>(
  target: Replacing,
  listed: readonly P[],
  rules: readonly Rules[],
): readonly P[] | null => (rules[0] ?? klp55).replacedBy(target, listed);
