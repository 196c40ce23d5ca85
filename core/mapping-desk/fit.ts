/** Which partner contract a sample looks like. */
import type { ContractRegistry, JsonSchema } from '../contract';
import { asSchema, childNode, rootNode, type SchemaNode } from '../contract/schema-tree';
import type { ContractFit } from './api';
import { contractEntries, mappingsFrom } from './contract-fields';

const MIN_FIT = 0.5;
const MAX_FITS = 3;
/** Root keys that senders wrap a document in. */
const MAX_WRAPPERS = 3;

interface Count {
  required: number;
  present: number;
  known: number;
  unknown: number;
}

/** The best first; a sample that is a list is judged by its first entry as well. */
export function bestFits(sample: unknown, registry: ContractRegistry): ContractFit[] {
  const candidates = documentsIn(sample);
  const fits: ContractFit[] = [];
  for (const entry of contractEntries(registry)) {
    const schema = registry.schema(entry.name, entry.version);
    const counts = candidates.map((document) => count(schema, document));
    const best = counts.reduce<{ fit: number; found: Count } | undefined>((top, found) => {
      const fit = fitOf(found);
      return top === undefined || fit > top.fit ? { fit, found } : top;
    }, undefined);
    if (best === undefined || best.fit < MIN_FIT) continue;
    const { required, present, known, unknown } = best.found;
    const text = `has ${present} of ${required} required fields; ${known} of its ${known + unknown} fields are known to the contract`;
    fits.push({ ...entry, fit: Math.round(best.fit * 100) / 100, text, mappings: mappingsFrom(entry.name) });
  }
  return fits.sort((a, b) => b.fit - a.fit || a.name.localeCompare(b.name)).slice(0, MAX_FITS);
}

/** The sample itself, and what it may be wrapped in. */
function documentsIn(sample: unknown): unknown[] {
  const found = [sample];
  if (Array.isArray(sample)) return sample.length > 0 ? [sample, sample[0]] : found;
  const members = Object.values(asSchema(sample) ?? {});
  if (members.length <= MAX_WRAPPERS) {
    for (const member of members) {
      if (asSchema(member) !== undefined) found.push(member);
      else if (Array.isArray(member) && asSchema(member[0]) !== undefined) found.push(member[0]);
    }
  }
  return found;
}

/** What is required weighs most: a contract that is open knows every field. */
function fitOf({ required, present, known, unknown }: Count): number {
  if (required === 0 || known === 0) return 0;
  return 0.6 * (present / required) ** 2 + 0.4 * (known / (known + unknown));
}

function count(root: JsonSchema, document: unknown): Count {
  const total: Count = { required: 0, present: 0, known: 0, unknown: 0 };
  const walk = (node: SchemaNode, value: unknown, depth: number): void => {
    if (depth > 12) return;
    if (Array.isArray(value)) {
      const entry = childNode(root, node, '0');
      // The first entry stands for all.
      if (entry !== undefined && value.length > 0) walk(entry, value[0], depth + 1);
      return;
    }
    const members = asSchema(value);
    if (members === undefined) return;
    const required = Array.isArray(node.schema.required) ? (node.schema.required as unknown[]) : [];
    for (const name of required) {
      total.required += 1;
      if (Object.hasOwn(members, String(name))) total.present += 1;
    }
    const properties = asSchema(node.schema.properties);
    if (properties === undefined) return;
    for (const [name, member] of Object.entries(members)) {
      const child = Object.hasOwn(properties, name) ? childNode(root, node, name) : undefined;
      if (child === undefined) {
        total.unknown += 1;
        continue;
      }
      total.known += 1;
      walk(child, member, depth + 1);
    }
  };
  walk(rootNode(root), document, 0);
  return total;
}
