import type { Capability } from './types';

export const fulfilment: Capability = {
  name: 'fulfilment',
  purpose: 'ship and return',
  calls: {},
  access: [],
};
