// The function app, on Flex Consumption. No setting is a secret: everything is reached as the app's identity.

param location string
param tags object
param suffix string

@description('Node\'s major version, as the plan names it.')
param runtimeVersion string

@description('Memory of an instance, in megabytes.')
@allowed([512, 2048, 4096])
param instanceMemory int

@description('How many instances there may be at once.')
@minValue(1)
@maxValue(1000)
param instancesMaximum int

@description('Instances for HTTP that are kept warm, and paid for, even when there is nothing to do.')
@minValue(0)
param instancesAlwaysReady int

param identityId string
param identityClientId string
param storageName string
param blobEndpoint string
param deploymentContainerUrl string
param storeEndpoint string
param databaseName string
param insightsName string
param signInAppId string

param isZoneRedundant bool

@description('The subnet that the app calls out through; empty for none.')
param subnetId string

@description('Agents older than this cannot take part in a renewal.')
param minimumAgentVersion string

@description('How often a machine checks in when nothing is to be done, in seconds.')
@minValue(60)
@maxValue(43200)
param checkInSeconds int

@description('Minutes between two takes of the fleet\'s figures.')
@allowed([5, 60])
param metricsMinutes int

@description('Which part of all traces is recorded, from 0 to 1.')
param traceRatio string

var metricsSchedules = { '5': '0 */5 * * * *', '60': '0 0 * * * *' }

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225:Zones are a parameter, as not every region has them.
  name: 'plan-keyturn-${suffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: isZoneRedundant }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_222:Machines call from anywhere; each call is signed.
  // checkov:skip=CKV_AZURE_17:Machines sign each call with keys of their own; people bring tokens of Entra ID.
  // checkov:skip=CKV_AZURE_212:Flex Consumption has no instances to count; instancesAlwaysReady keeps some warm.
  // checkov:skip=CKV_AZURE_78:Flex Consumption refuses ftpsState; nobody can sign in by FTP, as its passwords are switched off below.
  // checkov:skip=CKV_AZURE_213:The health page tells of renewals, not of an instance: restarting one would mend nothing.
  name: 'func-keyturn-${suffix}'
  location: location
  // azd finds by this tag where to deploy to.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    // Machines come from anywhere and sign each call; what is private is what the app itself calls.
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'node', version: runtimeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: instancesMaximum
        // As many as host.json lets run at once: check-ins wait for the store, not for the processor.
        triggers: { http: { perInstanceConcurrency: 100 } }
        alwaysReady: instancesAlwaysReady == 0 ? [] : [{ name: 'http', instanceCount: instancesAlwaysReady }]
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      appSettings: [
        { name: 'AzureWebJobsStorage__accountName', value: storageName }
        { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
        { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
        { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights.properties.ConnectionString }
        { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'Authorization=AAD;ClientId=${identityClientId}' }
        { name: 'COSMOS__accountEndpoint', value: storeEndpoint }
        { name: 'COSMOS__credential', value: 'managedidentity' }
        { name: 'COSMOS__clientId', value: identityClientId }
        { name: 'COSMOS_DATABASE', value: databaseName }
        { name: 'KEYTURN_STORE', value: 'cosmos' }
        { name: 'KEYTURN_VAULT', value: 'blobs' }
        { name: 'KEYTURN_VAULT_BLOBS__blobServiceUri', value: blobEndpoint }
        { name: 'KEYTURN_VAULT_BLOBS__credential', value: 'managedidentity' }
        { name: 'KEYTURN_VAULT_BLOBS__clientId', value: identityClientId }
        { name: 'KEYTURN_PEOPLE', value: 'entra' }
        { name: 'KEYTURN_ENTRA_TENANT', value: tenant().tenantId }
        { name: 'KEYTURN_ENTRA_AUDIENCE', value: signInAppId }
        { name: 'KEYTURN_ENTRA_AUTHORITY', value: environment().authentication.loginEndpoint }
        { name: 'KEYTURN_MINIMUM_AGENT_VERSION', value: minimumAgentVersion }
        { name: 'KEYTURN_CHECK_IN_SECONDS', value: string(checkInSeconds) }
        { name: 'RENEWAL_SCAN_SCHEDULE', value: '0 */5 * * * *' }
        { name: 'FLEET_METRICS_SCHEDULE', value: metricsSchedules[string(metricsMinutes)] }
        // The host decides, and the service follows it: a trace is recorded whole or not at all.
        { name: 'OTEL_TRACES_SAMPLER', value: 'microsoft.fixed_percentage' }
        { name: 'OTEL_TRACES_SAMPLER_ARG', value: traceRatio }
      ]
      cors: { allowedOrigins: [], supportCredentials: false }
    }
  }
}

// Passwords for publishing are switched off: whoever deploys has signed in.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource noDeploymentPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
