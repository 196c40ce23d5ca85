/** What a gateway offers, as its flows are configured: what both descriptions (OpenAPI, AsyncAPI) are written from. */
import type { ContractLife } from '../lifecycle';
import type { JsonSchema } from '../schema-tree';

export interface DescribedContract {
  readonly contract: string;
  readonly version: string;
  readonly schema: JsonSchema;
  readonly life: ContractLife;
}

/** One HTTP address that takes messages in. */
export interface DescribedEndpoint {
  /** The node's id. */
  readonly id: string;
  readonly name: string;
  /** Full path, with a leading slash. */
  readonly path: string;
  readonly signature: 'none' | 'shopify' | 'woocommerce';
  readonly maxBytes: number;
  readonly contract?: DescribedContract;
  /** Messages that break the contract are refused (422) instead of being taken in and parked. */
  readonly refuses: boolean;
}

/** One broker; without credentials. */
export interface DescribedServer {
  readonly id: string;
  readonly name: string;
  readonly protocol: 'mqtt' | 'mqtts' | 'amqp' | 'amqps' | 'local';
  /** Host and port; a placeholder where the address is kept in an environment variable. */
  readonly host: string;
  readonly exchange?: string;
}

/** One place where events leave or come in. */
export interface DescribedEvents {
  /** The node's id. */
  readonly id: string;
  readonly name: string;
  /** What the gateway does. */
  readonly action: 'send' | 'receive';
  readonly server: string;
  /** The channel's prefix, as MQTT writes it; empty on a local channel. */
  readonly prefix: string;
  /** Below the prefix: an address with {parameters}, or a filter with + and #. */
  readonly address: string;
  readonly eventType?: string;
  readonly contract?: DescribedContract;
  readonly retained?: boolean;
  readonly format: 'cloudevents' | 'plain';
}

export interface Described {
  readonly title: string;
  /** Of the description, for example the package's. */
  readonly version: string;
  readonly endpoints: readonly DescribedEndpoint[];
  readonly servers: readonly DescribedServer[];
  readonly events: readonly DescribedEvents[];
}
