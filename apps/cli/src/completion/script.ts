import type { CompletedCommand } from './table.js';

/** Writes the completion of these commands for one shell. */
export type Script = (commands: readonly CompletedCommand[]) => string;

/** Quotes a text for bash, zsh and fish. No text of the command line has a backslash. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The paths of all commands below the first one, as patterns. */
export const subcommandPaths = (commands: readonly CompletedCommand[]): string[] =>
  commands.slice(1).map(({ path }) => quoted(path));

/** Patterns of `PATH OPTION`, with the closed list of values that follow. */
export const choicesOf = (
  commands: readonly CompletedCommand[],
): [when: string, values: readonly string[]][] =>
  commands.flatMap(({ path, options }) =>
    options
      .filter(({ values }) => values.length > 0)
      .map(({ names, values }): [string, readonly string[]] => [
        names.map((name) => quoted(`${path} ${name}`)).join(' | '),
        values,
      ]),
  );

/** Patterns of `PATH OPTION` for the options whose value has no closed list. */
export const freeValuesOf = (commands: readonly CompletedCommand[]): string[] =>
  commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue, values }) => takesValue && values.length === 0)
      .flatMap(({ names }) => names.map((name) => quoted(`${path} ${name}`))),
  );

/**
 * Patterns of `PATH:WORD`, with the options if the word begins with `-`, else the subcommands and arguments.
 */
export const wordsOf = (commands: readonly CompletedCommand[]): [when: string, words: readonly string[]][] =>
  commands.flatMap(({ path, options, subcommands, values }): [string, readonly string[]][] => [
    [`${quoted(`${path}:-`)}*`, options.flatMap(({ names }) => names)],
    [`${quoted(`${path}:`)}*`, [...subcommands.map(({ name }) => name), ...values]],
  ]);
