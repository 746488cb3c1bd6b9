/** Returns a command as typed in a shell, with quotes where the shell needs them. */
export const commandLine = (program: string, args: readonly string[]): string =>
  [program, ...args.map(quoted)].join(' ');

const quoted = (arg: string): string =>
  /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
