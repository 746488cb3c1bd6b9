import type { Shape } from './shape.js';

/**
 * A GraphQL operation with the shape of its answer. The type
 * parameters are those of its answer and its variables.
 */
export interface Operation<Answer, Variables> {
  readonly name: string;
  readonly text: string;
  readonly answer: Shape;
  /** For the type checker only. */
  readonly types?: (variables: Variables) => Answer;
}
