/** A stream for text. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width of the terminal in characters, or the value of `COLUMNS`. Undefined: no limit. */
  readonly columns: number | undefined;
}

/** What the program uses in addition to files and the network. Tests provide their own. */
export interface Environment {
  /** Data only. */
  readonly stdout: Output;
  /** Progress, warnings, errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}
