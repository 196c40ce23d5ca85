import { join } from 'node:path';
import { VersionFiles } from '../../core/archive';
import { type Contract, contracts, contractText, ownContract } from '../../core/contract';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import { choice, text } from '../shared/config';
import type { ContractNode } from '../shared/contracts';
import type { RawConfig, Red, RedNode } from '../shared/red';
import { addContractRoutes } from './routes';

/** Below the user directory: what was ever in force here, one file per version. */
const FOLDER = join('crossdock', 'contracts');

export = (red: Red): void => {
  const kept = new VersionFiles(join(red.settings.userDir ?? process.cwd(), FOLDER));

  red.nodes.registerType('crossdock-contract', function (this: RedNode, config: RawConfig): void {
    red.nodes.createNode(this, config);
    // In force at once, since the nodes that use it start in this very turn of the event loop.
    const state = put(this, config, kept);
    Object.assign(this as ContractNode, {
      inForce: () => state.inForce,
      afterSunset: state.afterSunset,
    });
    state.inForce.catch((thrown: unknown) => this.error(asCrossdockError(thrown).message));
    this.on('close', (_removed: boolean, done: () => void) => {
      state.takeOut();
      done();
    });
  });

  addContractRoutes(red, kept);
};

interface InForce {
  readonly inForce: Promise<{ contract: string; version: string }>;
  readonly afterSunset: 'warn' | 'refuse';
  takeOut(): void;
}

function put(node: RedNode, config: RawConfig, kept: VersionFiles): InForce {
  let takeOut = (): void => undefined;
  try {
    const afterSunset = choice(config, 'afterSunset', 'After the last day', ['warn', 'refuse'], 'warn');
    const contract = read(config);
    takeOut = contracts().register(contract);
    const inForce = keep(node, contract, kept).catch((thrown: unknown) => {
      takeOut();
      throw thrown;
    });
    return { inForce, afterSunset, takeOut: () => takeOut() };
  } catch (thrown) {
    return { inForce: Promise.reject(asCrossdockError(thrown)), afterSunset: 'warn', takeOut };
  }
}

function read(config: RawConfig): Contract {
  const optional = (field: string, label: string): Record<string, string> => {
    const found = text(config, field, label, '');
    return found === '' ? {} : { [field]: found };
  };
  return ownContract({
    name: text(config, 'contract', 'Name'),
    version: text(config, 'version', 'Version'),
    schema: config['schema'],
    ...optional('partner', 'Partner'),
    life: {
      ...optional('deprecatedOn', 'Deprecated on'),
      ...optional('sunsetOn', 'Last day'),
      ...optional('successor', 'Successor'),
      ...optional('documentation', 'Documentation'),
    },
  });
}

/**
 * A version that was in force once does not change: partners and mappings rely on it. What was deployed before is in
 * the file; a disk that cannot be written keeps no contract from working.
 */
async function keep(
  node: RedNode,
  contract: Contract,
  kept: VersionFiles,
): Promise<{ contract: string; version: string }> {
  const { name, version } = contract;
  const outcome = await kept.keep(name, version, contractText(contract)).catch((thrown: unknown) => {
    node.warn(
      `The contract ${name} ${version} could not be kept as a file: ${asCrossdockError(thrown).message}`,
    );
    return 'kept' as const;
  });
  if (outcome === 'differs') {
    throw new CrossdockError(
      `The contract ${name} ${version} was in force with other content. Give the changed one a new version.`,
      { code: 'CONTRACT_CHANGED', kind: 'permanent', facts: { contract: name, version } },
    );
  }
  return { contract: name, version };
}
