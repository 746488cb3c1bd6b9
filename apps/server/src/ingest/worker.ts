import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { limitExceeded, overloaded } from '../errors.js';
import { JOB_LIMITS } from '../limits.js';
import { fromRefusal, type JobName, type Jobs, type Refusal } from './jobs.js';

/** A job may take so many times its limit on a clock, however little of it was processor time. */
const PATIENCE = 6;

/** Linux counts processor time in hundredths of a second, for every architecture. */
const TICKS = 100;

/** The processor time that a thread has taken. @param thread its folder below /proc; null where there is none */
function processorSeconds(thread: string | null): number | null {
  if (thread === null) return null;
  try {
    const fields = readFileSync(`/proc/${thread}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return null;
  }
}

/** Until a thread that was started begins with its first job. */
const START_MS = 60_000;

/** Runs as built, also under test: a thread starts from a file of JavaScript. */
const THREAD = path.resolve(import.meta.dirname, '../../dist/ingest/worker-thread.js');

/** Jobs and bytes that may wait for one thread; beyond that the sender is told to come back. */
export interface QueueLimits {
  readonly jobs: number;
  readonly bytes: number;
  /** A job that takes longer is ended with its thread. */
  readonly seconds: number;
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
 * One worker thread with a queue: work that takes more than a few milliseconds, and whose sender decides how much of it there is.
 *
 * `resourceLimits` bound the heap of a thread and not its buffers, so readers count what they unpack; the time of a job is bounded here.
 */
export class Worker {
  private readonly queue: Waiting[] = [];
  private thread: Thread | null = null;
  private running: Running | null = null;
  private bytes = 0;

  constructor(
    private readonly limits: QueueLimits,
    private readonly file = THREAD,
  ) {}

  /** How many jobs wait or run. */
  get load(): number {
    return this.queue.length + (this.running === null ? 0 : 1);
  }

  /**
   * Does a job in the thread.
   *
   * @param input whose bytes are moved to the thread: they are gone here
   * @throws RequestError BUSY where too much waits; LIMIT_EXCEEDED where it takes too long or too much memory; what the job throws
   */
  async run<Name extends JobName>(name: Name, input: Jobs[Name]['input']): Promise<Jobs[Name]['output']> {
    const size = input.bytes.length;
    if (this.queue.length >= this.limits.jobs || (this.bytes > 0 && this.bytes + size > this.limits.bytes)) throw overloaded();
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

  /** Ends the thread; what is under way fails. */
  async stop(): Promise<void> {
    await this.thread?.terminate();
  }

  private next(): void {
    if (this.running !== null) return;
    const job = this.queue.shift();
    if (job === undefined) return;
    // a thread that starts takes time of its own, which is not the job's
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

  /** Looks now and then how much processor time the job has taken: on a machine that is busy, time alone says little about a job. */
  private limitTime(thread: string | null): void {
    const job = this.running!;
    const { seconds } = this.limits;
    const begun = performance.now();
    const before = processorSeconds(thread);
    const look = (): void => {
      const elapsed = (performance.now() - begun) / 1000;
      const now = processorSeconds(thread);
      const used = now === null || before === null || elapsed > seconds * PATIENCE ? elapsed : now - before;
      if (used >= seconds) return this.fail(limitExceeded('seconds of processing', seconds, 'more'));
      job.late = setTimeout(look, Math.max(50, (seconds - used) * 1000));
    };
    clearTimeout(job.late);
    job.late = setTimeout(look, seconds * 1000);
  }

  /** Ends the thread: what ran fails, and the next job gets a new one. */
  private fail(error: Error): void {
    const { thread, running } = this;
    this.thread = null;
    void thread?.terminate();
    this.finish();
    running?.reject(error);
    this.next();
  }

  private finish(): void {
    clearTimeout(this.running?.late);
    this.running = null;
  }

  private start(): Thread {
    const thread = new Thread(this.file, {
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: JOB_LIMITS.memoryMiB, maxYoungGenerationSizeMb: 64 },
    });
    // a thread that was ended says so later, when another one is at work
    const ifCurrent = (act: () => void) => void (this.thread === thread && act());
    thread.on('message', (message: Message) => ifCurrent(() => this.hear(message)));
    thread.on('error', (error: NodeJS.ErrnoException) => ifCurrent(() => this.fail(toError(error))));
    thread.on('exit', (code) => ifCurrent(() => this.fail(new Error(`the worker thread ended with ${code}`))));
    // a request that waits keeps the process alive; the thread need not
    thread.unref();
    return thread;
  }
}

const toError = (error: NodeJS.ErrnoException): Error =>
  error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? limitExceeded('MiB of memory for processing', JOB_LIMITS.memoryMiB, 'more') : error;

/** These bytes, in memory that is theirs alone: small buffers share theirs. */
const alone = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);

const MIB = 2 ** 20;

/** A thread for documents and one for module files: a file may take seconds, and no report waits for it. */
@Injectable()
export class Workers implements OnApplicationShutdown {
  readonly messages = new Worker({ jobs: 64, bytes: 64 * MIB, seconds: JOB_LIMITS.seconds });
  readonly modules = new Worker({ jobs: 4, bytes: 128 * MIB, seconds: JOB_LIMITS.seconds });

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.messages.stop(), this.modules.stop()]);
  }
}
