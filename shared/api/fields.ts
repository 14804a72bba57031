// The fields that several messages share, with their forms and bounds.
import { z } from 'zod';
import { isAgentVersion } from '../domain/agent-version.ts';
import { parseInstant } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import { KEY_DELIVERY_STATUSES, KEY_DELIVERY_STATUS_NUMBERS } from '../domain/machine.ts';

export const instantSchema = z
  .string()
  .refine(
    (text): text is Instant => parseInstant(text) !== null,
    'must be a UTC instant like 2026-11-22T00:00:00Z',
  )
  .meta({
    id: 'Instant',
    format: 'date-time',
    description: 'UTC, whole seconds.',
    example: '2026-11-22T00:00:00Z',
  });

export const idSchema = z.uuid().meta({ description: 'A UUID in lower case.' }).lowercase();

/** Names are for people: any text of one line. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters');

export const descriptionSchema = z.string().trim().max(1000);

export const agentVersionSchema = z
  .string()
  .max(40)
  .refine(isAgentVersion, 'must be numbers separated by dots, like 2.23 or 3.0.0')
  .meta({ example: '3.0.0' });

export const keyDeliveryStatusSchema = z.enum(KEY_DELIVERY_STATUSES).meta({
  id: 'KeyDeliveryStatus',
  description:
    'Default: up to date. PendingNewKey: to get the new key in the open window. KeyExpired: missed it.',
});

/** As a filter, a status may be given by its name or by its number. */
export const keyDeliveryStatusFilterSchema = z
  .string()
  .transform((text, context) => {
    const match = KEY_DELIVERY_STATUSES.find(
      (name) =>
        name.toLowerCase() === text.toLowerCase() || String(KEY_DELIVERY_STATUS_NUMBERS[name]) === text,
    );
    if (match) return match;
    context.addIssue({ code: 'custom', message: 'must be Default (1), PendingNewKey (2) or KeyExpired (3)' });
    return z.NEVER;
  })
  .meta({
    type: 'string',
    description: 'By name or number: Default (1), PendingNewKey (2), KeyExpired (3).',
  });

export const versionSchema = z.int().min(1).max(9999);

export const thumbprintSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, 'must be a base64url SHA-256')
  .meta({ description: 'base64url SHA-256 of the DER certificate (x5t#S256).' });

/** Compact JWS or JWE. */
export const compactSchema = z
  .string()
  .max(8192)
  .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){2,4}$/, 'must be a compact JWS or JWE');

export const base64Schema = z.base64().max(24_000);

export const challengeSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a base64url 256-bit value');

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;

/** Query of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT),
  cursor: z.string().min(1).max(2000).optional().meta({ description: 'From the page before.' }),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    cursor: z.string().nullable().meta({ description: 'Where the next page begins; null at the end.' }),
  });
}
