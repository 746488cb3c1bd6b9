import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import type { Situation } from '../facts/situation.js';
import { about, FTRACE_GATE, type Reason } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';

/**
 * Returns which settings of the host refuse this plan, and which are not known.
 *
 * Mirrors `may_init_module()` (`modules_disabled`), and `__register_ftrace_function()`, which livepatch
 * reaches last.
 */
export function findGateReasons({ load }: Plan, host: ResolvedSituation): Reason[] {
  if (load === null) return [];
  const { gates } = host.situation;
  const unknown = namesOfUnknownGates(host.situation);
  return [
    ...(gates.modulesDisabled === true ? [{ code: 'MODULES_DISABLED', ...about(load) } as const] : []),
    ...(unknown.length > 0
      ? [{ code: 'HOST_GATES_UNKNOWN', detail: `${unknown.join(', ')} not reported` } as const]
      : []),
    ...(gates.ftraceEnabled === false ? [withoutFtrace(load, host)].flatMap((reason) => reason ?? []) : []),
  ];
}

function namesOfUnknownGates({ capabilities, gates }: Situation): string[] {
  const reported = {
    'kernel.modules_disabled': gates.modulesDisabled,
    'module.sig_enforce': capabilities.signatureEnforced,
    lockdown: capabilities.lockdown,
    [FTRACE_GATE]: gates.ftraceEnabled,
  };
  return Object.entries(reported).flatMap(([name, value]) => (value === null ? [name] : []));
}

/**
 * Returns what follows if ftrace is off; null if the patch has no functions.
 *
 * The functions of a module are registered with ftrace only if that module is loaded. Agents do not report
 * which other modules are loaded.
 */
function withoutFtrace(load: KnownPatch, host: ResolvedSituation): Reason | null {
  const functions = load.manifest?.functions ?? null;
  if (functions?.length === 0) return null;
  const inKernel =
    load.manifest?.spellsVmlinux !== true && functions?.some((name) => name.startsWith('vmlinux:')) === true;
  // The flag that makes ftrace refuse came with 5.5, as did the state check.
  const { candidates } = host.rules;
  const refuses = candidates.length > 0 && candidates.every(({ name }) => name !== 'none');
  if (inKernel && refuses) return { code: 'FTRACE_DISABLED', ...about(load) };
  const why = inKernel
    ? 'this kernel may accept the patch without ever running it'
    : `it is not known whether an object that ${load.name} patches is loaded`;
  return { code: 'HOST_GATES_UNKNOWN', ...about(load), detail: `${FTRACE_GATE} is 0, and ${why}` };
}
