// The documents. Containers are data (`containers.json`), which a test compares with what the code expects: an identity that
// may only read and write data can make none of its own.

param location string
param tags object

@description('The account\'s name.')
param name string

@description('serverless: pay for each request. autoscale: pay for what was reserved, a tenth of the maximum at least.')
@allowed(['serverless', 'autoscale'])
param capacity string

@description('Request units a second that autoscale may go up to, shared by all containers; not looked at when serverless.')
@minValue(1000)
param autoscaleMaximum int

@description('How far back the account can be restored to: the last 7 days cost nothing, 30 do.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param backupTier string

param isZoneRedundant bool

@description('Disabled: only from the service\'s own network.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

param isLocked bool

var databaseName = 'keyturn'

resource account 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' = {
  // checkov:skip=CKV_AZURE_99:Restricted with private networking; otherwise it takes a role, as there are no keys.
  // checkov:skip=CKV_AZURE_101:A parameter, as above.
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    capabilities: capacity == 'serverless' ? [{ name: 'EnableServerless' }] : []
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: isZoneRedundant }]
    // What the store's adapter counts on: whoever wrote reads what it wrote.
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: backupTier } }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: publicNetworkAccess
    networkAclBypass: 'None'
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2026-03-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: { id: databaseName }
    options: capacity == 'serverless' ? {} : { autoscaleSettings: { maxThroughput: autoscaleMaximum } }
  }
}

resource containers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2026-03-15' = [
  for container in loadJsonContent('../containers.json'): {
    parent: database
    name: container.id
    properties: { resource: container }
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  scope: account
  name: 'keep-the-fleet'
  properties: { level: 'CanNotDelete', notes: 'The fleet is here: groups, machines and the audit trail.' }
}

output accountId string = account.id
output accountName string = account.name
output databaseName string = database.name
output endpoint string = account.properties.documentEndpoint
