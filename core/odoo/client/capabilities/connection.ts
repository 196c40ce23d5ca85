import type { Capability } from './types';

/** What every connection does: who am I, and in which company. */
export const connection: Capability = {
  name: 'connection',
  purpose: 'log in',
  calls: {
    'res.company': ['read'],
    'res.users': ['context_get', 'read'],
  },
  access: [],
};
