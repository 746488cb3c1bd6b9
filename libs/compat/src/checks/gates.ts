import type { Plan } from '../routes/plan.js';
import { FTRACE_GATE, type Reason } from '../reasons/reasons.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import type { Situation } from '../facts/situation.js';

/** Does this plan load or remove a module? */
const needsModules = ({ load, removed }: Plan): boolean => load !== null || removed.length > 0;

/**
 * Says which settings of the host refuse this plan, and which are not known.
 *
 * Mirrors `may_init_module()` and `delete_module()` (`modules_disabled`), and `__register_ftrace_function()`, which livepatch reaches last.
 */
export function pushGates(reasons: Reason[], plan: Plan, host: ResolvedSituation): void {
  if (!needsModules(plan)) return;
  const { load } = plan;
  const about = load === null ? { patch: plan.removed[0]! } : { patch: load.name, buildId: load.buildId };
  if (host.situation.gates.modulesDisabled === true) reasons.push({ code: 'MODULES_DISABLED', ...about });
  if (load === null) return;
  const unknown = gatesNotReported(host.situation);
  if (unknown !== null) reasons.push({ code: 'HOST_GATES_UNKNOWN', detail: unknown });
  if (host.situation.gates.ftraceEnabled === false) pushFtraceDisabled(reasons, load, host);
}

/** Many hosts have the same gates, and most of them report all. */
function gatesNotReported({ capabilities, gates }: Situation): string | null {
  const { signatureEnforced, lockdown } = capabilities;
  const { modulesDisabled, ftraceEnabled } = gates;
  if (signatureEnforced !== null && lockdown !== null && modulesDisabled !== null && ftraceEnabled !== null) return null;
  const names = [
    ...(modulesDisabled === null ? ['kernel.modules_disabled'] : []),
    ...(signatureEnforced === null ? ['module.sig_enforce'] : []),
    ...(lockdown === null ? ['lockdown'] : []),
    ...(ftraceEnabled === null ? [FTRACE_GATE] : []),
  ];
  return `${names.join(', ')} not reported`;
}

/** The functions of a module are registered with ftrace only if that module is loaded; which ordinary modules are loaded, agents do not report. */
function pushFtraceDisabled(reasons: Reason[], load: KnownPatch, host: ResolvedSituation): void {
  const functions = load.manifest?.functions ?? null;
  if (functions?.length === 0) return;
  const inKernel = load.manifest?.spellsVmlinux !== true && functions?.some((name) => name.startsWith('vmlinux:')) === true;
  // The flag that makes ftrace refuse came with 5.5, as did the state check.
  const checks = host.rules.candidates.length > 0 && host.rules.candidates.every(({ name }) => name !== 'none');
  if (inKernel && checks) reasons.push({ code: 'FTRACE_DISABLED', patch: load.name, buildId: load.buildId });
  else {
    const why = inKernel ? 'this kernel may accept the patch without ever running it' : `it is not known whether an object that ${load.name} patches is loaded`;
    reasons.push({ code: 'HOST_GATES_UNKNOWN', patch: load.name, buildId: load.buildId, detail: `${FTRACE_GATE} is 0, and ${why}` });
  }
}
