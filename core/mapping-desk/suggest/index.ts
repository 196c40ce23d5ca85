export { confidenceOf } from './calibration';
export { learn, type Memory, NO_MEMORY } from './memory';
export { accepted, type SuggestOptions, suggest } from './suggest';
