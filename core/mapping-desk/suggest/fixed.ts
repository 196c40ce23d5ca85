/** Fields that no partner sends: what the contract fixes, what the node knows, where every object begins. */
import type { Rule } from '../../mapping';
import type { ContractField } from '../api';
import { type Context, type Draft, reason } from './context';
import { transformsFor } from './rules';

const BEGINNINGS: Readonly<Record<string, readonly [value: string, why: string]>> = {
  'status.order': ['received', 'A new order begins as received.'],
  'status.fulfilment': ['none', 'Nothing is shipped when an order comes in.'],
  'status.return': ['none', 'Nothing is returned when an order comes in.'],
};
const CONTEXT: Readonly<Record<string, string>> = {
  channel: 'channel',
  account: 'account',
  'provenance.partnerId': 'partnerId',
  'provenance.mappingVersion': 'mappingVersion',
};
/** The usual document type of each object, by UNCL 1001. */
const KINDS = ['220', '380', '351'];

/** Suggestions for a field that is not taken from the message. */
export function fixedDrafts(target: ContractField, context: Context): Draft[] {
  const { path } = target;
  const also = rowsFor(path, context);
  const draft = (rule: Omit<Rule, 'target'>, score: number, text: string): Draft => ({
    rule: { target: path, ...rule },
    also,
    score,
    reasons: [reason('contract', text)],
  });
  if (target.const !== undefined)
    return [draft({ const: target.const }, 0.99, 'The contract allows this value only.')];
  const member = CONTEXT[path];
  if (member !== undefined)
    return [draft({ context: member, required: true }, 0.97, `The node knows the ${plain(member)}.`)];
  if (path === 'provenance.receivedAt')
    return [
      draft(
        { context: 'receivedAt', transforms: ['date'], required: true },
        0.97,
        'The node knows when the message came.',
      ),
    ];
  if (path === 'provenance.system') {
    if (context.system === '')
      return [draft({ context: 'channel' }, 0.6, 'The channel names the system, as nothing else does.')];
    return [draft({ const: context.system }, 0.9, `The source contract is one of ${context.system}.`)];
  }
  if (path === 'kind') {
    const kind = KINDS.find((code) => target.enum?.includes(code) === true);
    if (kind !== undefined)
      return [draft({ const: kind }, 0.85, `${kind} is the usual document type (UNCL 1001).`)];
  }
  const beginning = BEGINNINGS[path];
  if (beginning !== undefined && target.enum?.includes(beginning[0]) === true) {
    return [draft({ const: beginning[0] }, path === 'status.order' ? 0.78 : 0.82, beginning[1])];
  }
  if (path === 'id') return keyDrafts(context);
  if (path === 'lines[].unitPrice.baseQuantity' || path === 'unitPrice.baseQuantity')
    return [draft({ const: '1' }, 0.9, 'Prices are for one unit unless the partner says otherwise.')];
  if (path === 'lines[].lineId')
    return [
      draft(
        { from: '$number', transforms: ['string'], required: true },
        0.4,
        'Lines without an id are numbered.',
      ),
    ];
  if (path === 'pricesIncludeTax')
    return [draft({ const: false }, 0.5, 'Prices between businesses are without tax.')];
  if (path === 'payment.status')
    return [draft({ const: 'unpaid' }, 0.45, 'The message says nothing about payment.')];
  if (path === 'status.payment') {
    const rule = { result: 'payment.status' };
    return [draft(rule, 0.85, 'As the payment says.')];
  }
  if (/(?:^|\.)unit$/.test(path))
    return [draft({ const: 'C62' }, 0.5, 'The message names no unit: pieces are assumed. Ask the partner.')];
  return [];
}

/** The business key is made of the partner's own id. */
function keyDrafts(context: Context): Draft[] {
  const drafts: Draft[] = [];
  for (const { candidate, score, reasons } of context.matches('externalId', context.header()).slice(0, 3)) {
    const { transforms } = transformsFor(context.field('externalId'), candidate);
    drafts.push({
      rule: {
        target: 'id',
        from: candidate.path,
        transforms: [...transforms, { businessKey: [{ context: 'channel' }, { context: 'account' }] }],
        required: true,
      },
      also: context.root,
      score,
      reasons: [reason('contract', "The key is channel, account and the partner's id."), ...reasons],
    });
  }
  return drafts;
}

export function rowsFor(path: string, context: Context): readonly Rule[] {
  return path.startsWith('lines[]') ? context.linesRows() : context.root;
}

function plain(member: string): string {
  return member
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace('partner id', "partner's id");
}
