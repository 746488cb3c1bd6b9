import type { Report } from '@klpreg/wire';

const yes = (value: boolean | null): string => (value === null ? '-' : value ? '1' : '0');
const short = (buildId: string | null): string => buildId?.slice(0, 8) ?? '-';

type Reading = Report['livepatches'][number]['reading'];

function declared(reading: Reading): string {
  if (reading === null) return 'no file';
  const states =
    reading.states === null
      ? `unreadable ${reading.unreadable?.split(':')[0]}`
      : `{${reading.states.map(({ id, version }) => `${id} v${version}`).join(', ')}}`;
  const { callbacks } = reading;
  const names =
    callbacks === null
      ? 'unknown'
      : Object.entries(callbacks)
          .flatMap(([name, there]) => (there ? [name] : []))
          .join('+');
  return (
    `file replace=${yes(reading.replace)} ${states} ` +
    `${reading.impact}${names === '' ? '' : ` callbacks=${names}`}`
  );
}

const loaded = ({
  moduleState,
  moduleTaint,
}: Pick<Report['leftovers'][number], 'moduleState' | 'moduleTaint'>): string =>
  `${moduleState ?? '-'} ${moduleTaint ?? '-'}`;

/**
 * Renders a report in a few lines, to compare it with its tree.
 *
 * `-` is null. Attributes are as in sysfs; a build-id is cut to 8 digits.
 */
export function render(name: string, report: Report): string {
  const lines = [
    `${name}  taint ${report.taint}`,
    ...report.livepatches.map((patch) => {
      const attributes =
        `enabled=${yes(patch.enabled)} transition=${yes(patch.transition)} replace=${yes(patch.replace)} ` +
        `order=${patch.stackOrder ?? '-'} ref=${patch.refcount ?? '-'}`;
      const objects = patch.objects.map(
        (object) =>
          `${object.name}[${yes(object.patched)}]:${object.functions.map((one) => `${one.name},${one.sympos}`).join(' ')}`,
      );
      return (
        `  ${patch.name} ${short(patch.buildId)} ${loaded(patch)} ${attributes} ` +
        `${objects.join(' ') || 'no objects'} | ${declared(patch.reading)}`
      );
    }),
    ...report.leftovers.map(
      (module) =>
        `  left over: ${module.name} ${short(module.buildId)} ${loaded(module)} ` +
        `ref=${module.refcount ?? '-'} | ${declared(module.reading)}`,
    ),
  ];
  const { transition } = report;
  if (transition !== null) {
    const tasks = transition.tasks.map((task) => `${task.comm}(${task.pid})=${task.patchState}`).join(' ');
    lines.push(
      `  open: ${transition.patch}, blocked by ` +
        `${tasks || 'no task'}${transition.moreTasks > 0 ? ` and ${transition.moreTasks} more` : ''}`,
    );
  }
  return lines.join('\n');
}

/** Renders the other facts of a report: what decides about loads, and what could not be read. */
export function renderAround({
  host,
  capabilities,
  gates,
  otherLivePatching,
  unread,
  warnings,
  kernelLog,
}: Report): string {
  const log =
    kernelLog == null
      ? '-'
      : `${kernelLog.reachesBoot ? 'whole' : 'cut'} ` +
        kernelLog.events.map(({ patch, event }) => `${patch}:${event}`).join(' ');
  return [
    `  on ${host.kernelRelease} ${host.arch} machine ${short(host.machine)}`,
    `  enforced=${yes(capabilities.signatureEnforced)} lockdown=${capabilities.lockdown ?? '-'} ` +
      `modules_disabled=${yes(gates?.modulesDisabled ?? null)} ` +
      `ftrace_enabled=${yes(gates?.ftraceEnabled ?? null)} log=${log}`,
    ...(otherLivePatching ?? []).map((other) => `  other live patching: ${other}`),
    ...(unread ?? []).map((sentence) => `  unread: ${sentence}`),
    ...(warnings ?? []).map((sentence) => `  warning: ${sentence}`),
  ].join('\n');
}
