// Key Vault, for the packages of group keys. What is deleted can be had back for ninety days, and nobody can cut that short.

param location string
param tags object
param suffix string

@description('Disabled: only from the service\'s own network.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

param isLocked bool

@description('The Log Analytics workspace that is told of every call.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  // checkov:skip=CKV_AZURE_109:Denied with private networking; otherwise it takes a role.
  // checkov:skip=CKV_AZURE_189:A parameter, as above.
  name: 'kv-${suffix}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: publicNetworkAccess
    networkAcls: { bypass: 'None', defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny' }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  scope: vault
  name: 'keep-key-packages'
  properties: { level: 'CanNotDelete', notes: 'Whoever joins needs the packages: without them, wait for the next renewal.' }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
