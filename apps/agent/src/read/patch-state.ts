import { join } from 'node:path';
import type { Report } from '@klpreg/wire';
import { listFolder, readAttribute, readBytes, Vanished } from './attribute.js';
import type { Paths } from './paths.js';

type Task = NonNullable<Report['transition']>['tasks'][number];

const MAX_TASKS = 1_000;
const NUMBER = /^[1-9][0-9]{0,9}$/;

/** Null if the task has ended. */
function readState(folder: string): number | null {
  try {
    const text = readAttribute(join(folder, 'patch_state'), /^(?:-1|0|1)$/, '-1, 0 or 1');
    return text === null ? null : Number(text);
  } catch (error) {
    if (error instanceof Vanished) return null;
    throw error;
  }
}

/** Reads a task's name. Bytes that are not text on one line become `?`. */
function readName(folder: string): string {
  try {
    const bytes = readBytes(join(folder, 'comm'), 4096);
    return (bytes?.toString('utf8') ?? '')
      .replace(/\n$/, '')
      .replaceAll(/[\u0000-\u001f\u007f\ufffd]/g, '?')
      .slice(0, 64);
  } catch (error) {
    if (error instanceof Vanished) return '';
    throw error;
  }
}

function* everyTask(paths: Paths): Generator<[id: string, folder: string]> {
  const numbers = (folder: string) =>
    listFolder(folder)?.filter((entry) => entry.isDirectory() && NUMBER.test(entry.name)) ?? null;
  for (const { name: pid } of numbers(paths.processes) ?? []) {
    const threads = numbers(paths.threads(pid));
    if (threads === null) yield [pid, paths.process(pid)];
    else for (const { name: tid } of threads) yield [tid, paths.thread(pid, tid)];
  }
}

/**
 * Returns the tasks that block the transition: their
 * `patch_state` is not yet its target, nor -1 (no transition).
 *
 * @param target 1 while a patch is being enabled, 0 while it is being disabled
 * @returns tasks sorted by pid, at most 1,000, and the number of further ones
 * @see Documentation/livepatch/livepatch.rst, "Consistency model"
 */
export function readTasks(paths: Paths, target: 0 | 1): { tasks: Task[]; moreTasks: number } {
  const tasks: Task[] = [];
  let moreTasks = 0;
  for (const [id, folder] of everyTask(paths)) {
    const state = readState(folder);
    if (state === null || state === -1 || state === target) continue;
    if (tasks.length < MAX_TASKS) tasks.push({ pid: Number(id), comm: readName(folder), patchState: state });
    else moreTasks += 1;
  }
  return { tasks: tasks.sort((a, b) => a.pid - b.pid), moreTasks };
}
