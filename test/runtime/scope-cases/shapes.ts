import { type Case, fn, part, SLOW, slow, subflow, switchOn } from './parts';

export const SHAPES: readonly Case[] = [
  {
    node: 'subflow',
    when: 'always',
    outcome: 'done',
    seen: 1,
    flow: () => subflow(fn('inner', 'return msg;', [])),
  },
  {
    node: 'subflow',
    when: 'with slow work inside',
    outcome: 'done',
    seen: 1,
    flow: () => subflow(fn('inner', SLOW, [])),
  },
  {
    node: 'subflow',
    when: 'an error inside',
    outcome: 'failed',
    seen: 0,
    flow: () => subflow(fn('inner', 'throw new Error("broken");', [])),
  },
  {
    node: '(wire)',
    when: 'to nothing, or to a disabled node',
    outcome: 'done',
    seen: 0,
    flow: () => [fn('n', 'return msg;', ['off']), part('debug', 'off', { d: true })],
  },
  {
    node: '(wire)',
    when: 'to three nodes, one of them slow',
    outcome: 'done',
    seen: 3,
    flow: () => [
      part('junction', 'n', {}, ['slow', 'fast1', 'fast2']),
      slow(),
      fn('fast1', 'return msg;', ['rec']),
      fn('fast2', 'return msg;', ['rec']),
    ],
  },
  {
    node: '(wire)',
    when: 'to several nodes, one of them fails',
    outcome: 'failed',
    remark: 'The branches that did well run again when the message is delivered again.',
    seen: 1,
    flow: () => [
      part('junction', 'n', {}, ['slow', 'bad']),
      slow(),
      fn('bad', 'throw new Error("broken");', ['rec']),
    ],
  },
  {
    node: '(any)',
    when: 'its configuration is wrong, so that it takes no messages',
    outcome: 'again',
    seen: 0,
    flow: () => [
      part('switch', 'n', switchOn([{ t: 'jsonata_exp', v: 'payload.(', vt: 'jsonata' }]), ['rec']),
    ],
  },
  {
    node: '(wire)',
    when: 'in a loop that ends',
    outcome: 'done',
    seen: 1,
    flow: () => [
      fn(
        'n',
        'msg.round = (msg.round || 0) + 1; return msg.round > 5 ? [null, msg] : [msg, null];',
        ['n'],
        ['slow'],
      ),
      slow(),
    ],
  },
];
