import { useMemo } from 'preact/hooks';
import { completionsOf } from '../address/completions.js';
import { useQuestion } from '../registry/use-question.js';
import { KNOWN_HOSTS, KNOWN_PATCHES } from './generated/operations.js';
import { useReleases } from './use-releases.js';

/** Completes what is typed. Before it is asked for, it knows less. */
type Complete = (text: string) => readonly string[];

/** Completes `where` with the labels of the largest cohorts, and with facts. No host is loaded for it. */
export function useWhereCompletions(isAsked: boolean): Complete {
  const { data } = useQuestion(KNOWN_HOSTS, isAsked ? {} : null);
  const releases = useReleases(isAsked);
  const known = useMemo(
    () => ({
      labels: data?.canDowngrade.cohorts.nodes.flatMap(({ labels }) => labels) ?? [],
      facts: {
        kernel: data?.fleet.kernels.map(({ value }) => value) ?? [],
        arch: data?.fleet.archs.map(({ value }) => value) ?? [],
        running: releases.map(({ name }) => `release:${name}`),
      },
    }),
    [data, releases],
  );
  return (text) => completionsOf(text, known);
}

/** Completes a target with the releases, and with the names of the published modules. */
export function useTargetCompletions(isAsked: boolean): Complete {
  const releases = useReleases(isAsked);
  const { data } = useQuestion(KNOWN_PATCHES, isAsked ? {} : null);
  const names = new Set(data?.patches.nodes.map(({ name }) => `name:${name}`));
  return () => [...releases.map(({ name }) => name), ...names];
}
