import { z } from 'zod';

/** A setting that is an integer. @param unit after "must be a number", such as " of seconds" */
export const integer = (unit: string, min: number, max: number, standard: number) =>
  z.coerce
    .number({ error: `must be a number${unit}` })
    .int()
    .min(min)
    .max(max)
    .default(standard);

/** Limits by name, each with its setting. */
type LimitTable = Readonly<Record<string, readonly [setting: string, schema: ReturnType<typeof integer>]>>;
type SettingOf<Table extends LimitTable> = Table[keyof Table][0];

export type LimitsOf<Table extends LimitTable> = { readonly [Name in keyof Table]: number };

/** Returns the settings of limits as fields of a zod object. */
export const settingsOf = <Table extends LimitTable>(table: Table) =>
  Object.fromEntries(Object.values(table)) as {
    readonly [Setting in SettingOf<Table>]: ReturnType<typeof integer>;
  };

/** Returns the limits that the settings say. */
export const toLimits = <Table extends LimitTable>(
  table: Table,
  settings: { readonly [Setting in SettingOf<Table>]: number },
) =>
  Object.fromEntries(
    Object.entries(table).map(([name, [setting]]) => [name, settings[setting as SettingOf<Table>]]),
  ) as LimitsOf<Table>;
