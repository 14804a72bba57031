// Everything that Keyturn needs in Azure, in a resource group of its own: `azd up` deploys it. docs/deploy.md goes through it.
targetScope = 'subscription'

@description('The environment\'s name; its resource group and all names are made of it.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('The region: one that has Flex Consumption.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of who becomes the first administrator; azd fills in whoever deploys.')
param administratorId string = ''

@description('App id of a registration that is there already, for those who may not make one; empty makes one.')
param existingSignInAppId string = ''

@description('Who is told of alerts, separated by commas.')
param alertEmails string = ''

@description('How often the health is asked for from outside, in seconds.')
@allowed([300, 600, 900])
param healthSeconds int = 900

@description('Minutes between two takes of the fleet\'s figures; alerts look back accordingly.')
@allowed([5, 60])
param metricsMinutes int = 5

@description('Which part of all traces is recorded, from 0 to 1: rather 0.1 from ten thousand machines on, 0.01 from a hundred thousand.')
param traceRatio string = '1'

@description('The Cosmos DB account, when it is one that was restored from a backup; empty for the environment\'s own.')
param storeName string = ''

@description('How documents are paid for.')
@allowed(['serverless', 'autoscale'])
param storeCapacity string = 'serverless'

@description('With autoscale: request units a second that it may go up to.')
@minValue(1000)
param storeAutoscaleMaximum int = 1000

@description('How far back documents can be restored to.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param storeBackupTier string = 'Continuous7Days'

@description('Whether documents and instances are spread over the region\'s zones.')
param zoneRedundant bool = false

@description('How many copies of key packages there are, and where.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageRedundancy string = 'Standard_ZRS'

@description('Days in which a deleted key package can be had back; not fewer than documents can go back.')
@minValue(7)
@maxValue(365)
param deletedPackageDays int = 35

@description('Node\'s major version.')
@allowed(['22', '24'])
param runtimeVersion string = '24'

@description('Memory of an instance, in megabytes.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('How many instances there may be at once.')
@minValue(1)
@maxValue(1000)
param instancesMaximum int = 100

@description('Instances that are kept warm for HTTP.')
@minValue(0)
param instancesAlwaysReady int = 0

@description('Agents older than this cannot take part in a renewal.')
param minimumAgentVersion string = '2.23'

@description('How often a machine checks in when nothing is to be done, in seconds.')
@minValue(60)
@maxValue(43200)
param checkInSeconds int = 3600

@description('Days that telemetry is kept.')
@minValue(30)
@maxValue(730)
param telemetryDays int = 30

@description('Gigabytes of telemetry a day, at most.')
@minValue(1)
param telemetryGigabytesMaximum int = 5

@description('Whether storage, documents and vault can be reached from a network of the service\'s own alone.')
param privateNetworking bool = false

@description('With private networking: the first two numbers of the network\'s addresses.')
param networkAddressPrefix string = '10.71'

@description('Whether what holds data is locked against deletion.')
param deletionLocks bool = false

var suffix = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var publicNetworkAccess = privateNetworking ? 'Disabled' : 'Enabled'
var signInName = 'keyturn-${environmentName}-${suffix}'
var signInAppId = empty(existingSignInAppId) ? signIn!.outputs.appId : existingSignInAppId

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-keyturn-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: { location: location, tags: tags, suffix: suffix }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    retentionDays: telemetryDays
    dailyGigabytesMaximum: telemetryGigabytesMaximum
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    redundancy: storageRedundancy
    deletedBlobDays: deletedPackageDays
    publicNetworkAccess: publicNetworkAccess
    isLocked: deletionLocks
  }
}

module store 'modules/store.bicep' = {
  name: 'store'
  scope: group
  params: {
    location: location
    tags: tags
    name: empty(storeName) ? 'cosmos-keyturn-${suffix}' : storeName
    capacity: storeCapacity
    autoscaleMaximum: storeAutoscaleMaximum
    backupTier: storeBackupTier
    isZoneRedundant: zoneRedundant
    publicNetworkAccess: publicNetworkAccess
    isLocked: deletionLocks
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    publicNetworkAccess: publicNetworkAccess
    isLocked: deletionLocks
    workspaceId: monitoring.outputs.workspaceId
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.accountName
    storeName: store.outputs.accountName
    databaseName: store.outputs.databaseName
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: { location: location, tags: tags, suffix: suffix, addressPrefix: networkAddressPrefix }
}

module privateEndpoints 'modules/private-endpoints.bicep' = if (privateNetworking) {
  name: 'private-endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
    targets: [
      {
        name: 'store'
        resourceId: store.outputs.accountId
        group: 'Sql'
        zone: 'privatelink.documents.azure.com'
      }
      {
        name: 'vault'
        resourceId: vault.outputs.id
        group: 'vault'
        zone: 'privatelink.vaultcore.azure.net'
      }
      {
        name: 'blobs'
        resourceId: storage.outputs.accountId
        group: 'blob'
        zone: 'privatelink.blob.${environment().suffixes.storage}'
      }
      {
        name: 'queues'
        resourceId: storage.outputs.accountId
        group: 'queue'
        zone: 'privatelink.queue.${environment().suffixes.storage}'
      }
    ]
  }
}

module signIn 'modules/sign-in.bicep' = if (empty(existingSignInAppId)) {
  name: 'sign-in'
  scope: group
  params: { name: signInName, administratorId: administratorId }
}

module signInAddress 'modules/sign-in-address.bicep' = if (empty(existingSignInAppId)) {
  name: 'sign-in-address'
  scope: group
  params: { name: signInName, appId: signIn!.outputs.appId }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  // An app that starts before it has its rights, or finds its names, fails until it is started again.
  dependsOn: [roles, privateEndpoints]
  params: {
    location: location
    tags: tags
    suffix: suffix
    runtimeVersion: runtimeVersion
    isZoneRedundant: zoneRedundant
    instanceMemory: instanceMemory
    instancesMaximum: instancesMaximum
    instancesAlwaysReady: instancesAlwaysReady
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.accountName
    blobEndpoint: storage.outputs.blobEndpoint
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    storeEndpoint: store.outputs.endpoint
    databaseName: store.outputs.databaseName
    insightsName: monitoring.outputs.insightsName
    signInAppId: signInAppId
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    minimumAgentVersion: minimumAgentVersion
    checkInSeconds: checkInSeconds
    metricsMinutes: metricsMinutes
    traceRatio: traceRatio
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    workspaceId: monitoring.outputs.workspaceId
    insightsId: monitoring.outputs.insightsId
    storeId: store.outputs.accountId
    appUrl: app.outputs.url
    emails: alertEmails
    healthSeconds: healthSeconds
    metricsMinutes: metricsMinutes
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_API_NAME string = app.outputs.name
output KEYTURN_SERVER string = app.outputs.url
output KEYTURN_ENTRA_SCOPE string = 'api://${signInAppId}/.default'
output KEYTURN_VAULT_URI string = vault.outputs.uri
output KEYTURN_STORE_ACCOUNT string = store.outputs.accountName
output KEYTURN_STORAGE_ACCOUNT string = storage.outputs.accountName
