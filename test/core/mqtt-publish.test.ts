import assert from 'node:assert/strict';
import type { MqttMessage } from '../../core/channel/mqtt-binding';
import { PublishBatch, type PublishPacket } from '../../core/channel/mqtt-publish';

/** Reads PUBLISH packets of QoS 1 by the letter of the specification (MQTT 5, 3.3). */
function read(bytes: Buffer, version: 4 | 5) {
  let at = 0;
  const byte = (): number => bytes.readUInt8(at++);
  const uint16 = (): number => (byte() << 8) | byte();
  const varint = (): number => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const part = byte();
      value += (part & 0x7f) << shift;
      if (part < 0x80) return value;
    }
  };
  const text = (): string => {
    const length = uint16();
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const found = [];
  while (at < bytes.length) {
    const header = byte();
    const end = varint() + at;
    const topic = text();
    const id = uint16();
    const properties: [string, ...unknown[]][] = [];
    if (version === 5) {
      const last = varint() + at;
      while (at < last) {
        const property = byte();
        if (property === 0x01) properties.push(['format', byte()]);
        else if (property === 0x02) properties.push(['expiry', uint16() * 65_536 + uint16()]);
        else if (property === 0x03) properties.push(['type', text()]);
        else if (property === 0x26) properties.push(['user', text(), text()]);
        else assert.fail(`property ${property}`);
      }
      assert.equal(at, last, 'the properties end where they say');
    }
    found.push({ header, topic, id, properties, payload: bytes.toString('utf8', at, end) });
    at = end;
  }
  assert.equal(at, bytes.length, 'the last packet ends with the bytes');
  return found;
}

function packet(id: number, message: MqttMessage, changes: Partial<PublishPacket> = {}): PublishPacket {
  return { version: 5, id, topic: `dist/${id}`, message, retain: false, ...changes };
}

describe('MQTT publishing: packets as bytes', () => {
  it('writes all that a message may have, of any length and script', () => {
    const batch = new PublishBatch();
    const long = 'ä'.repeat(20_000);
    const properties = {
      contentType: 'application/json',
      payloadFormatIndicator: true,
      messageExpiryInterval: 4_000_000_000,
      userProperties: { subject: 'Größe-€-😀', short: 'a', list: ['one', 'two'], long },
    };
    batch.add(
      packet(1, { payload: Buffer.from('{"ü":1}'), properties }, { topic: 'dist/größe', retain: true }),
    );
    batch.add(packet(65_535, { payload: Buffer.alloc(0) }));
    const [first, second, ...more] = read(batch.take(), 5);
    assert.deepEqual(first, {
      header: 0x33,
      topic: 'dist/größe',
      id: 1,
      properties: [
        ['format', 1],
        ['expiry', 4_000_000_000],
        ['type', 'application/json'],
        ['user', 'subject', 'Größe-€-😀'],
        ['user', 'short', 'a'],
        ['user', 'list', 'one'],
        ['user', 'list', 'two'],
        ['user', 'long', long],
      ],
      payload: '{"ü":1}',
    });
    assert.deepEqual(second, { header: 0x32, topic: 'dist/65535', id: 65_535, properties: [], payload: '' });
    assert.deepEqual(more, []);
  });

  it('has no properties over MQTT 3.1.1', () => {
    const batch = new PublishBatch();
    batch.add(
      packet(7, { payload: Buffer.from('x'), properties: { contentType: 'text/plain' } }, { version: 4 }),
    );
    assert.deepEqual(read(batch.take(), 4), [
      { header: 0x32, topic: 'dist/7', id: 7, properties: [], payload: 'x' },
    ]);
  });

  for (const size of [0, 100, 113, 114, 16_366, 16_367, 70_000, 2_097_135, 2_097_136]) {
    it(`says the right length of a payload of ${size} bytes`, () => {
      const batch = new PublishBatch();
      batch.add(packet(1, { payload: Buffer.alloc(size, 'x') }));
      batch.add(packet(2, { payload: Buffer.from('next') }));
      const [first, second] = read(batch.take(), 5);
      assert.equal(first?.payload.length, size);
      assert.equal(second?.payload, 'next');
    });
  }

  it('leaves out what is longer than the broker takes, to the byte', () => {
    const batch = new PublishBatch();
    const large = packet(1, { payload: Buffer.alloc(100) });
    batch.add(large);
    const { length } = batch.take();
    assert.equal(batch.add(large, length - 1), false);
    assert.equal(batch.length, 0, 'nothing of it is left in the batch');
    assert.equal(batch.add(large, length), true);
  });

  it('does not touch what it has handed out', () => {
    const batch = new PublishBatch();
    const taken = Array.from({ length: 300 }, (_, index) => {
      batch.add(packet(index + 1, { payload: Buffer.alloc(700, `${index % 10}`) }));
      return batch.take();
    });
    for (const [index, bytes] of taken.entries()) {
      const [only] = read(bytes, 5);
      assert.equal(only?.id, index + 1);
      assert.equal(only?.payload, `${index % 10}`.repeat(700));
    }
  });
});
