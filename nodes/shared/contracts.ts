/** A node's contract: one that comes with Crossdock (`order@1.0`), or a contract config node of the flows. */
import {
  type ContractLife,
  type ContractRef,
  type ContractState,
  contracts,
  daysLeft,
  problemsToSentence,
  stateOf,
} from '../../core/contract';
import { CrossdockError, type Problem } from '../../core/errors';
import { text } from './config';
import type { RawConfig, Red, RedNode } from './red';

/** What a contract config node shows to those that use it. */
export interface ContractNode extends RedNode {
  /** Resolves with the contract once it is in force; rejects with the reason why it is not. */
  inForce(): Promise<ContractRef>;
  /** What happens to messages after the last day. */
  readonly afterSunset?: 'warn' | 'refuse';
}

export interface ChosenContract extends ContractRef {
  /** `acme-order 1.0`, as people read it. */
  readonly label: string;
  /** Names the contract in an event's `dataschema`. */
  readonly uri: string;
  readonly life: ContractLife;
  state(now?: number): ContractState;
  /** What is wrong with a value; empty when it keeps the contract. */
  problems(value: unknown): Problem[];
  /**
   * As `problems`, as an exception; also for a version that is served no longer.
   * @throws CrossdockError CONTRACT_BROKEN, CONTRACT_SUNSET
   */
  demand(value: unknown): void;
  /** Throws CONTRACT_SUNSET when the last day is over and messages are to be refused from then on. */
  demandInService(now?: number): void;
}

const OWN = 'own';

/**
 * Reads which contract a node works with.
 * @returns undefined when none is chosen; otherwise what gives it when the node starts
 * @throws CrossdockError CONFIG_INVALID
 */
export function contractChoice(red: Red, config: RawConfig): (() => Promise<ChosenContract>) | undefined {
  const choice = text(config, 'contract', 'Contract', '');
  if (choice === '') return undefined;
  if (choice !== OWN) {
    const [name = '', version = ''] = choice.split('@');
    // Built in: a slip is told at once.
    contracts().schema(name, version);
    return async () => chosen({ contract: name, version }, 'warn');
  }
  const id = text(config, 'ownContract', 'Own contract');
  return async () => {
    const node = red.nodes.getNode(id) as ContractNode | null;
    if (node === null || node.type !== 'crossdock-contract' || typeof node.inForce !== 'function') {
      throw new CrossdockError('The own contract is missing or disabled.', {
        code: 'CONFIG_INVALID',
        kind: 'permanent',
        facts: { field: 'ownContract' },
      });
    }
    return chosen(await node.inForce(), node.afterSunset ?? 'warn');
  };
}

function chosen(ref: ContractRef, afterSunset: 'warn' | 'refuse'): ChosenContract {
  const { contract, version } = ref;
  const registry = contracts();
  const schema = registry.schema(contract, version);
  const life = registry.life(contract, version);
  const label = `${contract} ${version}`;
  const problems = registry.validator(contract, version);
  const demandInService = (now = Date.now()): void => {
    if (afterSunset !== 'refuse' || stateOf(life, now) !== 'sunset') return;
    const next = life.successor === undefined ? '' : ` Use ${life.successor}.`;
    throw new CrossdockError(`The contract ${label} has not been served since ${life.sunsetOn}.${next}`, {
      code: 'CONTRACT_SUNSET',
      kind: 'business',
      facts: { contract, version },
    });
  };
  return {
    ...ref,
    label,
    uri: uriOf(schema['$id']) ?? `urn:crossdock:contract:${contract}:${version}`,
    life,
    state: (now = Date.now()) => stateOf(life, now),
    problems,
    demandInService,
    demand: (value) => {
      demandInService();
      const found = problems(value);
      if (found.length === 0) return;
      throw new CrossdockError(
        `The message does not keep the contract ${label}: ${problemsToSentence(found)}.`,
        { code: 'CONTRACT_BROKEN', kind: 'permanent', facts: { contract, version }, problems: found },
      );
    },
  };
}

/** An event's `dataschema` is an absolute URI; a schema's `$id` may be a relative one. */
function uriOf(id: unknown): string | undefined {
  return typeof id === 'string' && /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(id) ? id : undefined;
}

/** What a node's status says about the life of its contract; undefined while there is nothing to say. */
export function lifeWords(chosenContract: ChosenContract, now = Date.now()): string | undefined {
  const state = chosenContract.state(now);
  if (state === 'current') return undefined;
  if (state === 'sunset') return `${chosenContract.label} is past its last day`;
  const left = daysLeft(chosenContract.life, now);
  return left === undefined
    ? `${chosenContract.label} is deprecated`
    : `${chosenContract.label} is deprecated, ${left} ${left === 1 ? 'day' : 'days'} left`;
}
