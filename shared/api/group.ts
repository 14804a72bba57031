// Messages about groups.
import { z } from 'zod';
import {
  chosenIdSchema,
  descriptionSchema,
  idSchema,
  instantSchema,
  nameSchema,
  pageQuery,
  thumbprintSchema,
  versionSchema,
} from './fields.ts';

export const GROUP_STATUSES = ['NoKey', 'Active', 'Renewing', 'KeyExpired'] as const;

export const groupStatusSchema = z.enum(GROUP_STATUSES).meta({ id: 'GroupStatus' });

export const keyReferenceSchema = z
  .object({
    version: versionSchema,
    thumbprint: thumbprintSchema,
    notBefore: instantSchema,
    notAfter: instantSchema,
  })
  .meta({ id: 'KeyReference' });

/** Bounds are the domain's to check, so that one answer names them all. */
const minutesSchema = z.int().meta({ description: 'Minutes.' });

export const renewalSchema = z
  .object({
    version: versionSchema,
    reason: z.enum(['KeyNearsExpiry', 'PolicyChanged', 'OperatorRequested']),
    startsOn: instantSchema,
    endsOn: instantSchema,
    keyIssuedOn: instantSchema.nullable(),
    issuedByMachineId: z.string().nullable(),
    machinesPending: z.int(),
    machinesDelivered: z.int(),
  })
  .meta({ id: 'Renewal', description: 'An open window, [startsOn, endsOn).' });

export const groupSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    description: z.string(),
    status: groupStatusSchema,
    groupKeyValidityPeriod: minutesSchema,
    groupKeyExpiryGracePeriod: minutesSchema,
    keyCreationDate: instantSchema.nullable(),
    keyExpiryDate: instantSchema.nullable(),
    nextRenewalDate: instantSchema.nullable(),
    renewal: renewalSchema.nullable(),
    primaryKey: keyReferenceSchema.nullable(),
    secondaryKey: keyReferenceSchema.nullable(),
    passwordStale: z.boolean(),
    passwordChangedDate: instantSchema.nullable(),
    passwordChangedBy: z.string().nullable(),
    machineCount: z.int(),
    machinesByStatus: z
      .object({ Default: z.int(), PendingNewKey: z.int(), KeyExpired: z.int() })
      .meta({ description: 'Members by key delivery status.' }),
    createdDate: instantSchema,
  })
  .meta({ id: 'Group' });
export type GroupView = z.infer<typeof groupSchema>;

export const createGroupBody = z.strictObject({
  id: chosenIdSchema,
  name: nameSchema,
  description: descriptionSchema.default(''),
  groupKeyValidityPeriod: minutesSchema.optional(),
  groupKeyExpiryGracePeriod: minutesSchema.optional(),
});

export const updateGroupBody = z
  .strictObject({
    name: nameSchema.optional(),
    description: descriptionSchema.optional(),
    groupKeyValidityPeriod: minutesSchema.optional(),
    groupKeyExpiryGracePeriod: minutesSchema.optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'must change something');

export const listGroupsQuery = z.strictObject({ ...pageQuery, status: groupStatusSchema.optional() });
