export { seedDemoCompany, seedOdoo } from './seed';
export { type OdooStandIn, type OdooStandInOptions, startOdooStandIn } from './server';
