import type { Capabilities } from '../situation.js';
import { blockDisable } from './block-disable.js';
import { klp55 } from './klp-5.5.js';
import { none } from './none.js';
import { replaceSet } from './replace-set.js';
import type { Rules, RuleSet } from './rules.js';

/** What a choice of rules rests on: what the agent probed, the release alone, the asker's wish, or nothing. */
export type RulesBasis = 'KALLSYMS' | 'BTF' | 'SYSFS' | 'RELEASE' | 'ASKED' | 'NOTHING';

/** The rule sets that a kernel may follow. Several: judge under each. None: a kernel that no rule set describes. */
export interface RulesChoice {
  readonly candidates: readonly Rules[];
  readonly basis: RulesBasis;
}

export const RULE_SETS: Readonly<Record<RuleSet, Rules>> = { none, 'klp-5.5': klp55, 'block-disable': blockDisable, 'replace-set': replaceSet };

const STATE_CHECK = 'klp_is_patch_compatible';

/**
 * Which rules does this kernel follow?
 *
 * Told by what the agent probed, not by the release: distributions backport. Only without kallsyms does a mainline release from 5.5 to 7.3 decide.
 */
export function chooseRules(capabilities: Capabilities, kernelRelease: string, asked: RuleSet | null = null): RulesChoice {
  if (asked !== null) return { candidates: [RULE_SETS[asked]], basis: 'ASKED' };
  const { symbols, symbolsComplete, stateFields } = capabilities;
  if (capabilities.replaceSetAttribute === true) return { candidates: [replaceSet], basis: 'SYSFS' };
  if (symbols?.includes('klp_patch_disable_blocked')) return { candidates: [blockDisable], basis: 'KALLSYMS' };
  if (stateFields !== null && !stateFields.includes('version')) return { candidates: [blockDisable], basis: 'BTF' };

  const release = numberOf(kernelRelease);
  const mainline = release !== null && release >= 505 && release <= 703;
  if (symbols?.includes(STATE_CHECK))
    return { candidates: mainline || capabilities.replaceSetAttribute === false ? [klp55] : [klp55, replaceSet], basis: 'KALLSYMS' };
  if (symbols !== null && symbolsComplete && symbols.includes('klp_enable_patch') && release !== null && release >= 501)
    return { candidates: [none], basis: 'KALLSYMS' };
  if (mainline) return { candidates: [klp55], basis: 'RELEASE' };
  if (release !== null && release > 703)
    return { candidates: stateFields === null ? [klp55, blockDisable, replaceSet] : [klp55, replaceSet], basis: 'NOTHING' };
  return { candidates: release !== null && release >= 501 ? [none, klp55] : [], basis: 'NOTHING' };
}

/** `6.12.95+deb12` is 612; null where there is no number to read. */
function numberOf(release: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})(?!\d)/.exec(release);
  if (parts === null || Number(parts[2]) > 99) return null;
  return Number(parts[1]) * 100 + Number(parts[2]);
}
