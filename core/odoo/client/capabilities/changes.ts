import type { Capability } from './types';

export const changes: Capability = {
  name: 'changes',
  purpose: 'notice changes',
  calls: {},
  access: [],
};
