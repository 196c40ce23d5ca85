export {
  AXES,
  AXIS_NAMES,
  type Axis,
  type AxisModel,
  type AxisStates,
  isFinal,
  isState,
  statesOf,
} from './axes';
export { lineFulfilment, orderFulfilment, type WarehouseFacts } from './fulfilment';
export { type Merged, mergeMilestones, shipmentState } from './milestones';
export {
  PARTNER_SYSTEMS,
  type PartnerSystem,
  stateOfWord,
  type WordTable,
  wordTables,
} from './partner-words';
export { type Transition, type TransitionHistory, transition } from './transition';
