import { ConsoleLogger, type LogLevel } from '@nestjs/common';

// eslint-disable-next-line no-control-regex -- control characters are what this finds
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const NAMED: Record<string, string> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

/**
 * Text as one line of a log: control characters, line separators and changes of direction are escaped.
 *
 * Messages quote input, and the errors of PostgreSQL quote it again. Unescaped, a sender could add lines to
 * the log or move a terminal's cursor.
 */
export const oneLine = (text: string): string =>
  text.replace(
    CONTROL,
    (character) => NAMED[character] ?? `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );

/** Nest's logger, one line for each message and for each stack. */
export class OneLineLogger extends ConsoleLogger {
  constructor(logLevels: LogLevel[]) {
    super({ logLevels, colors: false });
  }

  protected override stringifyMessage(message: unknown, level: LogLevel): string {
    return oneLine(super.stringifyMessage(message, level));
  }

  protected override printStackTrace(stack: string): void {
    if (stack) super.printStackTrace(oneLine(stack));
  }
}

/** Where Fastify's lines of JSON go: JSON escapes line breaks, but not all that a terminal obeys. */
export const jsonLines = {
  write: (line: string): void => void process.stdout.write(`${oneLine(line.replace(/\n$/, ''))}\n`),
};
