/** Where and why a proof got stuck. */
import type { Branch } from './branch';
import type { Place } from './document';

/** From a value to one inside it. */
export type Step =
  | { readonly kind: 'member'; readonly name: string; readonly declared: boolean }
  | { readonly kind: 'entry'; readonly index: number }
  | { readonly kind: 'name' };

/** The way down to the value that is looked at: which branch of the value above, and which of its parts. */
export interface Frame {
  readonly parent: Frame | undefined;
  readonly branch: Branch;
  readonly step: Step;
  readonly depth: number;
}

/** What got stuck, by kind. */
export type FailureCode =
  | 'TYPE_REFUSED'
  | 'VALUE_REFUSED'
  | 'FIELD_REQUIRED'
  | 'FIELD_REFUSED'
  | 'EXTRA_FIELDS_REFUSED'
  | 'LENGTH_REFUSED'
  | 'RANGE_REFUSED'
  | 'MULTIPLE_REFUSED'
  | 'PATTERN_REFUSED'
  | 'FORMAT_REFUSED'
  | 'ITEM_COUNT_REFUSED'
  | 'DUPLICATES_REFUSED'
  | 'CONTENT_MISSING'
  | 'FIELD_COUNT_REFUSED'
  | 'FIELD_NAME_REFUSED'
  | 'DEPENDENT_FIELD_REQUIRED'
  | 'NO_ALTERNATIVE_FITS'
  | 'SEVERAL_ALTERNATIVES_FIT'
  | 'FORBIDDEN_CONTENT'
  | 'RULE_REFUSED'
  | 'NOT_DECIDED';

export interface Failure {
  readonly code: FailureCode;
  /** The keyword of the reader's schema that may refuse. */
  readonly keyword: string;
  /** The reader's schema that holds it. */
  readonly place: Place;
  /** What the writer may send there. */
  readonly branch: Branch;
  readonly frame: Frame | undefined;
  /** Values that may show it, besides the branch's own samples. */
  readonly candidates: readonly unknown[];
  /** The member's name, where the code is about one. */
  readonly name?: string;
  /** A member that must not be there for the failure to show. */
  readonly without?: string;
  /** The field whose presence requires it. */
  readonly trigger?: string;
}

export type Failures = readonly Failure[];
export const PROVED: Failures = [];
