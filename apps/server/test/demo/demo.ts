import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

/** What a command of klpreg wrote. */
export interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, as on a terminal. */
  readonly mixed: string;
}

/** A host in the form of the demo fleet: `tree` is a captured tree of this kernel. */
export interface DemoHost {
  readonly hostname: string;
  readonly kernel: '6.1' | '7.3';
  readonly tree: string | null;
  readonly runs: null;
  readonly labels: Readonly<Record<string, string>>;
}

/** The process with the demo fleet and klpreg. It does one task at a time. */
export class Demo {
  private constructor(private readonly child: ChildProcess) {}

  /** @param folder the working directory of the programs */
  static start(folder: string): Demo {
    const child = fork(path.join(__dirname, 'programs.mjs'), {
      cwd: folder,
      execArgv: [],
      env: { PATH: process.env['PATH'], NODE_OPTIONS: '' },
    });
    return new Demo(child);
  }

  async do<T = void>(task: string, request: object = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      this.child.once('message', ({ done, failed }: { done?: T; failed?: string }) =>
        failed === undefined ? resolve(done as T) : reject(new Error(failed)),
      );
      this.child.send({ task, ...request });
    });
  }

  stop(): void {
    this.child.kill();
  }
}
