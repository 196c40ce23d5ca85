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
/** How often a new order really begins so: partners send cancelled and shipped ones, too. */
const CERTAINTY: Readonly<Record<string, number>> = {
  'status.order': 0.7,
  'status.fulfilment': 0.85,
  'status.return': 0.92,
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
      return [draft({ const: kind }, 0.92, `${kind} is the usual document type (UNCL 1001).`)];
  }
  const beginning = BEGINNINGS[path];
  if (beginning !== undefined && target.enum?.includes(beginning[0]) === true) {
    return [draft({ const: beginning[0] }, CERTAINTY[path] ?? 0.8, beginning[1])];
  }
  if (path === 'reason' && target.enum?.includes('other') === true)
    return [draft({ const: 'other' }, 0.5, 'The message tells no reason.')];
  if (
    path === 'status' &&
    target.enum?.includes('refunded') === true &&
    /refund/.test(context.ask.spec.from.contract)
  )
    return [draft({ const: 'refunded' }, 0.66, 'A refund says that money was paid back.')];
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
  if (path === 'pricesIncludeTax') {
    const { includesTax } = context.sums();
    if (includesTax === undefined)
      return [draft({ const: false }, 0.68, 'Prices between businesses are without tax.')];
    const text = `The sample's numbers add up only ${includesTax ? 'with' : 'without'} tax in the prices.`;
    return [draft({ const: includesTax }, 0.76, text)];
  }
  if (path === 'payment.status') return [paymentOf(context, draft)];
  if (path === 'sequence') return sequenceDrafts(target, context);
  if (path === 'authority') {
    const prefix = context.system === '' ? [] : [{ prefix: `${context.system}:` }];
    return [
      draft(
        { context: 'account', ...(prefix.length === 0 ? {} : { transforms: prefix }), required: true },
        0.6,
        'The account says whose stock it is.',
      ),
    ];
  }
  if (path === 'status.payment') {
    const [payment] = context.matches('payment.status', context.header());
    const score = payment === undefined ? 0.66 : 0.85;
    return [draft({ result: 'payment.status' }, score, 'As the payment says.')];
  }
  if (/(?:^|\.)unit$/.test(path))
    return [draft({ const: 'C62' }, 0.66, 'The message names no unit: pieces are assumed. Ask the partner.')];
  return [];
}

/** Marketplaces collect the money before they pass an order on. */
const MARKETPLACES = /^(?:amazon|mirakl|ebay|otto|kaufland|zalando|etsy|bol|cdiscount|allegro)$/;

function paymentOf(
  context: Context,
  draft: (rule: Omit<Rule, 'target'>, score: number, text: string) => Draft,
): Draft {
  const purchase = /purchase/.test(context.ask.spec.from.contract);
  if (MARKETPLACES.test(context.system) && !purchase)
    return draft({ const: 'paid' }, 0.7, 'Marketplaces collect the money.');
  return draft({ const: 'unpaid' }, purchase ? 0.7 : 0.6, 'The message says nothing about payment.');
}

/** Who counts no changes has the time of the last one. */
function sequenceDrafts(target: ContractField, context: Context): Draft[] {
  const [time] = context.matches('asOf', context.header());
  if (time === undefined) return [];
  const { transforms } = transformsFor({ ...target, path: 'asOf', format: 'date-time' }, time.candidate);
  const [read] = transforms;
  const own = typeof read === 'object' ? (read['date'] as object) : {};
  return [
    {
      rule: {
        target: target.path,
        from: time.candidate.path,
        transforms: [{ date: { ...own, output: { format: 'epochSeconds' } } }, 'number'],
        required: true,
      },
      also: context.root,
      score: 0.66,
      reasons: [reason('structure', 'The time of the change grows with each one.')],
    },
  ];
}

/** The business key is made of the partner's own id. */
export function keyDrafts(context: Context, path = 'id'): Draft[] {
  const own = path === 'id' ? 'externalId' : path.replace(/\.id$/, '.externalId');
  const drafts: Draft[] = [];
  for (const { candidate, score, reasons } of context.matches(own, context.header()).slice(0, 3)) {
    const { transforms } = transformsFor(context.field(own), candidate);
    drafts.push({
      rule: {
        target: path,
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
