/** The contracts that come with Crossdock: the canonical objects and the partners' documents that are read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrossdockError } from '../errors';
import { ContractRegistry } from './registry';
import { asSchema, type JsonSchema } from './schema-tree';

const FOLDERS = [join(__dirname, '..', 'canonical'), join(__dirname, 'partner')];
const ENDING = '.schema.json';

let registry: ContractRegistry | undefined;

/** The registry with all built-in contracts; one per process. Files are read and compiled at their first use. */
export function contracts(): ContractRegistry {
  registry ??= builtinContracts();
  return registry;
}

/** A fresh registry with all built-in contracts, to which own ones can be added. */
export function builtinContracts(): ContractRegistry {
  const fresh = new ContractRegistry();
  for (const folder of FOLDERS) {
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(ENDING)) continue;
      const schema = readSchema(join(folder, file));
      fresh.register({ name: file.slice(0, -ENDING.length), version: versionOf(schema, file), schema });
    }
  }
  return fresh;
}

function readSchema(path: string): JsonSchema {
  const schema = asSchema(JSON.parse(readFileSync(path, 'utf8')));
  if (schema === undefined) throw faulty(path);
  return schema;
}

/** The version is the last part of `$id`: `https://crossdock.dev/contracts/order/1.0`. */
function versionOf(schema: JsonSchema, file: string): string {
  const version = typeof schema.$id === 'string' ? /\/(\d+\.\d+)$/.exec(schema.$id)?.[1] : undefined;
  if (version === undefined) throw faulty(file);
  return version;
}

function faulty(file: string): CrossdockError {
  return new CrossdockError(`The contract file ${file} has no $id that ends with its version.`, {
    code: 'CONTRACT_INVALID',
    kind: 'permanent',
  });
}
