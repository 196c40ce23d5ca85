import { type Case, fn, part, request, USE_SETTLE } from './parts';

export const NETWORK: readonly Case[] = [
  {
    node: 'http request',
    when: 'any answer, also 4xx and 5xx',
    outcome: 'done',
    remark:
      'Look at `msg.statusCode`: in spite of its label, *only send non-2xx responses to Catch node* does not catch these.',
    seen: 2,
    flow: ({ httpUrl }) => [
      part('http request', 'n', request(`${httpUrl}/ok`), ['rec', 'wrong']),
      part('http request', 'wrong', request(`${httpUrl}/wrong`), ['rec']),
    ],
  },
  {
    node: 'http request',
    when: 'nobody is there',
    outcome: 'again',
    remark: 'It sends the message on as well, unless *only send non-2xx responses to Catch node* is ticked.',
    seen: 1,
    flow: ({ deadPort }) => [part('http request', 'n', request(`http://127.0.0.1:${deadPort}/`), ['rec'])],
  },
  {
    node: 'http request',
    when: 'no answer in time',
    outcome: 'again',
    seen: 0,
    flow: ({ httpUrl }) => [
      fn('n', 'msg.requestTimeout = 300; return msg;', ['ask']),
      part('http request', 'ask', request(`${httpUrl}/never`, { senderr: true }), ['rec']),
    ],
  },
  {
    node: 'http response',
    when: 'the message came through no http in',
    outcome: 'done',
    seen: 0,
    flow: () => [part('http response', 'n')],
  },
  {
    node: 'tcp request',
    when: 'the answer comes',
    outcome: 'early',
    remark: `It counts as done once the question is written. ${USE_SETTLE}`,
    seen: 1,
    flow: ({ tcpPort }) => [
      part(
        'tcp request',
        'n',
        { server: '127.0.0.1', port: String(tcpPort), out: 'time', splitc: '800', ret: 'string' },
        ['rec'],
      ),
    ],
  },
  {
    node: 'tcp request',
    when: 'nobody answers',
    outcome: 'failed',
    seen: 0,
    flow: ({ deadPort }) => [
      part(
        'tcp request',
        'n',
        { server: '127.0.0.1', port: String(deadPort), out: 'time', splitc: '0', ret: 'string' },
        ['rec'],
      ),
    ],
  },
  {
    node: 'tcp out',
    when: 'connects out and ends the connection after each message',
    outcome: 'done',
    seen: 0,
    flow: ({ tcpPort }) => [
      fn('n', 'msg.payload = "hello"; return msg;', ['out']),
      part('tcp out', 'out', { host: '127.0.0.1', port: String(tcpPort), beserver: 'client', end: true }),
    ],
  },
  {
    node: 'udp out',
    when: 'always',
    outcome: 'done',
    seen: 0,
    flow: ({ deadPort }) => [
      fn('n', 'msg.payload = Buffer.from("hello"); return msg;', ['out']),
      part('udp out', 'out', {
        addr: '127.0.0.1',
        iface: '',
        port: String(deadPort),
        ipv: 'udp4',
        outport: '',
        multicast: 'false',
      }),
    ],
  },
  {
    node: 'mqtt out',
    when: 'the broker is away',
    outcome: 'lease',
    remark: 'It drops what it cannot send, without a word. Use event out.',
    seen: 0,
    flow: ({ deadPort }) => [
      part('mqtt out', 'n', { topic: 'a', qos: '1', broker: 'broker' }),
      {
        id: 'broker',
        type: 'mqtt-broker',
        broker: '127.0.0.1',
        port: String(deadPort),
        autoConnect: true,
        protocolVersion: '4',
        keepalive: '60',
        cleansession: true,
      },
    ],
  },
];
