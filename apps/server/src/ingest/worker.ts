import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker as Thread } from 'node:worker_threads';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { limitExceeded, overloaded } from '../errors.js';
import { fromRefusal, type JobName, type Jobs, type Refusal } from './jobs.js';

/** Maximum of the elapsed time of a job, as a multiple of its limit of processor time. */
const PATIENCE = 6;

/** Linux counts processor time in hundredths of a second on every architecture. */
const TICKS = 100;

/** Returns the processor time of a thread. @param thread its directory below /proc; null if there is none */
function processorSeconds(thread: string | null): number | null {
  if (thread === null) return null;
  try {
    const fields = readFileSync(`/proc/${thread}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return null;
  }
}

/** Maximum time until a new thread begins its first job. */
const START_MS = 60_000;

/**
 * A thread keeps the memory of its largest job. Without a job for this long it is ended: publishing is rare.
 */
const IDLE_MS = 30_000;

/** Memory of a thread for young objects: the default of V8, 16 MiB for each of three parts. */
const YOUNG_MIB = 48;

/** The built file, also under test: a thread starts from JavaScript. */
const THREAD = path.resolve(import.meta.dirname, '../../dist/ingest/worker-thread.js');

/** Limits of one thread. A job is refused with BUSY if the queue is full. */
export interface WorkerLimits {
  /** Maximum number of jobs that wait. */
  readonly jobs: number;
  /** Maximum size of the jobs that wait and run, together. One is always accepted. */
  readonly bytes: number;
  /** Maximum processor time of a job. Beyond it the job is ended with its thread. */
  readonly seconds: number;
  /** Maximum heap of the thread. */
  readonly memoryMib: number;
  /** Maximum time without a job. Then the thread is ended, and the next job starts another one. */
  readonly idleMs: number;
}

interface Waiting {
  readonly name: JobName;
  readonly input: Jobs[JobName]['input'];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Running extends Waiting {
  late: NodeJS.Timeout;
  readonly parts: unknown[];
}

type Message =
  | { readonly began: string | null }
  | { readonly part: readonly unknown[] }
  | { readonly output: unknown }
  | { readonly refusal: Refusal }
  | { readonly bug: string };

/**
 * One worker thread with a queue, for work of more than a few milliseconds whose amount the sender controls.
 *
 * `resourceLimits` bound the heap of a thread but not its buffers, so readers count what they unpack. This
 * class bounds the time.
 */
export class Worker {
  private readonly queue: Waiting[] = [];
  private thread: Thread | null = null;
  private running: Running | null = null;
  private bytes = 0;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: WorkerLimits,
    private readonly file = THREAD,
  ) {}

  /** Number of jobs that wait or run. */
  get load(): number {
    return this.queue.length + (this.running === null ? 0 : 1);
  }

  /**
   * Runs a job in the thread.
   *
   * @param input its bytes are moved to the thread and can no longer be used
   * @throws RequestError BUSY if the queue is full; LIMIT_EXCEEDED for too much time or memory; and those of
   *   the job
   */
  async run<Name extends JobName>(name: Name, input: Jobs[Name]['input']): Promise<Jobs[Name]['output']> {
    const size = input.bytes.length;
    if (this.queue.length >= this.limits.jobs || (this.bytes > 0 && this.bytes + size > this.limits.bytes))
      throw overloaded();
    this.bytes += size;
    try {
      return await new Promise<Jobs[Name]['output']>((resolve, reject) => {
        this.queue.push({ name, input, resolve: resolve as (output: unknown) => void, reject });
        this.next();
      });
    } finally {
      this.bytes -= size;
    }
  }

  /** Ends the thread. Its job fails. */
  async stop(): Promise<void> {
    clearTimeout(this.idle);
    await this.thread?.terminate();
  }

  private next(): void {
    if (this.running !== null) return;
    clearTimeout(this.idle);
    const job = this.queue.shift();
    if (job === undefined) {
      this.idle = setTimeout(() => this.end(), this.limits.idleMs).unref();
      return;
    }
    // the time to start a thread is not the job's
    const late = setTimeout(() => this.fail(new Error('the worker thread did not start')), START_MS);
    this.running = { ...job, late, parts: [] };
    this.thread ??= this.start();
    const bytes = alone(job.input.bytes);
    this.thread.postMessage({ name: job.name, input: { ...job.input, bytes } }, [bytes.buffer]);
  }

  private hear(message: Message): void {
    if (this.running === null) return;
    const { name, parts, resolve, reject } = this.running;
    if ('began' in message) return this.limitTime(message.began);
    if ('part' in message) return void parts.push(...message.part);
    this.finish();
    if ('refusal' in message) reject(fromRefusal(message.refusal));
    else if ('bug' in message) reject(new Error(message.bug));
    else resolve(name === 'batch' ? parts : message.output);
    this.next();
  }

  /**
   * Checks the processor time of the job at intervals. On a busy machine the elapsed time says little about a
   * job.
   */
  private limitTime(thread: string | null): void {
    const job = this.running!;
    const { seconds } = this.limits;
    const start = performance.now();
    const before = processorSeconds(thread);
    const check = (): void => {
      const elapsed = (performance.now() - start) / 1000;
      const now = processorSeconds(thread);
      const used = now === null || before === null || elapsed > seconds * PATIENCE ? elapsed : now - before;
      if (used >= seconds) return this.fail(limitExceeded('seconds of processing', seconds, 'more'));
      job.late = setTimeout(check, Math.max(50, (seconds - used) * 1000));
    };
    clearTimeout(job.late);
    job.late = setTimeout(check, seconds * 1000);
  }

  /** Ends the thread. The next job gets a new one. */
  private end(): void {
    const { thread } = this;
    this.thread = null;
    void thread?.terminate();
  }

  /** Ends the thread. Its job fails. */
  private fail(error: Error): void {
    const { running } = this;
    this.end();
    this.finish();
    running?.reject(error);
    this.next();
  }

  private finish(): void {
    clearTimeout(this.running?.late);
    this.running = null;
  }

  private start(): Thread {
    // V8 prefers these flags to the limits of a thread. The main thread has its heap already and keeps it
    for (const flag of ['max-old-space-size', 'max-semi-space-size']) setFlagsFromString(`--${flag}=0`);
    const thread = new Thread(this.file, {
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: this.limits.memoryMib, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    // events of an ended thread arrive when another one already runs
    const ifCurrent = (act: () => void) => void (this.thread === thread && act());
    thread.on('message', (message: Message) => ifCurrent(() => this.hear(message)));
    thread.on('error', (error: NodeJS.ErrnoException) => ifCurrent(() => this.fail(this.toError(error))));
    thread.on('exit', (code) =>
      ifCurrent(() => this.fail(new Error(`the worker thread ended with ${code}`))),
    );
    // a request keeps the process alive; the thread does not have to
    thread.unref();
    return thread;
  }

  private toError(error: NodeJS.ErrnoException): Error {
    return error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? limitExceeded('MiB of memory for processing', this.limits.memoryMib, 'more')
      : error;
  }
}

/** Returns the bytes in memory of their own. Small buffers share theirs. */
const alone = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : Uint8Array.from(bytes);

const MIB = 2 ** 20;

/** One thread for messages and one for module files. A file may take seconds, and no report waits for it. */
@Injectable()
export class Workers implements OnApplicationShutdown {
  readonly messages: Worker;
  readonly modules: Worker;

  constructor(@Inject(CONFIG) { ingest }: Config) {
    const limits = { seconds: ingest.jobSeconds, memoryMib: ingest.jobMemoryMib, idleMs: IDLE_MS };
    this.messages = new Worker({ ...limits, jobs: 64, bytes: 64 * MIB });
    this.modules = new Worker({ ...limits, jobs: 4, bytes: 128 * MIB });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.messages.stop(), this.modules.stop()]);
  }
}
