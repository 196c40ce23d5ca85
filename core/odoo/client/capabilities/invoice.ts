import type { Capability } from './types';

export const invoice: Capability = {
  name: 'invoice',
  purpose: 'make invoices',
  calls: {},
  access: [],
};
