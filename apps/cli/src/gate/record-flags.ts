import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { usage } from '../exits.js';
import { type IgnoredCode, readIgnoreFile } from './ignore-file.js';
import { type QuestionFlags, seconds } from './question.js';

/** The flags of a gate that record, accept or override its decision. */
export interface RecordFlags {
  readonly change?: string;
  readonly certificate?: string;
  readonly expiresIn?: string;
  readonly breakGlass?: true;
  readonly reason?: string;
  readonly ignoreFile?: string;
}

/** Adds the flags that record, accept or override the decision of a gate. */
export function withRecordOptions(command: Command): Command {
  return command
    .option('--change <id>', 'record the decision for this change, such as CHG-123 (a gate token is needed)')
    .option('--certificate <file>', 'record the decision, and write its signed certificate to this file')
    .option('--expires-in <time>', 'how long the certificate is valid, at most 24h (default: 1h)')
    .option('--ignore-file <file>', 'accept the codes in this file as --allow does, until they expire')
    .option('--break-glass', 'record the decision, and exit with 0 whatever it is; needs --reason')
    .addOption(new Option('--reason <text>', 'why the decision is overridden; for --break-glass'));
}

/** What to record of a decision, and what to accept. */
export interface Recording {
  readonly changeId: string | null;
  readonly certificate: string | null;
  readonly expiresIn: string | null;
  /** Why the decision is overridden. Null: it is not. */
  readonly breakGlass: string | null;
  readonly ignored: readonly IgnoredCode[];
}

/** Reads the flags, before the registry is asked. @throws Failure 2 if they do not fit together */
export function recordingFrom(flags: RecordFlags, now: number): Recording {
  const { change = null, certificate = null, expiresIn = null, reason = null, ignoreFile } = flags;
  const isBroken = flags.breakGlass === true;
  if (isBroken !== (reason !== null && reason.trim() !== ''))
    throw usage('--break-glass and --reason are needed together', 'say why: --break-glass --reason TEXT');
  if (change !== null && change.trim() === '') throw usage('--change: the id of the change is empty');
  if (expiresIn !== null) {
    seconds('--expires-in', expiresIn);
    if (certificate === null) throw usage('--expires-in is for --certificate', 'add --certificate FILE');
  }
  if (certificate !== null) requireWritable(certificate);
  const ignored = ignoreFile === undefined ? [] : readIgnoreFile(ignoreFile, now);
  return { changeId: change, certificate, expiresIn, breakGlass: isBroken ? reason : null, ignored };
}

/** A decision must not be recorded without the certificate that was asked for. */
function requireWritable(file: string): void {
  try {
    const isNew = !existsSync(file);
    closeSync(openSync(file, 'a'));
    if (isNew) unlinkSync(file);
  } catch (error) {
    throw usage(`--certificate: ${file} cannot be written: ${(error as Error).message}`);
  }
}

/** Returns the flags of the question, whose `allow` has the codes that are ignored as well. */
export const withIgnored = <F extends QuestionFlags>(flags: F, { ignored }: Recording): F =>
  ignored.length === 0 ? flags : { ...flags, allow: [...flags.allow, ...ignored.map(({ code }) => code)] };
