/** Odoo's times: UTC, to the second, `2026-11-27 10:00:00`. They sort as texts. */
import type { OdooClient } from '../client/types';

/** Before every record. */
export const BEGINNING = '1970-01-01 00:00:00';

export function addSeconds(time: string, seconds: number): string {
  const at = Date.parse(`${time.replace(' ', 'T')}Z`) + seconds * 1000;
  return new Date(Math.max(0, at)).toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * Odoo's clock, as its last answer showed it. Only ever used with generous margins: the times that decide are those in
 * the records, which are the database's.
 */
export function odooNow(client: Pick<OdooClient, 'clockOffsetMs'>): string {
  const at = Date.now() + (client.clockOffsetMs() ?? 0);
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

export function earlier(one: string, other: string): string {
  return one < other ? one : other;
}

export function later(one: string, other: string): string {
  return one > other ? one : other;
}
