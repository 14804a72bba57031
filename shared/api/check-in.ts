// Messages between the service and machines: joining, check-ins, keys and proofs.
import { z } from 'zod';
import {
  agentVersionSchema,
  base64Schema,
  challengeSchema,
  compactSchema,
  idSchema,
  instantSchema,
  keyDeliveryStatusSchema,
  nameSchema,
  thumbprintSchema,
  versionSchema,
} from './fields.ts';
import { groupStatusSchema, keyReferenceSchema } from './group.ts';

/** `aud` of every machine token; its claim `group` binds it to one group, whose id no other deployment has. */
export const MACHINE_TOKEN_AUDIENCE = 'keyturn';

const coordinateSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const identityKeySchema = z
  .strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinateSchema, y: coordinateSchema })
  .meta({ description: 'The public half of the machine’s own ES256 key (RFC 7517).' });

export const joinBody = z.strictObject({
  machineId: idSchema,
  name: nameSchema,
  agentVersion: agentVersionSchema,
  identityKey: identityKeySchema,
  enrollmentToken: z.string().max(300),
});

const heldKeySchema = z.strictObject({ version: versionSchema, thumbprint: thumbprintSchema });

export const checkInBody = z.strictObject({
  agentVersion: agentVersionSchema,
  keys: z
    .array(heldKeySchema)
    .max(20)
    .meta({ description: 'The group keys whose private halves the agent holds.' }),
  rejoin: z
    .boolean()
    .default(false)
    .meta({ description: 'A person has given the agent the group password, to rejoin with.' }),
});

export const actionSchema = z
  .discriminatedUnion('action', [
    z.object({
      action: z.literal('issueKey'),
      version: versionSchema,
      challenge: challengeSchema,
      notBefore: instantSchema,
      notAfter: instantSchema,
      leaseExpiresOn: instantSchema,
    }),
    z.object({
      action: z.literal('fetchKey'),
      version: versionSchema,
      thumbprint: thumbprintSchema,
      opensWith: z.enum(['password', 'outgoingKey']),
      challenge: challengeSchema,
    }),
    z.object({ action: z.literal('retireKey'), version: versionSchema }),
    z.object({ action: z.literal('rejoin') }),
    z.object({ action: z.literal('updateAgent'), minimumVersion: agentVersionSchema }),
    z.object({ action: z.literal('wait') }),
  ])
  .meta({ id: 'CheckInAction' });
export type CheckInAction = z.infer<typeof actionSchema>;

/** An agent does what it understands: actions that a later service may add are left out, not stumbled over. */
const actionsSchema = z.preprocess(
  (actions) => (Array.isArray(actions) ? actions.filter(isKnownAction) : actions),
  z.array(actionSchema),
);

function isKnownAction(value: unknown): boolean {
  const { action } = (value ?? {}) as { action?: unknown };
  return actionSchema.options.some((option) => option.shape.action.value === action);
}

export const checkInAnswerSchema = z
  .object({
    machineId: idSchema,
    groupId: idSchema,
    keyDeliveryStatus: keyDeliveryStatusSchema.nullable().meta({ description: 'Null while joining.' }),
    keyVersion: versionSchema.nullable(),
    group: z.object({
      name: z.string(),
      status: groupStatusSchema,
      primaryKey: keyReferenceSchema.nullable(),
      secondaryKey: keyReferenceSchema.nullable(),
      renewal: z
        .object({ version: versionSchema, startsOn: instantSchema, endsOn: instantSchema })
        .nullable(),
      passwordStale: z.boolean(),
      passwordRevision: z.int(),
    }),
    policy: z.string().meta({ description: 'The name of the rule that decided.' }),
    reason: z.string(),
    actions: actionsSchema,
    nextCheckIn: z.object({ afterSeconds: z.int().min(1).max(604_800) }),
  })
  .meta({ id: 'CheckInAnswer' });
export type CheckInAnswer = z.infer<typeof checkInAnswerSchema>;

export const issueKeyBody = z.strictObject({
  version: versionSchema,
  certificate: base64Schema.meta({ description: 'base64 of the DER.' }),
  package: base64Schema.meta({ description: 'base64 of the PKCS#12.' }),
  passwordWrap: compactSchema.optional().meta({ description: 'With version 1, and only then.' }),
  certificateWrap: compactSchema.optional().meta({ description: 'With every later version.' }),
  endorsement: compactSchema.optional().meta({ description: 'With every later version.' }),
  proof: compactSchema,
});

export const keyPackageSchema = z
  .object({
    version: versionSchema,
    thumbprint: thumbprintSchema,
    certificate: z.string(),
    package: z.string(),
    packageDigest: z.string(),
    passwordWrap: z.string().nullable(),
    certificateWrap: z.string().nullable(),
    endorsement: z.string().nullable(),
  })
  .meta({ id: 'KeyPackage' });
export type KeyPackageView = z.infer<typeof keyPackageSchema>;

export const proofBody = z.strictObject({ version: versionSchema, proof: compactSchema });

export const proofAnswerSchema = z.object({
  keyDeliveryStatus: keyDeliveryStatusSchema,
  keyVersion: versionSchema,
});

export const passwordBody = z.strictObject({
  revision: z
    .int()
    .min(2)
    .max(1_000_000)
    .meta({ description: 'One more than the group’s present passwordRevision.' }),
  passwordWrap: compactSchema,
  authorization: compactSchema.meta({
    description: 'JWS by the group key over group, machine, version, revision and wrap.',
  }),
});

export const passwordAnswerSchema = z.object({
  passwordRevision: z.int(),
  passwordChangedDate: instantSchema,
});
