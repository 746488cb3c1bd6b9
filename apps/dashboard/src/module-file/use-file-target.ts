import { useState } from 'preact/hooks';
import { useParameters } from '../address/parameters.js';
import { useQuestion } from '../registry/use-question.js';
import type { FileTarget } from './file-target.js';
import { IS_PUBLISHED } from './generated/operations.js';

/** The file that is the target. `file` of the address is its build-id. */
export interface ChosenFile {
  /** Null: the target is no file. */
  readonly buildId: string | null;
  /** Null: the target is no file, or the page does not have it. */
  readonly file: FileTarget | null;
  /** The registry has the build, and answers about that one only. */
  readonly isPublished: boolean;
  /** The target is no file, or one that can be asked about. */
  readonly isReady: boolean;
  /** Null: the target is no file any more. */
  readonly choose: (file: FileTarget | null) => void;
}

/** @param target the parameter of the address for every other target */
export function useFileTarget(target: 'to' | 'what'): ChosenFile {
  const { values, change } = useParameters();
  const [chosen, setChosen] = useState<FileTarget | null>(null);
  const buildId = values.file ?? null;
  const published = useQuestion(IS_PUBLISHED, buildId === null ? null : { buildId });
  const file = chosen?.buildId === buildId ? chosen : null;
  const isKnown = !published.loading && (published.data !== undefined || published.failure !== undefined);
  const isPublished = isKnown && published.data?.patch?.buildId === buildId;
  return {
    buildId,
    file,
    isPublished,
    isReady: buildId === null || (file !== null && isKnown && !isPublished),
    choose: (next) => {
      setChosen(next);
      change({ file: next?.buildId, ...(next !== null && { [target]: undefined }) });
    },
  };
}
