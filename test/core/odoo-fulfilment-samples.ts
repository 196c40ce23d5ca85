import type { Shipment } from '../../core/canonical';

/** Two lines in two packages, one with a lot, one with serial numbers. */
export function shipment(): Shipment {
  return {
    schemaVersion: '1.0',
    channel: 'shop',
    account: 'acme.example',
    shipmentId: 'D-1',
    kind: '351',
    orderRefs: [{ id: 'shop:acme.example:1', orderNumber: '#1' }],
    shippedAt: '2026-11-25T10:00:00Z',
    lines: [
      { lineId: '1', item: { identifiers: [{ scheme: 'sku', value: 'A' }] }, unit: 'C62', quantity: '3' },
      { lineId: '2', item: { identifiers: [{ scheme: 'sku', value: 'B' }] }, unit: 'C62', quantity: '2' },
    ],
    packages: [
      { packageId: 'P1', contents: [{ lineId: '1', quantity: '3', lot: 'L1' }] },
      { packageId: 'P2', contents: [{ lineId: '2', quantity: '2', serials: ['S1', 'S2'] }] },
    ],
    status: 'pickedUp',
    milestones: [],
    notes: [],
    provenance: {
      system: 'test',
      partnerId: 'acme',
      externalId: 'D-1',
      receivedAt: '2026-11-25T10:00:01Z',
      mappingVersion: '1',
    },
  };
}
