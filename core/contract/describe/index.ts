export { asyncApi } from './asyncapi';
export { openApi } from './openapi';
export type {
  Described,
  DescribedContract,
  DescribedEndpoint,
  DescribedEvents,
  DescribedServer,
} from './types';
