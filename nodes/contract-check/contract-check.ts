import { CrossdockError } from '../../core/errors';
import { registerNode } from '../shared/base';
import { choice, text } from '../shared/config';
import { type ChosenContract, contractChoice, lifeWords } from '../shared/contracts';
import type { Message, Red } from '../shared/red';

interface Config {
  readonly open: () => Promise<ChosenContract>;
  readonly property: string;
  /** What does not keep the contract fails (Catch, dead letter), or leaves by an output of its own. */
  readonly broken: 'fail' | 'output';
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-contract-check', {
    normalise(config) {
      const open = contractChoice(red, { contract: 'order@1.0', ...config });
      if (open === undefined) {
        throw new CrossdockError('The contract is not chosen.', {
          code: 'CONFIG_INVALID',
          kind: 'permanent',
          facts: { field: 'contract' },
        });
      }
      return {
        open,
        property: text(config, 'property', 'Property', 'payload'),
        broken: choice(config, 'broken', 'What breaks it', ['fail', 'output'], 'fail'),
      };
    },
    async start({ config, status }) {
      const contract = await config.open();
      const { property, broken } = config;
      let kept = 0;
      let refused = 0;
      const show = (): void => {
        const counted = refused === 0 ? `${kept} kept it` : `${kept} kept it, ${refused} did not`;
        const aged = lifeWords(contract);
        if (aged !== undefined) status.waiting(aged);
        else if (kept + refused === 0) status.ok('ready');
        else if (refused === 0) status.ok(counted);
        else status.waiting(counted);
      };
      show();
      return {
        async input(message, send) {
          const value = red.util.getMessageProperty(message, property);
          if (broken === 'fail') {
            try {
              contract.demand(value);
            } catch (thrown) {
              refused += 1;
              throw thrown;
            }
            kept += 1;
            note(message, contract, []);
            show();
            send(message);
            return;
          }
          contract.demandInService();
          const problems = contract.problems(value);
          note(message, contract, problems);
          if (problems.length === 0) kept += 1;
          else refused += 1;
          show();
          send(problems.length === 0 ? [message, null] : [null, message]);
        },
      };
    },
  });
};

/** What the nodes behind may go by: which contract was asked, and what is wrong in words. */
function note(
  message: Message,
  { contract, version, state }: ChosenContract,
  problems: readonly { path: string; message: string }[],
): void {
  message['contract'] = { name: contract, version, state: state(), kept: problems.length === 0, problems };
}
