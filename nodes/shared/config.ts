/**
 * Reading a node's configuration: from `unknown` to exact values, once, with a sentence for what is wrong. The
 * editor's validators say the same earlier; this is the side that also sees hand-written and generated flows.
 */
import { CrossdockError } from '../../core/errors';
import type { RawConfig } from './red';

function wrong(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}

/**
 * Node-RED replaces a whole-string `${NAME}` before the node sees it; one that is still there was not set.
 * @throws CrossdockError CONFIG_ENV_MISSING
 */
export function refuseUnsetEnvironment(value: string, label: string): string {
  const unset = /^\$\{([^}]+)\}$/.exec(value);
  if (unset !== null) {
    // A status is cut at 60 characters: the variable and what is the matter with it come first.
    throw new CrossdockError(`The environment variable ${unset[1]} is not set (${label}).`, {
      code: 'CONFIG_ENV_MISSING',
      kind: 'permanent',
      facts: { variable: unset[1] ?? '' },
    });
  }
  return value;
}

/** A text; `fallback` when missing or empty. Without a fallback it must be there. */
export function text(config: RawConfig, field: string, label: string, fallback?: string): string {
  const value = config[field];
  const found = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
  if (found !== '') return refuseUnsetEnvironment(found, label);
  if (fallback === undefined) throw wrong(`${label} is missing.`, field);
  return fallback;
}

/** A whole number within bounds; `fallback` when missing or empty. (Limits of queries and batches take no fractions.) */
export function number(
  config: RawConfig,
  field: string,
  label: string,
  fallback: number,
  bounds: { min: number; max: number },
): number {
  const value = config[field];
  if (value === undefined || value === null || value === '') return fallback;
  const found = Number(typeof value === 'string' ? refuseUnsetEnvironment(value, label) : value);
  if (!Number.isInteger(found) || found < bounds.min || found > bounds.max) {
    throw wrong(`${label} must be a whole number from ${bounds.min} to ${bounds.max}.`, field);
  }
  return found;
}

/** A decimal number of zero or more, kept as text so that no digit is lost. */
export function decimal(config: RawConfig, field: string, label: string, fallback: string): string {
  const found = text(config, field, label, fallback);
  if (!/^\d{1,15}(\.\d{1,9})?$/.test(found)) {
    throw wrong(`${label} must be a number of zero or more, for example 0.01.`, field);
  }
  return found;
}

/** One of a few words. */
export function choice<const T extends string>(
  config: RawConfig,
  field: string,
  label: string,
  choices: readonly T[],
  fallback: T,
): T {
  const value = config[field];
  if (value === undefined || value === '') return fallback;
  const found = choices.find((word) => word === value);
  if (found === undefined) throw wrong(`${label} must be one of: ${choices.join(', ')}.`, field);
  return found;
}

export function flag(config: RawConfig, field: string, fallback: boolean): boolean {
  const value = config[field];
  if (value === undefined || value === '') return fallback;
  return value === true || value === 'true';
}

/** A credential, or '' when there is none. */
export function secret(
  credentials: Readonly<Record<string, unknown>> | undefined,
  field: string,
  label: string,
): string {
  const value = credentials?.[field];
  return typeof value === 'string' ? refuseUnsetEnvironment(value.trim(), label) : '';
}
