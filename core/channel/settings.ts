/** What the settings of channels over a broker have in common: checked once, with sentences for what is wrong. */
import { CrossdockError } from '../errors';

/** A fault of one setting; `facts.setting` names it, so that a dialog can mark the field. */
export function invalid(message: string, setting: string, code = 'CONFIG_INVALID'): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent', facts: { setting } });
}

/**
 * The value itself. A `${NAME}` that is still in it was not resolved: the environment has no such variable.
 * Throws CONFIG_ENV_MISSING (permanent).
 */
export function resolved(value: string, setting: string, label: string): string {
  const name = /\$\{([^}]*)\}/.exec(value)?.[1];
  if (name === undefined) return value;
  throw invalid(
    `The ${label} is taken from the environment variable ${name.slice(0, 60)}, which is not set. Set it, or enter the ${label} itself.`,
    setting,
    'CONFIG_ENV_MISSING',
  );
}

/** What was entered, or else what stands percent-encoded in the broker's URL; undefined: neither. */
export function credential(
  entered: string | undefined,
  inUrl: string,
  setting: string,
  label: string,
): string | undefined {
  if (entered !== undefined && entered !== '') return resolved(entered, setting, label);
  if (inUrl === '') return undefined;
  try {
    return decodeURIComponent(inUrl);
  } catch {
    throw invalid(`The ${label} within the broker's address is not percent-encoded correctly.`, 'url');
  }
}

/** A whole number within its bounds. Throws CONFIG_INVALID (permanent). */
export function whole(
  value: number | undefined,
  standard: number,
  min: number,
  max: number,
  setting: string,
): number {
  if (value === undefined) return standard;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`The setting ${setting} must be a whole number from ${min} to ${max}.`, setting);
}
