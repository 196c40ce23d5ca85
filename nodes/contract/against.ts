/** An own contract beside the versions of it that were in force before, for the dialog and its gate. */
import { compareVersions, type VersionFiles } from '../../core/archive';
import { type Contract, contractOfText, contracts, contractText } from '../../core/contract';
import { type Finding, MODES, type Mode } from '../../core/contract/compatibility';
import { checkApart } from '../../core/contract/compatibility/apart';

export { MODES };
export type CheckMode = Mode;

/** Findings that the dialog shows; all of them count. */
const MAX_SHOWN = 200;
/** Earlier versions that one comparison looks at. */
const MAX_COMPARED = 50;

export interface Comparison {
  /** The versions that it was compared with, the newest first. */
  readonly compared: readonly string[];
  /** This very version was in force with other content. */
  readonly changed: boolean;
  readonly compatible: boolean;
  /** How many findings break something. */
  readonly breaking: number;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

export interface CompareOptions {
  readonly mode: CheckMode;
  /** With all earlier versions instead of the last one. */
  readonly transitive: boolean;
  readonly users: ReadonlyMap<string, readonly { id: string; type: string; name: string }[]>;
}

export async function against(
  contract: Contract,
  kept: VersionFiles,
  { mode, transitive, users }: CompareOptions,
): Promise<Comparison> {
  const known = await earlier(contract, kept);
  const before = known.slice(0, transitive ? MAX_COMPARED : 1);
  const { name, version, schema, partner } = contract;
  const older = before.map((old) => ({
    version: `${name} ${old.version}`,
    schema: old.schema,
    users: [...(partner === undefined ? [] : [partner]), ...namesOf(users.get(`${name} ${old.version}`))],
  }));
  const { compatible, findings } = await checkApart(
    older,
    { version: `${name} ${version}`, schema },
    { mode },
  );
  return {
    compared: before.map((old) => old.version),
    changed: await changedInPlace(contract, kept),
    compatible,
    breaking: findings.filter(({ severity }) => severity === 'breaking').length,
    findings: findings.slice(0, MAX_SHOWN),
  };
}

/** Nodes as people find them in the editor. */
function namesOf(nodes: readonly { id: string; type: string; name: string }[] = []): string[] {
  return nodes.map(({ id, type, name }) => {
    const kind = type.replace('crossdock-', '').replaceAll('-', ' ');
    return name === '' ? `${kind} ${id}` : `${kind} "${name}"`;
  });
}

async function changedInPlace(contract: Contract, kept: VersionFiles): Promise<boolean> {
  const text = await kept.read(contract.name, contract.version);
  return text !== undefined && text !== contractText(contract);
}

/** Lower versions of the same contract: those kept here, and those that come with Crossdock; the newest first. */
async function earlier(
  { name, version }: Contract,
  kept: VersionFiles,
): Promise<Pick<Contract, 'name' | 'version' | 'schema'>[]> {
  const found = new Map<string, Pick<Contract, 'name' | 'version' | 'schema'>>();
  for (const known of contracts().list()) {
    if (known.name !== name) continue;
    found.set(known.version, {
      name,
      version: known.version,
      schema: contracts().schema(name, known.version),
    });
  }
  for (const entry of await kept.list(name)) {
    const read = contractOfText((await kept.read(name, entry.version)) ?? '');
    if (read !== undefined) found.set(read.version, read);
  }
  return [...found.values()]
    .filter((known) => compareVersions(known.version, version) < 0)
    .sort((a, b) => compareVersions(b.version, a.version));
}
