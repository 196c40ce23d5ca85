import type { Capability } from './types';

/** What every connection does: who am I, in which company, and until when. */
export const connection: Capability = {
  name: 'connection',
  purpose: 'log in',
  calls: {
    'res.company': ['read', 'search_read'],
    'res.users': ['context_get', 'read'],
    'res.users.apikeys': ['search_read'],
  },
  access: [],
};
