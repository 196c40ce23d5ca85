import { CrossdockError } from '../../errors';
import type { SideJob } from './job';

/** A source whose content cannot be read: a person has to mend it. */
export function badSource(
  side: SideJob,
  what: string,
  facts: Record<string, string | number> = {},
): CrossdockError {
  return new CrossdockError(`${side.label}: ${what}`, {
    code: 'RECONCILE_SOURCE',
    kind: 'permanent',
    facts: { source: side.label, ...facts },
  });
}

/** What the file system says, as an error with a sentence. */
export function fileError(thrown: unknown, what: string): CrossdockError {
  if (thrown instanceof CrossdockError) return thrown;
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CrossdockError(
      `The disk is full: ${what} needs room in Node-RED's user directory. The comparison goes on from here once there is some.`,
      { code: 'RECONCILE_DISK_FULL', kind: 'transient', retryAfterMs: 60_000, cause: thrown },
    );
  }
  if (code === 'ENOENT')
    return new CrossdockError(`${what} is not there.`, {
      code: 'RECONCILE_FILE_MISSING',
      kind: 'transient',
      cause: thrown,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new CrossdockError(`${what} may not be read by Node-RED's user.`, {
      code: 'RECONCILE_FILE_REFUSED',
      kind: 'permanent',
      cause: thrown,
    });
  return new CrossdockError(
    `${what} could not be read or written (${code === '' ? 'unknown fault' : code}).`,
    {
      code: 'RECONCILE_FILE',
      kind: 'transient',
      cause: thrown,
    },
  );
}
