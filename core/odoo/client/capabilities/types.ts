import type { AllowList } from '../types';

/** What one of Crossdock's operations on Odoo needs: what it calls, and what the account must be allowed to do. */
export interface Capability {
  /** Stable, for example `order`. */
  readonly name: string;
  /** What it is for, to end a sentence: "This account may … place orders". */
  readonly purpose: string;
  /** Everything that it calls. */
  readonly calls: AllowList;
  /** What the connection test asks Odoo about. */
  readonly access: readonly AccessNeed[];
}

export interface AccessNeed {
  /** Odoo's model, or the field map's word for one whose name changed (`lot`, `package`). */
  readonly model: string;
  readonly operation: 'read' | 'create' | 'write' | 'unlink';
  /** False: the capability works without it, for example without a lot's number. Default true. */
  readonly required?: boolean;
}
