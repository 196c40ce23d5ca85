/** All that the reconciler says to people, in one shape per language. `{name}` stands for a fact. */
import type { Notice } from '../engine/job';
import type { CAUSES, DifferenceKind, Flight } from '../types';

export interface Texts {
  readonly kinds: Readonly<Record<DifferenceKind, string>>;
  readonly causes: Readonly<Record<(typeof CAUSES)[number] | Notice, string>>;
  readonly places: Readonly<Record<Flight['place'], string>>;
  readonly sentences: {
    readonly about: string;
    readonly aboutField: string;
    readonly differs: string;
    readonly nothing: string;
    readonly more: string;
    readonly fewer: string;
    readonly later: string;
    readonly earlier: string;
    readonly missing: string;
    readonly missingHas: string;
    readonly duplicate: string;
    readonly noKey: string;
    readonly invalid: string;
    readonly pending: string;
    readonly late: string;
    readonly and: string;
  };
  readonly evidence: {
    readonly row: string;
    readonly rowAt: string;
    readonly values: string;
    readonly absent: string;
    readonly times: string;
    readonly timesSame: string;
    readonly flight: string;
    readonly deadLetter: string;
    readonly refused: string;
    readonly earlier: string;
    readonly incomplete: string;
  };
  readonly proposals: Readonly<
    Record<'inventory-adjustment' | 'redrive' | 'correction' | 'letter' | 'review', string>
  >;
  readonly report: Readonly<
    Record<
      | 'title'
      | 'rows'
      | 'keys'
      | 'matched'
      | 'tolerated'
      | 'different'
      | 'pending'
      | 'rate'
      | 'value'
      | 'asOf'
      | 'finished'
      | 'kind'
      | 'key'
      | 'what'
      | 'why'
      | 'since'
      | 'correction'
      | 'none'
      | 'cut'
      | 'alarm'
      | 'side'
      | 'field'
      | 'expected'
      | 'found'
      | 'delta'
      | 'proposed'
      | 'approved',
      string
    >
  >;
}
