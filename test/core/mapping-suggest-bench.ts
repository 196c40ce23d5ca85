/**
 * How good suggestions are: for every ready mapping and fixture, the mapping under test is hidden (its spec is neither in
 * the memory nor asked for its rows), and what the best suggestion of each required field gives is compared with what the
 * ready mapping gives.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseJson } from '../../core/canonical';
import { contracts } from '../../core/contract';
import {
  compileMapping,
  type MappingSpec,
  READY_MAPPINGS,
  type Rule,
  readyMapping,
} from '../../core/mapping';
import { requiredFields } from '../../core/mapping-desk/coverage';
import { valuesAt } from '../../core/mapping-desk/paths';
import { accepted, learn, suggest } from '../../core/mapping-desk/suggest';
import { projectFolders } from '../support';

export const CONTEXT = {
  channel: 'shop',
  account: 'main',
  partnerId: 'shop',
  receivedAt: '2026-11-23T10:00:00Z',
};

export interface Judged {
  readonly target: string;
  /** What the ready mapping gives, and the suggestions. */
  readonly wanted: string;
  readonly given: string;
  readonly right: boolean;
  /** One of the first three suggestions is right; only asked where the first is not. */
  readonly score: number | undefined;
}

export interface Score {
  readonly mapping: string;
  readonly fixture: string;
  readonly fields: readonly Judged[];
}

const fixtures = join(projectFolders().root, 'test/fixtures');

/** Fixtures by ready mapping: its own folder, and for shops those of the orders. */
export function fixturesOf(mapping: string): { name: string; document: unknown }[] {
  const prefix = { 'shopify-order': 'shopify-', 'woocommerce-order': 'woo-' }[mapping];
  const own = filesIn(join(fixtures, 'partner', mapping), '');
  const orders = prefix === undefined ? [] : filesIn(join(fixtures, 'orders'), prefix);
  return [...orders, ...own].map((path) => ({
    name: basename(path, '.json'),
    document: parseJson(readFileSync(path)),
  }));
}

function filesIn(folder: string, prefix: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && file.startsWith(prefix));
  return files.sort().map((file) => join(folder, file));
}

/** Ready mappings to canonical objects: what suggestions are for. */
export function inboundMappings(): string[] {
  return READY_MAPPINGS.filter((name) => {
    const { to } = readyMapping(name);
    return Object.hasOwn(
      (contracts().schema(to.contract, to.version).properties ?? {}) as object,
      'schemaVersion',
    );
  });
}

/** All of a mapping's fixtures. Leave one out: the memory learns from every other ready mapping. */
export async function judge(mapping: string, withMemory = true): Promise<Score[]> {
  const spec = readyMapping(mapping);
  const others = READY_MAPPINGS.filter((name) => name !== mapping).map(readyMapping);
  const memory = learn(withMemory ? others : []);
  const scores: Score[] = [];
  for (const { name, document } of fixturesOf(mapping)) {
    scores.push({ mapping, fixture: name, fields: await judgeFixture(spec, document, memory) });
  }
  return scores;
}

async function judgeFixture(
  spec: MappingSpec,
  document: unknown,
  memory: ReturnType<typeof learn>,
): Promise<Judged[]> {
  const { draft } = await compileMapping(spec).map(document, CONTEXT);
  const wanted = Array.isArray(draft) ? (draft as unknown[]) : [draft];
  const schema = contracts().schema(spec.to.contract, spec.to.version);
  const required = [...requiredFields(schema, wanted).required.keys()];
  const { rules: _hidden, tables: _tables, description: _description, ...head } = spec;
  const empty: MappingSpec = { ...head, rules: [] };
  const { targets } = await suggest(empty, document, { registry: contracts(), memory });
  const made = await run(accepted(empty, targets), document);
  const byTarget = new Map<string, { rule: Rule; confidence: number }>();
  for (const { target, suggestions } of targets)
    if (suggestions[0] !== undefined) byTarget.set(target, suggestions[0]);
  // Objects and lists with entries are judged by their members.
  const leaves = required.filter((target) => wanted.some((one) => valuesAt(one, target).some(isLeaf)));
  return leaves.map((target) => {
    const values = wanted.map((one) => valuesAt(one, target).filter(isLeaf));
    const own = made.map((one) => valuesAt(one, target).filter(isLeaf));
    const [text, ownText] = [JSON.stringify(values), JSON.stringify(own)];
    return {
      target,
      wanted: text,
      given: ownText,
      right: text === ownText,
      score: byTarget.get(target)?.confidence,
    };
  });
}

async function run(spec: MappingSpec, document: unknown): Promise<unknown[]> {
  if (spec.rules.length === 0) return [];
  // Its own id is part of what it makes: it must be the hidden mapping's.
  const { draft } = await compileMapping(spec, { lenient: true }).map(document, CONTEXT);
  return Array.isArray(draft) ? (draft as unknown[]) : [draft];
}

export function share(fields: readonly Judged[]): number {
  return fields.length === 0 ? 1 : fields.filter(({ right }) => right).length / fields.length;
}

function isLeaf(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 || typeof value[0] !== 'object';
  return typeof value !== 'object' || value === null;
}
