// The Functions host's own account, which also holds the deployed code, key packages and put-off work. Reached by identity
// alone: there are no keys to leak.

param location string
param tags object
param suffix string

@description('How many copies there are, and where.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param redundancy string

@description('Days in which a deleted or overwritten blob can be had back.')
@minValue(1)
@maxValue(365)
param deletedBlobDays int

@description('Disabled: only from the service\'s own network.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

param isLocked bool

var names = loadJsonContent('../storage-names.json')

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  // checkov:skip=CKV_AZURE_35:Denied with private networking; otherwise it takes a role, as there are no keys.
  // checkov:skip=CKV_AZURE_206:Copies are a parameter; another region's matter to those who keep documents there as well.
  // checkov:skip=CKV_AZURE_43:The name is made when it is deployed: "st" and thirteen small letters and digits.
  name: 'st${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicNetworkAccess
    networkAcls: { bypass: 'None', defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny' }
  }
}

// Soft delete keeps what is overwritten as well, and lets go of it by itself. Versions would not: a retired key's package
// would stay until somebody thought of it.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: deletedBlobDays }
    containerDeleteRetentionPolicy: { enabled: true, days: deletedBlobDays }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = [
  for name in [names.deploymentContainer, names.packageContainer]: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' = [
  for name in names.queues: {
    parent: queueService
    name: name
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  scope: account
  name: 'keep-key-packages'
  properties: { level: 'CanNotDelete', notes: 'Whoever joins needs the packages: without them, wait for the next renewal.' }
}

output accountId string = account.id
output accountName string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output deploymentContainerUrl string = '${account.properties.primaryEndpoints.blob}${names.deploymentContainer}'
