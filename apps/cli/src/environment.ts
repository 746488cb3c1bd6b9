/** Where text goes. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width in characters, of the terminal or as `COLUMNS` says; undefined: as wide as it takes. */
  readonly columns: number | undefined;
}

/** What the program touches beside files and the network: a test brings its own. */
export interface Environment {
  /** Data, and nothing else. */
  readonly stdout: Output;
  /** Progress, warnings, errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}
