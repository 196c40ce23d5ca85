/** What the cases are made of: flows behind a source, in few words. */
import type { FlowNode } from '../flow';

/**
 * - `done`: when all its work is done, and not before;
 * - `failed`: with its error (kept as dead where it will not be tried again);
 * - `again`: failed, and delivered again by the schedule;
 * - `parked`: a dead letter holds it;
 * - `early`: as done, though work of it goes on;
 * - `lease`: nobody can tell: it is delivered again when its time in the flow is over.
 */
export type Outcome = 'done' | 'failed' | 'again' | 'parked' | 'early' | 'lease';

/** What a case may need beside Node-RED. */
export interface Surroundings {
  /** An HTTP server: /ok answers after a while, /wrong the same with 500, /never not at all. */
  readonly httpUrl: string;
  /** A TCP server that answers after a while. */
  readonly tcpPort: number;
  /** Nobody listens here. */
  readonly deadPort: number;
  /** A folder with `lines.txt` (three lines). */
  readonly folder: string;
}

export interface Case {
  /** As the palette names it. */
  readonly node: string;
  readonly when: string;
  /** Of each message that is sent, in their order. */
  readonly outcome: Outcome | readonly Outcome[];
  readonly remark?: string;
  /** Messages that reach the recorder `rec` when all is over. */
  readonly seen: number;
  /** The first Node-RED that knows it; 4.1 when left out. */
  readonly since?: 5;
  /** One message's work is all messages' (they were joined). */
  readonly shared?: true;
  /** The message is sent on although it has failed. */
  readonly sendsOn?: true;
  /** The flow behind the source, which is wired to `n`; ids count within the case. */
  flow(around: Surroundings): FlowNode[];
}

export const part = (type: string, id: string, config: object = {}, ...wires: string[][]): FlowNode => ({
  id,
  type,
  x: 100,
  y: 100,
  wires,
  ...config,
});
export const fn = (id: string, func: string, ...wires: string[][]): FlowNode =>
  part('function', id, { func, outputs: wires.length }, ...wires);
export const set = (id: string, value: unknown, ...wires: string[][]): FlowNode =>
  part(
    'change',
    id,
    { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: JSON.stringify(value), tot: 'json' }] },
    ...wires,
  );
/** Half a second of work, so that an end that comes too early is seen to. */
export const SLOW = 'setTimeout(() => { node.send(msg); node.done(); }, 500);';
export const slow = (id = 'slow', to = 'rec'): FlowNode => fn(id, SLOW, [to]);
/** A node between the source and slow work. */
export const before = (type: string, config: object = {}): FlowNode[] => [
  part(type, 'n', config, ['slow']),
  slow(),
];
/** The same, where the node is to get something else than the source's body. */
export const given = (value: unknown, type: string, config: object = {}): FlowNode[] => [
  set('n', value, ['it']),
  part(type, 'it', config, ['slow']),
  slow(),
];
export const caught = (scope: string[], to: string, config: object = {}): FlowNode =>
  part('catch', 'catch', { scope, ...config }, [to]);
export const twice = ['done', 'done'] as const;
export const rule = (value: string): object => ({ t: 'eq', v: value, vt: 'str' });
export const switchOn = (rules: object[], more: object = {}): object => ({
  property: 'payload.kind',
  propertyType: 'msg',
  rules,
  checkall: 'true',
  outputs: rules.length,
  ...more,
});
export const delayed = (config: object): object => ({
  timeout: '500',
  timeoutUnits: 'milliseconds',
  rate: '2',
  nbRateUnits: '1',
  rateUnits: 'second',
  randomFirst: '400',
  randomLast: '500',
  randomUnits: 'milliseconds',
  outputs: 1,
  ...config,
});
export const triggered = (config: object): object => ({
  op1: 'first',
  op1type: 'str',
  op2: 'second',
  op2type: 'str',
  duration: '600',
  units: 'ms',
  extend: false,
  bytopic: 'all',
  outputs: 1,
  ...config,
});
export const request = (url: string, config: object = {}): object => ({
  method: 'GET',
  ret: 'txt',
  url,
  ...config,
});
export const auto = { mode: 'auto', build: 'object', property: 'payload', propertyType: 'msg' };
/** A subflow of one inner node (local id `sub`), and its instance `n` before slow work. */
export const subflow = (inner: FlowNode, ...more: FlowNode[]): FlowNode[] => [
  {
    id: 'sub',
    type: 'subflow',
    name: 'sub',
    in: [{ x: 1, y: 1, wires: [{ id: inner.id }] }],
    out: [{ x: 9, y: 1, wires: [{ id: inner.id, port: 0 }] }],
  },
  { ...inner, z: 'sub' },
  { id: 'n', type: 'subflow:sub', x: 1, y: 1, wires: [['slow']] },
  slow(),
  ...more,
];

export const SWALLOWED = 'A message that the node drops by its settings is done: dropping it was the work.';
export const NO_CATCH = 'With or without a Catch node. To handle the error and end well, use a settle node.';
export const HELD = 'Held until its group is complete, which may be never.';
export const USE_SETTLE = 'Set *done when* to explicit, and end it with a settle node.';
