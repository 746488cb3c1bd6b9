import type { Report } from '@klpreg/wire';
import { readNumber } from './attribute.js';
import { orNull } from './read-problems.js';
import type { Paths } from './paths.js';

type Gates = NonNullable<Report['gates']>;

/**
 * Reads the settings that can prevent loading a module or patching a function.
 *
 * Null: this kernel does not have the setting, or it cannot be read. Null never means off.
 *
 * @see Documentation/admin-guide/sysctl/kernel.rst, `modules_disabled`, `ftrace_enabled`
 */
export function readGates(paths: Paths, warnings: string[]): Gates {
  const isOn = (path: string): boolean | null => {
    const value = orNull(warnings, () => readNumber(path, -(2 ** 31), 2 ** 31));
    return value === null ? null : value !== 0;
  };
  return { modulesDisabled: isOn(paths.modulesDisabled), ftraceEnabled: isOn(paths.ftraceEnabled) };
}
