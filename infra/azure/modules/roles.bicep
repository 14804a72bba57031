// What the app's identity may do: each right by itself, with its reason, and no more than that. docs/deploy.md has them as a
// table, and a test compares the two.

param principalId string
param storageName string
param storeName string
param vaultName string
param insightsName string

@description('The database that the rights over documents are limited to.')
param databaseName string

// Built-in roles have the same id in every tenant.
var blobDataOwner = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')
var queueDataContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '974c5e8b-45b9-4653-ba55-5f855dd0fb88')
var secretsOfficer = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7')
var metricsPublisher = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')

resource storage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = { name: storageName }
resource store 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' existing = { name: storeName }
resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = { name: vaultName }
resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

resource storageBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, principalId, blobDataOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: blobDataOwner
    description: 'The Functions host makes containers for its leases, and reads the deployed code; the app keeps key packages.'
  }
}

resource storageQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, principalId, queueDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: queueDataContributor
    description: 'Work that failed is put off into a queue and taken up again; dead letters are counted and put back.'
  }
}

resource vaultSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, principalId, secretsOfficer)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsOfficer
    description: 'For the release that keeps key packages here as secrets, and puts, reads and deletes them; this one calls no vault.'
  }
}

resource insightsMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, metricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: metricsPublisher
    description: 'Traces, metrics and logs are sent by identity: keys for sending are switched off.'
  }
}

// What the store does with documents, and nothing else that the built-in data contributor may. Procedures are here for
// transactional batches, which Microsoft's lists for its other APIs count among them; this role can make none of its own.
resource documentKeeper 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions@2026-03-15' = {
  parent: store
  name: guid(store.id, 'keyturn-documents')
  properties: {
    roleName: 'Keyturn documents'
    type: 'CustomRole'
    assignableScopes: ['${store.id}/dbs/${databaseName}']
    permissions: [
      {
        dataActions: [
          'Microsoft.DocumentDB/databaseAccounts/readMetadata'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeStoredProcedure'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/readChangeFeed'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/replace'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/upsert'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/delete'
        ]
      }
    ]
  }
}

// Documents are read, written, queried and followed. For the database and not for single containers: the change feed's
// processor reads the database's own properties before it starts.
resource storeDocuments 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2026-03-15' = {
  parent: store
  name: guid(store.id, principalId, documentKeeper.id)
  properties: {
    principalId: principalId
    roleDefinitionId: documentKeeper.id
    scope: '${store.id}/dbs/${databaseName}'
  }
}
