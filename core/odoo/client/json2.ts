import type { NormalConfig } from './config';
import { type CallInfo, faultToError, readFault, strangeAnswer } from './errors';
import type { OdooHttp } from './http';
import type { CallOptions } from './types';

/** One way of calling Odoo. Both take named arguments and give the method's bare result. */
export interface Transport {
  call(model: string, method: string, options: CallOptions, info: CallInfo, key: string): Promise<unknown>;
}

/** `POST /json/2/<model>/<method>`, Odoo 19 and later: one call, one transaction, named arguments only. */
export class Json2Transport implements Transport {
  constructor(
    private readonly http: OdooHttp,
    private readonly config: NormalConfig,
  ) {}

  async call(
    model: string,
    method: string,
    options: CallOptions,
    info: CallInfo,
    key: string,
  ): Promise<unknown> {
    const headers = { Authorization: `bearer ${key}`, 'X-Odoo-Database': this.config.database };
    const payload = {
      ...options.args,
      ...(options.ids === undefined ? {} : { ids: options.ids }),
      ...(options.context === undefined ? {} : { context: options.context }),
    };
    const reply = await this.http.post(`/json/2/${model}/${method}`, payload, headers, info);
    if (reply.status >= 200 && reply.status < 300) return reply.body;
    const fault = readFault(reply.body, reply.status, reply.retryAfter);
    throw fault
      ? faultToError(fault, info)
      : strangeAnswer(reply.status, reply.retryAfter, this.config.database, info);
  }
}
