import { loadedName } from '@klpreg/compat';

interface Module {
  readonly name: string;
  readonly buildId: string | null;
}

/** What identifies a module within one boot: its build-id, or its name if it has none. */
export const keyOf = (module: Module): string => module.buildId ?? loadedName(module.name);
