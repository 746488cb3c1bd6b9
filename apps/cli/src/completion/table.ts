import type { Command, Option } from 'commander';

/** An option, as a shell completes it. */
export interface CompletedOption {
  /** Such as `-o` and `--output`. */
  readonly names: readonly string[];
  readonly description: string;
  /** It is followed by a value. */
  readonly takesValue: boolean;
  /** The values that it has, if they are a closed list. */
  readonly values: readonly string[];
}

/** A command, as a shell completes it. */
export interface CompletedCommand {
  /** All words up to its name, such as `klpreg patch lint`. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  /** Its own options and those of the commands above it. */
  readonly options: readonly CompletedOption[];
  /** The values of its arguments, if they are closed lists. */
  readonly values: readonly string[];
}

/** Returns a command and all commands below it. */
export function completionTable(command: Command, above: readonly CompletedOption[] = [], before = '') {
  const path = `${before} ${command.name()}`.trim();
  const help = command.createHelp();
  const own = help.visibleOptions(command).map(toOption);
  const options = [
    ...own,
    ...above.filter(({ names }) => !own.some((each) => each.names.at(-1) === names.at(-1))),
  ];
  const subcommands = help
    .visibleCommands(command)
    .map((each) => ({ name: each.name(), description: each.summary() || each.description() }));
  const values = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const found: CompletedCommand[] = [{ path, subcommands, options, values }];
  for (const each of command.commands) found.push(...completionTable(each, options, path));
  return found;
}

const toOption = (option: Option): CompletedOption => ({
  names: [option.short, option.long].filter((name) => name != null),
  description: option.description,
  takesValue: option.required || option.optional,
  values: option.argChoices ?? [],
});
