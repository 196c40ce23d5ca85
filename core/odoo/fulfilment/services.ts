/** What all operations of deliveries share: connection, names, options with their defaults. */
import type { RetryPolicy } from '../client/retry';
import type { OdooClient } from '../client/types';
import { KeyedLoader } from '../load/keyed-load';
import { type ReadContext, stockFields } from './read';
import type { FulfilmentOptions } from './types';
import { Units } from './units';

type Plain = Omit<FulfilmentOptions, 'raceRetry' | 'quarantine' | 'scrap'>;

export type Settings = { readonly [Name in keyof Plain]-?: NonNullable<Plain[Name]> } & {
  readonly raceRetry: RetryPolicy;
  readonly quarantine: string | undefined;
  readonly scrap: string | undefined;
};

export interface Services extends ReadContext {
  readonly options: Settings;
  readonly loader: KeyedLoader;
}

const RACE_RETRY: RetryPolicy = { attempts: 5, baseMs: 150, maxMs: 2_000 };

export function settingsOf(client: OdooClient, options: FulfilmentOptions): Settings {
  return {
    excess: options.excess ?? 'hold',
    shortStock: options.shortStock ?? 'allow',
    unknownLots: options.unknownLots ?? 'hold',
    missingLots: options.missingLots ?? 'hold',
    rest: options.rest ?? 'backorder',
    earlierSteps: options.earlierSteps ?? 'refuse',
    quarantine: options.quarantine,
    scrap: options.scrap,
    channel: options.channel ?? 'odoo',
    account: options.account ?? client.database,
    namespace: options.namespace ?? 'crossdock',
    tenant: options.tenant ?? '',
    raceRetry: options.raceRetry ?? RACE_RETRY,
  };
}

/** Parts that outlive one message. */
export class Shared {
  readonly options: Settings;
  readonly loader: KeyedLoader;
  private readonly units: Units;

  constructor(
    readonly client: OdooClient,
    options: FulfilmentOptions,
  ) {
    this.options = settingsOf(client, options);
    this.units = new Units(client);
    this.loader = new KeyedLoader(client, {
      namespace: this.options.namespace,
      raceRetry: this.options.raceRetry,
    });
  }

  /** Asked per message: fields are remembered, and an app that was installed meanwhile is noticed. */
  async services(): Promise<Services> {
    const { client, options, loader, units } = this;
    return {
      client,
      options,
      loader,
      units,
      namespace: options.namespace,
      fields: await stockFields(client),
    };
  }
}
