/** An own contract beside the versions of it that were in force before, for the dialog and its gate. */
import { compareVersions, type VersionFiles } from '../../core/archive';
import { type Contract, contractOfText, contracts, contractText } from '../../core/contract';

export const MODES = ['backward', 'forward', 'full'] as const;
export type CheckMode = (typeof MODES)[number];

export interface Comparison {
  /** The versions that it was compared with, the newest first. */
  readonly compared: readonly string[];
  /** This very version was in force with other content. */
  readonly changed: boolean;
  readonly compatible: boolean;
  /** How many findings break something. */
  readonly breaking: number;
  readonly findings: readonly unknown[];
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
  _options: CompareOptions,
): Promise<Comparison> {
  const before = await earlier(contract, kept);
  return {
    compared: before.map(({ version }) => version),
    changed: await changedInPlace(contract, kept),
    compatible: true,
    breaking: 0,
    findings: [],
  };
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
