/** Contracts that analysts and partners bring: read from a node's configuration or a file, checked before they count. */

import { VersionFiles } from '../archive';
import { findUnsafeKey, parseJson } from '../canonical';
import { CrossdockError } from '../errors';
import { compileContract } from './compile';
import { type ContractLife, checkLife } from './lifecycle';
import type { Contract } from './registry';
import { asSchema, type JsonSchema } from './schema-tree';

/** Largest schema, in bytes of JSON. The largest that the partners of our users publish have some 300 kB. */
const MAX_SCHEMA_BYTES = 1024 * 1024;

export interface OwnContractFacts {
  readonly name: string;
  readonly version: string;
  /** The schema itself, or its JSON. */
  readonly schema: unknown;
  readonly partner?: string;
  readonly life?: ContractLife;
}

/**
 * Checks what an analyst has entered.
 * @throws CrossdockError CONFIG_INVALID (name, version, dates), CONTRACT_INVALID (the schema)
 */
export function ownContract({ name, version, schema, partner, life = {} }: OwnContractFacts): Contract {
  if (!VersionFiles.isName(name)) {
    throw wrong('The name may have small letters, digits and hyphens, for example acme-order.', 'contract');
  }
  if (!/^\d+(?:\.\d+){0,2}$/.test(version)) throw wrong('The version must be like 1.0.', 'version');
  const read = readSchema(schema);
  // What cannot be compiled is told when it is deployed, not by the first message.
  compileContract(`${name} ${version}`, read, true);
  return {
    name,
    version,
    schema: read,
    own: true,
    life: checkLife(life),
    ...(partner === undefined || partner === '' ? {} : { partner }),
  };
}

function readSchema(given: unknown): JsonSchema {
  let parsed = given;
  if (typeof given === 'string') {
    try {
      parsed = parseJson(given, { maxBytes: MAX_SCHEMA_BYTES });
    } catch (cause) {
      throw faulty(`The JSON Schema cannot be read: ${(cause as Error).message}`, cause);
    }
  } else {
    const unsafe = findUnsafeKey(given);
    if (unsafe !== undefined) throw faulty('The JSON Schema has a field that is not allowed (__proto__).');
    if (JSON.stringify(given ?? null).length > MAX_SCHEMA_BYTES)
      throw faulty('The JSON Schema is larger than 1 MB.');
  }
  const schema = asSchema(parsed);
  if (schema === undefined) throw faulty('The JSON Schema must be an object.');
  return schema;
}

/** The text that an own contract is kept as: readable, and the same for the same content. */
export function contractText({
  name,
  version,
  schema,
}: Pick<Contract, 'name' | 'version' | 'schema'>): string {
  return `${JSON.stringify({ name, version, schema: sorted(schema) }, null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

/** Reads a kept text back. @returns undefined when it is none of ours */
export function contractOfText(text: string): Pick<Contract, 'name' | 'version' | 'schema'> | undefined {
  let read: unknown;
  try {
    read = parseJson(text, { maxBytes: 2 * MAX_SCHEMA_BYTES });
  } catch {
    return undefined;
  }
  const { name, version, schema } = (asSchema(read) ?? {}) as Record<string, unknown>;
  const found = asSchema(schema);
  return typeof name === 'string' && typeof version === 'string' && found !== undefined
    ? { name, version, schema: found }
    : undefined;
}

function wrong(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}

function faulty(message: string, cause?: unknown): CrossdockError {
  return new CrossdockError(message, {
    code: 'CONTRACT_INVALID',
    kind: 'permanent',
    facts: { field: 'schema' },
    ...(cause === undefined ? {} : { cause }),
  });
}
