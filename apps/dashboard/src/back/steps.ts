import { BACK } from '../texts/back.js';

/** The operations of a route as a sentence. */
export const stepsText = (
  steps: readonly { readonly action: keyof typeof BACK.steps; readonly patch: string | null }[],
): string =>
  steps.map(({ action, patch }) => `${BACK.steps[action]} ${patch ?? ''}`.trim()).join(BACK.nextStep);
