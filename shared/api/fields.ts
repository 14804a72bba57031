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

export const idSchema = z.uuid().lowercase().meta({ format: 'uuid', description: 'A UUID in lower case.' });

/** Whoever creates something may choose its id, and so repeat a call whose answer was lost: nothing is created twice. */
export const chosenIdSchema = idSchema.optional().meta({
  description:
    'Chosen by the caller, so that a repeated call creates nothing twice: it is refused with IdTaken. The service’s choice by default.',
});

/** Names are for people: one line that can be seen. What would reorder or hide text is refused. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(
    /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]*$/u,
    'must be one line of visible characters',
  );

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

/** A whole number in a path or a query, in plain digits. */
export function digitsSchema(minimum: number, maximum: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum))
    .meta({ type: 'integer', minimum, maximum });
}

/** Query of every list. */
export const pageQuery = {
  limit: digitsSchema(1, PAGE_MAX).default(PAGE_DEFAULT),
  cursor: z.string().min(1).max(2000).optional().meta({ description: 'From the page before.' }),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    cursor: z.string().nullable().meta({ description: 'Where the next page begins; null at the end.' }),
  });
}
