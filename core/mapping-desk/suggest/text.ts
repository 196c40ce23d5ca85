import type { SourceField } from '../api';

/** Whether a field never had a value in the sample. */
export function isMissingText({ count }: SourceField): boolean {
  return count === 0;
}
