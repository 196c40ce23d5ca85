import type { CrossdockError } from '../errors';

/** An expression that an engine has accepted. */
export interface Expression {
  readonly language: 'jsonata' | 'regex';
  readonly source: string;
}

/** An expression and what it is applied to. */
export interface Evaluation {
  readonly expression: Expression;
  readonly input: unknown;
}

export type Outcome = { readonly value: unknown } | { readonly error: CrossdockError };

export interface RegexOptions {
  readonly flags?: string;
  /** Replaces all matches by this text ($1 stands for the first group) instead of giving the first match. */
  readonly replace?: string;
}

/** Runs expressions that come from specs under limits of time, memory and size. */
export interface ExpressionEngine {
  /** Checks a JSONata expression. Throws CrossdockError EXPRESSION_INVALID. */
  jsonata(source: string): Expression;
  /**
   * Checks a regular expression. It gives the list of the first match and its groups (null for a group that took no
   * part), nothing without a match; with `replace`, the whole text. Throws CrossdockError EXPRESSION_INVALID.
   */
  regex(source: string, options?: RegexOptions): Expression;
  /** The outcome where it costs next to nothing to find out here and now; undefined where it may cost more. */
  atOnce(evaluation: Evaluation): Outcome | undefined;
  /** Outcomes in the order of the evaluations; never rejects for what an expression does. */
  evaluate(evaluations: readonly Evaluation[]): Promise<readonly Outcome[]>;
}
